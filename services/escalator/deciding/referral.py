"""A lapse is referred: first to the ledger of the unit, which counts repeats; the ledger opens the
accountability case.

Invariant: pursued is the unit that does not report or reports late. One whose report was in time has done its
duty, whoever picks up the telephone: where nobody on the chain did, the unit whose roster stayed silent answers.
What many units owed of one case together (`refers: together`) is one list, of which the organ says who answers for it.
One referral for each unit, rule and cause of a decision, with all whom the same failure concerned; an
exercise refers nothing, and so does what another unit says of one that has said nothing itself.
What our own failure excuses is referred by a person or not at all (excuses.py).
"""

from typing import Any

from msgspec.structs import asdict, replace

from services.escalator.deciding.draft import Draft
from shared.case import Duty, Lapse, Lit
from shared.facts import EffectKind, Excuse, Harm, LapseCause, Reason, Referred
from shared.ids import CaseId, UnitId
from shared.standing import standing_case
from shared.vocabulary import Kind


def refer(draft: Draft, duty: Duty, late_by: float | None, *, intent: bool = False) -> None:
    """Send the lapse of `duty` to the ledger of whoever answers for it."""
    lapse, report = duty.lapse, draft.case.report
    if lapse is None or report.exercise:
        return
    unit = lapse.unit or answerable(draft, duty, lapse.cause)
    if report.witness and unit == report.unit and lapse.cause is not LapseCause.OMITTED:
        draft.on(
            duty, EffectKind.NOTED, Reason.ON_A_WITNESS_ALONE_NOBODY_ANSWERS, rule=draft.plan_of(duty).limit
        )
        return
    if _is_in_one_already(draft, duty, lapse, unit):
        return
    harm = Harm.model_validate(asdict(draft.case.harm_now))
    _send(
        draft,
        duty,
        lapse,
        unit,
        Reason.LAPSE_REFERRED,
        harm=harm if harm != Harm() else None,
        late_by_seconds=late_by,
        excuses=lapse.excuses,
        intent=intent,
    )
    draft.note(
        EffectKind.REFERRED,
        lapse.cause,
        duty=duty.id,
        duty_rule=duty.rule,
        task=duty.task,
        person=duty.bearer,
        unit=unit,
        rule=draft.plan_of(duty).limit,
    )


def _is_in_one_already(draft: Draft, duty: Duty, lapse: Lapse, unit: UnitId) -> bool:
    """The same failure was referred by this decision: that referral names whom this duty was owed to as well."""
    same = (standing_case("ledger", unit), duty.rule, lapse.cause.value)
    for place, sent in enumerate(draft.sends):
        if (sent.case, sent.data.get("rule"), sent.data.get("cause")) == same:
            owed_to = dict.fromkeys([*sent.data.get("owed_to", ()), *duty.posts])
            draft.sends[place] = replace(sent, data={**sent.data, "owed_to": [*owed_to]})
            return True
    return False


def take_back(draft: Draft, duty: Duty, report: CaseId) -> None:
    """What was referred is taken off the ledger again: `report` was in time."""
    lapse = duty.lapse
    if lapse is None or draft.case.report.exercise:
        return
    unit = lapse.unit or answerable(draft, duty, lapse.cause)
    _send(
        draft,
        duty,
        lapse,
        unit,
        Reason.SUSPICION_WITHDRAWN,
        excuses=(*lapse.excuses, Excuse.REPORT_FOUND),
        found=report,
    )


def _send(draft: Draft, duty: Duty, lapse: Lapse, unit: UnitId, why: Reason, **more: Any) -> None:
    """To the unit's ledger."""
    referred = Referred(
        case=draft.case.id,
        duty=duty.id,
        rule=duty.rule,
        title=draft.plan_of(duty).title.zh,
        about=draft.case.report.summary,
        owed_to=duty.posts,
        unit=unit,
        limit=lapse.at,
        found_at=lapse.found_at,
        cause=lapse.cause.value,
        level=draft.case.level,
        **more,
    )
    data = referred.model_dump(mode="json", exclude_none=True)
    draft.send(Kind.REFERRED, standing_case("ledger", unit), data, why, duty=duty.id, unit=unit)


def refer_or_say_why_not(draft: Draft, duty: Duty, late_by: float | None) -> None:
    """As `refer`, but for a report that nobody answered: only those answer for that who were called."""
    plan = draft.plan_of(duty)
    unanswered = duty.lapse is not None and duty.lapse.cause is LapseCause.NOT_ACKNOWLEDGED
    if unanswered and plan.is_settled_by_stand_in and plan.chain and not _called_of_the_chain(duty):
        draft.on(duty, EffectKind.NOTED, Reason.NOT_REFERRED_NOBODY_WAS_ASKED_TO_STAND_IN, rule=plan.limit)
    else:
        refer(draft, duty, late_by)


def listed_lapses(draft: Draft) -> list[Duty]:
    """Those of which the organ has not said yet whether anybody answers for them."""
    return [duty for duty in draft.duties.values() if duty.lapse is not None and duty.lapse.awaits_the_organ]


def answerable(draft: Draft, duty: Duty, cause: LapseCause) -> UnitId:
    """A report that came late, and work that was not done, is the unit's that owed it. A report that nobody
    answered is the unit's whose duty roster it is: of the last post of the chain that a call has reached;
    without a stand-in who could have settled it, of the person whom it was owed to.
    """
    plan, directory = draft.plan_of(duty), draft.directory
    if cause is not LapseCause.NOT_ACKNOWLEDGED or not plan.by_recipient:
        return duty.owed_by
    if plan.is_settled_by_stand_in:
        for lit in reversed(_called_of_the_chain(duty)):
            if lit.post in directory.posts_by_id:
                return directory.posts_by_id[lit.post].unit
    bearer = directory.people_by_id.get(duty.bearer)
    return bearer.unit if bearer is not None else duty.owed_by


def _called_of_the_chain(duty: Duty) -> list[Lit]:
    return [lit for lit in duty.lit if lit.person != duty.bearer and lit.is_reached]
