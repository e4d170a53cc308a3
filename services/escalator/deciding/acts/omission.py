"""Suspected omission 漏报: an outside source knows what no unit has reported. The unit answers, a person confirms or
refutes it (DOMAIN row 29).

Invariant: the suspicion names its witness and its reasons; it becomes a lapse only when a person confirms it. What
was in time after all, or is refuted, is on record and leaves nothing against the unit.
"""

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import cancel, confirm_omission, discharge, lapse_if_past
from services.escalator.deciding.excuses import lateness
from services.escalator.deciding.parties import competence
from services.escalator.deciding.referral import listed_lapses, refer
from services.escalator.deciding.suspicion import clear, tell_the_unit, withdraw
from shared.case import Duty, DutyState, Suspicion
from shared.facts import Actor, CaseAct, EffectKind, LapseCause, Matched, Reason, SuspicionState, spelled
from shared.ids import DutyId


def begin(draft: Draft) -> None:
    """From now on it is watched whether the competent unit reports it too; where the policy has it owe that."""
    if not draft.policy.rules_on("reported.outside", draft.sort):
        return
    report, competent = draft.case.report, competence(draft)
    if competent is None:
        suspicion = Suspicion(unit=report.unit, why=Reason.NAMED_BY_THE_WITNESS, source=report.source)
    else:
        suspicion = Suspicion(
            unit=competent.unit.id, why=competent.why, area=competent.area, source=report.source
        )
    draft.change(suspicion=suspicion)
    draft.happened("reported.outside", draft.case.starts_at)


def match(draft: Draft, matched: Matched) -> None:
    """The cross-check found a unit's own report of the same event."""
    suspicion = draft.case.suspicion
    if suspicion is None:
        draft.note(EffectKind.NOTED, Reason.NOTHING_SUSPECTED_HERE, case=matched.report)
        return
    was_found = suspicion.matched is not None and (suspicion.matched_score or 0) >= matched.score
    if was_found and not _clears(draft, suspicion, matched):
        draft.note(EffectKind.NOTED, Reason.MATCHED_ALREADY, case=matched.report)
        return
    words = "; ".join(f"{reason.aspect} {reason.alike:.2f}: {reason.words}" for reason in matched.why)
    draft.change(suspicion=replace(suspicion, matched=matched.report, matched_score=matched.score))
    draft.note(
        EffectKind.MATCHED,
        Reason.REPORT_FOUND_BY_HAND if matched.by_hand else spelled(Reason.ALIKE, f"{matched.score:.2f}"),
        case=matched.report,
        unit=matched.unit,
        likeness=None if matched.by_hand else matched.score,
        note=words,
    )
    draft.happened("matched")
    for duty_id in [duty.id for duty in checks(draft)]:
        reported = min(max(matched.reported_at, draft.duties[duty_id].opened_at), draft.now)
        # The clock of a limit that the report missed may strike after it was found.
        lapse_if_past(draft, reported, among=[duty_id])
        duty = draft.duties[duty_id]
        if suspicion.confirmed and duty.lapse is not None and reported <= duty.due_at:
            duty = clear(draft, duty, matched.report)
            if duty.is_owed:
                cancel(draft, duty, Reason.SUSPICION_WITHDRAWN)
        elif duty.is_owed:
            discharge(draft, duty, "matched", f"case:{matched.report}", reported)
        elif duty.state is DutyState.CANCELLED and reported <= duty.due_at:
            withdraw(draft, duty, matched.report)
    limits = [duty.due_at for duty in checks(draft)]
    if suspicion.confirmed and limits and matched.reported_at <= max(limits):
        draft.note(
            EffectKind.NOTED, Reason.FOUND_AFTER_THE_JUDGEMENT, unit=suspicion.unit, case=matched.report
        )


def _clears(draft: Draft, suspicion: Suspicion, matched: Matched) -> bool:
    """Something is held against the unit, and this report was in time, however alike another was that was not."""
    is_held = suspicion.suspected_at is not None and suspicion.withdrawn_at is None
    return is_held and any(matched.reported_at <= duty.due_at for duty in checks(draft))


def settle(draft: Draft, by: Actor) -> None:
    """The unit itself speaks of it in this very case: nobody has left it out."""
    for duty in checks(draft):
        if duty.is_owed:
            discharge(draft, duty, "taken_up", by.principal)


def checks(draft: Draft) -> list[Duty]:
    return [duty for duty in draft.duties.values() if draft.plan_of(duty).cause is LapseCause.OMITTED]


def _unjudged(draft: Draft) -> Suspicion | None:
    """The suspicion a person is to judge; refused where there is none, or it was judged."""
    suspicion = draft.case.suspicion
    if suspicion is None or suspicion.suspected_at is None:
        draft.refuse(Reason.NOTHING_IS_SUSPECTED)
        return None
    if suspicion.withdrawn_at is not None:
        draft.refuse(Reason.SUSPICION_WITHDRAWN)
        return None
    if suspicion.confirmed is not None:
        draft.refuse(Reason.JUDGED_ALREADY)
        return None
    return suspicion


def state(draft: Draft, act: CaseAct) -> None:
    """What the unit says to the suspicion; the judge reads it with the case."""
    suspicion = _unjudged(draft)
    if suspicion is None:
        return
    draft.change(
        suspicion=replace(suspicion, statement=act.text, stated_by=act.by.principal, stated_at=draft.now)
    )
    draft.note(EffectKind.NOTED, Reason.STATEMENT, unit=suspicion.unit, note=act.text)


def confirm(draft: Draft, act: CaseAct) -> None:
    """What is suspected; or, of a duty, that its lapse is pursued although our own failure had excused it, or as
    the organ says of its list, of one lapse or of all that are left.
    """
    if act.duty is not None:
        _pursue(draft, act, act.duty)
        return
    if listed := _judged_as_a_whole(draft):
        for duty in listed:
            _pursue(draft, act, duty.id)
        return
    suspicion = _unjudged(draft)
    if suspicion is None:
        return
    draft.change(suspicion=replace(suspicion, confirmed=True, by=act.by.principal))
    draft.note(EffectKind.SUSPECTED, Reason.CONFIRMED, unit=suspicion.unit, note=act.text)
    for duty in checks(draft):
        if _was_suspected(duty):
            duty = confirm_omission(draft, duty, suspicion)  # noqa: PLW2901 - the duty as it now is
            tell_the_unit(draft, duty, suspicion, SuspicionState.CONFIRMED, act.text)
        if duty.lapse is not None:
            refer(draft, duty, lateness(duty, draft.now), intent=bool(act.intent))


def _was_suspected(duty: Duty) -> bool:
    return duty.state is DutyState.CANCELLED and duty.cancelled_why == Reason.SUSPECTED_AND_TO_BE_JUDGED


def _pursue(draft: Draft, act: CaseAct, duty_id: DutyId) -> None:
    duty = draft.duties.get(duty_id)
    if duty is None:
        draft.refuse(Reason.NO_SUCH_DUTY, note=duty_id)
    elif duty.lapse is None or not draft.plan_of(duty).refers:
        draft.refuse(Reason.NOTHING_WAS_LEFT_UNREFERRED, duty=duty.id)
    elif duty.lapse.referred_by is not None:
        draft.refuse(Reason.REFERRED_ALREADY, duty=duty.id)
    elif duty.lapse.let_off is not None:
        draft.refuse(Reason.JUDGED_ALREADY, duty=duty.id)
    elif duty.lapse.is_cleared or not (duty.lapse.is_ours or duty.lapse.listed):
        draft.refuse(Reason.NOTHING_WAS_LEFT_UNREFERRED, duty=duty.id)
    else:
        duty = draft.put(duty, lapse=replace(duty.lapse, referred_by=act.by.principal))
        refer(draft, duty, lateness(duty, draft.now), intent=bool(act.intent))


def _judged_as_a_whole(draft: Draft) -> list[Duty]:
    """The lapses of the organ's list that are left, where nothing else can be meant."""
    return listed_lapses(draft) if draft.case.suspicion is None else []


def judged(draft: Draft) -> str | None:
    """What the policy calls a word about the organ's list; None: it was about something else."""
    if draft.case.suspicion is not None or not any(
        duty.lapse is not None and duty.lapse.listed for duty in draft.duties.values()
    ):
        return None
    return "judged.wanting" if listed_lapses(draft) else "judged.all"


def _let_off(draft: Draft, duty: Duty, why: str) -> None:
    """Nobody answers for it; that it lapsed stays on record."""
    if duty.lapse is None or not duty.lapse.awaits_the_organ:
        draft.refuse(Reason.JUDGED_ALREADY, duty=duty.id)
        return
    duty = draft.put(duty, lapse=replace(duty.lapse, let_off=why))
    draft.on(duty, EffectKind.NOTED, Reason.LET_OFF, note=why, rule=draft.plan_of(duty).limit)


def refute(draft: Draft, act: CaseAct) -> None:
    """What is suspected; or the organ lets off a lapse of its list, or all that are left."""
    if act.duty is not None and act.duty not in draft.duties:
        draft.refuse(Reason.NO_SUCH_DUTY, note=act.duty)
        return
    listed = [draft.duties[act.duty]] if act.duty is not None else _judged_as_a_whole(draft)
    for duty in listed:
        _let_off(draft, duty, act.text or Reason.LET_OFF)
    if listed:
        return
    suspicion = _unjudged(draft)
    if suspicion is None:
        return
    draft.change(suspicion=replace(suspicion, confirmed=False, by=act.by.principal))
    draft.note(EffectKind.SUSPECTED, Reason.REFUTED, unit=suspicion.unit, note=act.text)
    for duty in checks(draft):
        if _was_suspected(duty):
            tell_the_unit(draft, duty, suspicion, SuspicionState.REFUTED, act.text)
        if duty.lapse is not None:  # suspected by an earlier version
            duty = draft.put(duty, lapse=replace(duty.lapse, refuted=act.text or "refuted"))  # noqa: PLW2901 - the duty as it now is
            if duty.is_owed:
                discharge(draft, duty, "refuted", act.by.principal)
