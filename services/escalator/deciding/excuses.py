"""What speaks for whoever let a limit pass, as the record has it.

Invariant: our own failure is never a person's lapse to answer for. Where we were away at the limit, had
handed over no call, or could not be reached when the unit tried, the lapse says so and is not referred by
itself; a person may refer it all the same. What a client claims of its tries counts only where our own record
says that intake was away then.
"""

from datetime import datetime

from services.escalator.deciding.draft import Draft
from shared.case import Duty, DutyTerms
from shared.facts import EffectKind, Excuse, LapseCause, Outage, Reason
from shared.facts.authors import Author


def weigh_for(draft: Draft, duty: Duty, cause: LapseCause) -> tuple[tuple[Excuse, ...], Outage | None]:
    """Every excuse there is, and the outage of ours where that is one."""
    if cause is LapseCause.REPORTED_LATE:
        return _of_a_late_report(draft, duty)
    outage = draft.outage_at(duty.due_at)
    excuses = [Excuse.SYSTEM_AWAY] if outage is not None else []
    excuses += _of_the_calls(duty, draft.plan_of(duty))
    if duty.taken_by is not None:
        excuses.append(Excuse.STOOD_IN)
    if draft.case.transfer is not None and duty.task is None:
        excuses.append(Excuse.TRANSFER_PENDING)
    if duty.snoozes:
        excuses.append(Excuse.SNOOZED)
    if any(call.contested_at is not None and duty.id in call.duties for call in draft.case.calls):
        excuses.append(Excuse.CALL_CONTESTED)
    return tuple(excuses), outage


def _of_the_calls(duty: Duty, plan: DutyTerms) -> list[Excuse]:
    """Whoever was to be called and was not; a duty that rings nobody by itself is no excuse. Where a stand-in
    could have settled it, those of the chain were to answer.
    """
    called = [lit for lit in duty.lit if lit.person == duty.bearer and lit.channels]
    if plan.is_settled_by_stand_in:
        called = [lit for lit in duty.lit if lit.person != duty.bearer and lit.channels] or called
    if not called or any(lit.is_reached for lit in called):
        return []
    has_failed = all(set(lit.channels) <= set(lit.failed) for lit in called)
    return [Excuse.NOTHING_DELIVERED, *([Excuse.EVERY_CHANNEL_FAILED] if has_failed else [])]


def _of_a_late_report(draft: Draft, duty: Duty) -> tuple[tuple[Excuse, ...], Outage | None]:
    """It takes intake to hand one in, and nobody else: the unit owes it without being called."""
    outage = draft.outage_at(duty.due_at, only=Author.INTAKE)
    if outage is not None:
        return (Excuse.SYSTEM_AWAY,), outage
    tries = [at for at in draft.case.report.tried_at if at <= duty.due_at]
    outage = next(
        (away for at in tries if (away := draft.outage_at(at, only=Author.INTAKE)) is not None), None
    )
    if outage is not None:
        return (Excuse.INTAKE_UNREACHABLE,), outage
    if tries:
        draft.on(
            duty,
            EffectKind.NOTED,
            Reason.TRIES_NOT_CONFIRMED,
            due_at=max(tries),
            rule=draft.plan_of(duty).limit,
        )
    return (), None


def lateness(duty: Duty, now: datetime) -> float:
    """Seconds from the limit to when it was done, or to `now` where it is not done yet: a person's, whenever
    a clock has struck.
    """
    return round(((duty.discharged_at or now) - duty.due_at).total_seconds(), 3)
