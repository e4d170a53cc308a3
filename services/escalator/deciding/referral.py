"""A lapse is referred: first to the ledger of the unit, which counts repeats; the ledger opens the
accountability case.

Invariant: one referral for each unit, rule and cause of a decision, however many people the same failure
concerned; an exercise refers nothing, and so does what another unit says of one that has said nothing itself.
What our own failure excuses is referred by a person or not at all (excuses.py).
"""

from msgspec.structs import asdict

from services.escalator.deciding.draft import Draft
from shared.case import Duty
from shared.facts import EffectKind, Harm, LapseCause, Reason, Referred
from shared.ids import UnitId
from shared.standing import standing_case
from shared.vocabulary import Kind


def refer(draft: Draft, duty: Duty, late_by: float | None, *, intent: bool = False) -> None:
    """Send the lapse of `duty` to the ledger of whoever answers for it."""
    lapse, report = duty.lapse, draft.case.report
    if lapse is None or report.exercise:
        return
    unit = answerable(draft, duty)
    if report.witness and unit == report.unit and lapse.cause is not LapseCause.OMITTED:
        draft.on(
            duty, EffectKind.NOTED, Reason.ON_A_WITNESS_ALONE_NOBODY_ANSWERS, rule=draft.plan_of(duty).limit
        )
        return
    case = standing_case("ledger", unit)
    same = (case, duty.rule, lapse.cause.value)
    if any((sent.case, sent.data.get("rule"), sent.data.get("cause")) == same for sent in draft.sends):
        return
    harm = Harm.model_validate(asdict(draft.case.harm_now))
    referred = Referred(
        case=draft.case.id,
        duty=duty.id,
        rule=duty.rule,
        unit=unit,
        limit=lapse.at,
        found_at=lapse.found_at,
        cause=lapse.cause.value,
        level=draft.case.level,
        harm=harm if harm != Harm() else None,
        late_by_seconds=late_by,
        excuses=lapse.excuses,
        intent=intent,
    )
    draft.send(
        Kind.REFERRED,
        case,
        referred.model_dump(mode="json", exclude_none=True),
        Reason.LAPSE_REFERRED,
        duty=duty.id,
        unit=unit,
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


def answerable(draft: Draft, duty: Duty) -> UnitId:
    """A report that came late is its unit's; one that nobody answered is the unit's of whoever stayed
    dark.
    """
    if duty.lapse is not None and duty.lapse.cause is LapseCause.NOT_ACKNOWLEDGED:
        bearer = draft.directory.people_by_id.get(duty.bearer)
        if bearer is not None:
            return bearer.unit
    return duty.owed_by
