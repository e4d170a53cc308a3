"""The life of a duty: it is done, in time or late; its limit passes; it ends with a reason; its limit moves.

Invariant: on or before the limit is in time; a lapse is written once and never taken back, whatever becomes
of the duty; an answer discharges exactly what it is an answer to. States move by the table in states.py and
by nothing else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from services.escalator.deciding import roll_call, states
from services.escalator.deciding.briefing import person_name
from services.escalator.deciding.draft import Draft, Event, Why
from services.escalator.deciding.excuses import weigh_for
from services.escalator.deciding.exercises import was_told_to_nobody
from services.escalator.deciding.lighting import record_taken, with_lit
from services.escalator.deciding.parties import bearer_of
from services.escalator.deciding.referral import answerable, refer_or_say_why_not
from services.escalator.deciding.suspicion import is_checked, suspect
from shared.case import Duty, DutyState, DutyTerms, Lapse, Overdue, Reminder, Slip, Suspicion
from shared.facts import Actor, EffectKind, Excuse, LapseCause, Outage, Purpose, Reason, spelled
from shared.ids import DutyId, PersonId
from shared.territory import speaks_for, unit_of

JUST_AFTER = timedelta(milliseconds=1)
"""The clock of a limit strikes this much after it: on the limit itself an act is still in time."""
NOBODY_ACTS = "system"
STOOD_IN = "stood_in"
"""How a duty was done that a contact of the chain took who had answered in this case before."""
NOTHING_TO_COME: dict[str, Any] = {
    "next_link_at": None,
    "nag_at": None,
    "snoozed_until": None,
    "paused_at": None,
    "paused_until": None,
    "reminders": (),
    "overdue": (),
}
"""What a duty that has ended no longer has ahead of it."""
_DONE = {
    (True, False): Reason.ACKNOWLEDGED_IN_TIME,
    (True, True): Reason.ACKNOWLEDGED_LATE,
    (False, False): Reason.DONE_IN_TIME,
    (False, True): Reason.DONE_LATE,
}
"""By whether it was owed to its recipient, and whether it came late."""
_SETTLED = {False: Reason.SETTLED_BY_A_STAND_IN, True: Reason.SETTLED_BY_A_STAND_IN_LATE}
HANDING_OVER = frozenset({"transferred", "bounced"})
"""What is owed on these is an answer to one transfer, of the case or of one task."""


def lapse_if_past(
    draft: Draft, acted_at: datetime, cause: LapseCause | None = None, among: Sequence[DutyId] | None = None
) -> None:
    """Every open duty (of all, or of these) whose limit lies before `acted_at` has lapsed, and stays owed.

    A paused clock does not run out.
    """
    for duty in list(draft.duties.values()) if among is None else [draft.duties[one] for one in among]:
        if duty.state is not DutyState.OPEN or acted_at <= duty.due_at or duty.paused_at is not None:
            continue
        if draft.plan_of(duty).is_roll_call:
            cancel(draft, duty, Reason.NO_ANSWER_TO_THE_ROLL_CALL)
            roll_call.end(draft)
        elif was_told_to_nobody(draft, duty):
            cancel(draft, duty, Reason.NOT_AGREED_TO_EXERCISES)
        elif not is_checked(draft, duty):
            lapse(draft, duty, acted_at, cause)
        elif suspect(draft, duty):
            cancel(draft, duty, Reason.SUSPECTED_AND_TO_BE_JUDGED)


def confirm_omission(draft: Draft, duty: Duty, suspicion: Suspicion) -> Duty:
    """A person has judged: what was suspected is a lapse, with what spoke for the unit at its limit."""
    return lapse(
        draft,
        duty,
        draft.now,
        excused=(tuple(map(Excuse, suspicion.excuses)), suspicion.outage),
        move="confirm",
    )


def lapse(
    draft: Draft,
    duty: Duty,
    acted_at: datetime,
    cause: LapseCause | None = None,
    *,
    excused: tuple[tuple[Excuse, ...], Outage | None] | None = None,
    move: str = "lapse",
) -> Duty:
    plan = draft.plan_of(duty)
    why = cause if cause is not None and plan.by_recipient else plan.cause
    excuses, outage = excused or weigh_for(draft, duty, why)
    unit = answerable(draft, duty, why)
    written = Lapse(
        at=duty.due_at,
        found_at=draft.now,
        cause=why,
        stood_in=duty.taken_by,
        excuses=excuses,
        outage=outage,
        unit=unit,
    )
    if plan.refers_together and not written.is_ours and not draft.case.report.exercise:
        written = replace(written, listed=True)
    duty = draft.put(
        duty,
        state=states.move(states.DUTY, duty.state, move),
        cancelled_why=None,
        lapse=written,
        slip=Slip.RED if _has_slip(duty) else None,
        nag_at=duty.due_at + plan.nag if plan.nag is not None else None,
    )
    # How late a clock strikes is the machine's; a person is late by what they did, and only a late report has
    # been done by now.
    late_by = round((acted_at - duty.due_at).total_seconds(), 3) if why is LapseCause.REPORTED_LATE else None
    draft.on(
        duty,
        EffectKind.LAPSED,
        Reason.LIMIT_PASSED,
        unit=unit,
        due_at=duty.due_at,
        late_by_seconds=late_by,
        cause=why,
        stood_in=duty.taken_by,
        excuses=excuses,
        outage=outage,
        rule=plan.limit,
    )
    if duty.slip is Slip.RED:
        colour(draft, duty, Slip.RED)
    draft.happened(f"lapsed.{duty.rule}", max(duty.due_at, duty.opened_at), task=duty.task, follows=True)
    if plan.refers and written.is_ours:
        draft.on(duty, EffectKind.NOTED, Reason.NOT_REFERRED_THE_FAILURE_WAS_OURS, rule=plan.limit)
    elif written.listed:
        draft.on(duty, EffectKind.NOTED, Reason.ON_THE_LIST_OF_THE_ORGAN, unit=unit, rule=plan.limit)
        draft.happened("listed", follows=True)
    elif plan.refers:
        refer_or_say_why_not(draft, duty, late_by)
    return duty


def _has_slip(duty: Duty) -> bool:
    return duty.slip is not None or any(reminder.slip is not None for reminder in duty.reminders)


def colour(draft: Draft, duty: Duty, slip: Slip) -> Duty:
    """The slip turns blue, yellow or red."""
    duty = draft.put(duty, slip=slip)
    draft.on(duty, EffectKind.SLIPPED, slip, due_at=duty.due_at, rule=draft.plan_of(duty).remind_rule)
    _colour_task(draft, duty, slip)
    return duty


def _colour_task(draft: Draft, duty: Duty, slip: Slip) -> None:
    if duty.task is not None and duty.task in draft.tasks:
        draft.put_task(draft.tasks[duty.task], slip=slip)


def discharge(
    draft: Draft,
    duty: Duty,
    via: str,
    by: str,
    at: datetime | None = None,
    *,
    stood_in: PersonId | None = None,
) -> Duty:
    """It is done. `at`: when, where that is not now (a report that stood in the trail before it was
    found). `stood_in`: who answered for the one who was not reached.
    """
    done_at = at or draft.now
    if duty.paused_at is not None:
        duty = resume(draft, duty, max(done_at, duty.paused_at), Reason.DONE_WHILE_PAUSED)
    plan = draft.plan_of(duty)
    late = duty.state is DutyState.LAPSED
    if duty.paused_at is not None and not late:
        stood = max(done_at - duty.paused_at, timedelta(0))
        duty = move_limit(
            draft, duty, duty.due_at + stood, Reason.DONE_WHILE_PAUSED, granted=duty.granted + stood
        )
    duty = draft.put(
        duty,
        state=states.move(states.DUTY, duty.state, "discharge"),
        discharged_at=done_at,
        discharged_via=via,
        discharged_by=by,
        **NOTHING_TO_COME,
    )
    late_by = round((done_at - duty.due_at).total_seconds(), 3) if late else None
    why = _DONE[plan.by_recipient, late] if stood_in is None else _SETTLED[late]
    draft.on(
        duty,
        EffectKind.DISCHARGED,
        why,
        unit=duty.lapse.unit if duty.lapse is not None else None,
        due_at=duty.due_at,
        late_by_seconds=late_by,
        stood_in=stood_in,
        via=via,
        note=via,
    )
    draft.happened(f"discharged.{duty.rule}", done_at, task=duty.task, follows=True)
    return duty


def cancel(draft: Draft, duty: Duty, why: Why) -> Duty:
    """It ends with a reason; a lapse that is on record stays there."""
    duty = draft.put(
        duty,
        state=states.move(states.DUTY, duty.state, "cancel"),
        cancelled_why=why,
        **NOTHING_TO_COME,
    )
    draft.on(duty, EffectKind.CANCELLED, why)
    return duty


def cancel_owed(draft: Draft, why: Why, spare: Callable[[DutyTerms], bool] = lambda _: False) -> None:
    for duty in draft.owed():
        if not spare(draft.plan_of(duty)):
            cancel(draft, duty, why)


def answer(draft: Draft, person: PersonId, via: str, by: str) -> tuple[DutyId, ...]:
    """`person` knows: what is owed to them as a report is discharged; where they were lit for somebody else,
    the chain stops, and a duty to report is settled unless the policy keeps it open.

    Returns the duties that were discharged or whose chain was stopped by it.
    """
    means = "logged_call" if via == "logged_call" else "acknowledged"
    touched, answered = False, list[DutyId]()
    for duty in list(draft.duties.values()):
        lit = None
        for one in duty.lit:
            if one.person == person and one.answered_at is None:
                lit = one
                break
        if lit is not None:
            duty = with_lit(draft, duty, replace(lit, answered_at=draft.now))  # noqa: PLW2901 - the duty as it now is
        elif duty.bearer != person:
            continue
        if not duty.is_owed:
            if lit is not None and duty.bearer == person and duty.taken_by is not None:
                draft.on(duty, EffectKind.NOTED, Reason.KNOWS_TOO, rule=draft.plan_of(duty).limit)
                touched = True
            continue
        plan = draft.plan_of(duty)
        theirs = duty.bearer == person or (plan.any_answers and lit is not None and lit.post in duty.posts)
        if theirs and means in plan.discharged_by:
            discharge(draft, duty, via, by)
            answered.append(duty.id)
            touched = True
        elif plan.by_recipient and (
            theirs or (plan.is_settled_by_stand_in and lit is not None and means not in plan.discharged_by)
        ):
            draft.on(
                duty, EffectKind.NOTED, Reason(f"{means}_discharges_nothing_by_this_policy"), rule=plan.limit
            )
            touched = True
        elif theirs and lit is not None:
            # They know what they owe: nobody further is lit; the duty itself is done by doing it.
            draft.put(duty, next_link_at=None)
            draft.on(duty, EffectKind.NOTED, Reason.KNOWS_AND_STILL_OWES, person=person, rule=plan.limit)
            touched = True
        elif lit is not None:
            record_taken(draft, duty, person, Reason.ANSWERED_FOR_THE_ONE_WHO_IS_DARK)
            answered.append(duty.id)
            touched = True
    settle_taken(draft, via, by)
    if not touched:
        is_acknowledged = any(
            duty.bearer == person or any(lit.person == person for lit in duty.lit)
            for duty in draft.duties.values()
        )
        draft.note(
            EffectKind.NOTED,
            Reason.ALREADY_ACKNOWLEDGED if is_acknowledged else Reason.OWED_NOTHING,
            person=person,
        )
    return tuple(answered)


def settle_taken(draft: Draft, via: str = STOOD_IN, by: str | None = None) -> None:
    """Whoever of the chain has answered has taken the report: the unit has done its duty. The person whom it
    was owed to was not reached, and is told.
    """
    for duty in draft.owed():
        stand_in = duty.taken_by
        if stand_in is None or not draft.plan_of(duty).is_settled_by_stand_in:
            continue
        duty = discharge(draft, duty, via, by or stand_in, stood_in=stand_in)  # noqa: PLW2901 - the duty as it now is
        person, post = bearer_of(draft, duty)
        draft.call(
            person,
            post,
            Purpose.INFORM,
            Reason.SETTLED_BY_A_STAND_IN,
            duty,
            stood_in=person_name(draft.directory, stand_in),
            unable=person.name if _has_passed(duty, person.id) else None,
        )


def _has_passed(duty: Duty, person: str) -> bool:
    """They answered that they can't: nobody says that they could not be reached."""
    return any(lit.person == person and lit.passed_at is not None for lit in duty.lit)


def done_by(draft: Draft, event: Event) -> None:
    """Whatever the act `event` is the doing of is discharged, where whoever acted may act for the unit that
    owes it.
    """
    names = _names(event)
    hit = {
        rule
        for rule, plan in draft.plans.items()
        if not plan.by_recipient and not names.isdisjoint(plan.discharged_by)
    }
    if not hit:
        return
    for duty in draft.owed():
        if duty.rule not in hit:
            continue
        if duty.task != event.task and (
            duty.task is not None or not HANDING_OVER.isdisjoint(draft.plan_of(duty).on)
        ):
            continue
        actor = event.actor
        if actor is not None and not _may_do_it(draft, actor, duty):
            draft.on(duty, EffectKind.NOTED, Reason.OWED_BY_ANOTHER_UNIT, note=event.name)
            continue
        discharge(draft, duty, event.name, actor.principal if actor else NOBODY_ACTS, event.at)


def _may_do_it(draft: Draft, actor: Actor, duty: Duty) -> bool:
    return actor.who == duty.bearer or speaks_for(
        draft.directory, unit_of(actor, draft.directory), duty.owed_by
    )


def ended_by(draft: Draft, event: Event) -> None:
    """What the policy says ends with `event` (`until`) is no longer owed."""
    wanted = _names(event)
    hit = {rule for rule, plan in draft.plans.items() if not wanted.isdisjoint(plan.until)}
    if not hit:
        return
    for duty in draft.owed():
        if duty.rule in hit and (duty.task is None or event.task in (None, duty.task)):
            cancel(draft, duty, spelled(Reason.ENDED_BY, event.name))


def _names(event: Event) -> set[str]:
    """`filed` in the policy means any document, `filed.final_report` that one."""
    return {event.name, event.name.partition(".")[0]}


def move_limit(draft: Draft, duty: Duty, due_at: datetime, why: Why, **more: Any) -> Duty:
    """The limit is another one from now on; a lapse that is on record stays, and so does the first limit."""
    if due_at == duty.due_at:
        return duty
    shift = due_at - duty.due_at
    was = duty.due_at
    duty = draft.put(
        duty,
        due_at=due_at,
        first_due_at=duty.first_due_at or was,
        overdue=tuple(Overdue(at=one.at + shift, tell=one.tell) for one in duty.overdue),
        **more,
    )
    draft.on(duty, EffectKind.MOVED, why, due_at=due_at, was=was, rule=draft.plan_of(duty).limit)
    task = draft.tasks.get(duty.task) if duty.task is not None else None
    rule = draft.policy.rule_named(duty.rule, draft.sort)
    if task is not None and task.due_at == was and rule is not None and rule.given:
        # The duty's limit is the task's own.
        draft.put_task(task, due_at=due_at, first_due_at=task.first_due_at or was)
    return duty


def shifted(reminders: tuple[Reminder, ...], by: timedelta) -> tuple[Reminder, ...]:
    return tuple(Reminder(at=one.at + by, slip=one.slip) for one in reminders)


def resume(draft: Draft, duty: Duty, at: datetime, why: Why) -> Duty:
    """The clock goes on from `at`: everything still ahead moves by as long as it stood still."""
    assert duty.paused_at is not None
    stood = at - duty.paused_at
    duty = draft.put(duty, paused_at=None, paused_until=None, reminders=shifted(duty.reminders, stood))
    if duty.next_link_at is not None:
        duty = draft.put(duty, next_link_at=duty.next_link_at + stood)
    if duty.nag_at is not None:
        duty = draft.put(duty, nag_at=duty.nag_at + stood)
    if duty.snoozed_until is not None:
        duty = draft.put(duty, snoozed_until=duty.snoozed_until + stood)
    if duty.state is DutyState.OPEN:
        duty = move_limit(draft, duty, duty.due_at + stood, why, granted=duty.granted + stood)
    else:
        duty = draft.put(duty, overdue=tuple(replace(one, at=one.at + stood) for one in duty.overdue))
    draft.on(duty, EffectKind.RESUMED, why, due_at=duty.due_at)
    return duty
