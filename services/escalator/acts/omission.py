"""Suspected omission 漏报: an outside source knows what no unit has reported. A person confirms or refutes it (DOMAIN row 29).

Invariant: the suspicion names its witness and its reasons; it becomes a lapse for accountability only when a person confirms it, and
refuting it takes nothing off the record.
"""

from msgspec.structs import replace

from services.escalator.draft import Draft
from services.escalator.duties import discharge
from services.escalator.parties import competent_unit
from services.escalator.referral import refer
from shared.case import Duty, Suspicion
from shared.directory import Directory
from shared.facts import CaseAct, EffectKind, LapseCause, Matched
from shared.ids import SourceId, UnitId
from shared.vocabulary import ReportKind


def is_witness(draft: Draft) -> bool:
    """Whether this case comes from a source that knows independently of the units: media, hotline, sensors, alerts."""
    report = draft.case.report
    if report.kind is ReportKind.OPINION:
        return True
    return report.source is not None and _is_outside(draft.directory, report.source)


def _is_outside(directory: Directory, source: SourceId) -> bool:
    found = directory.sources_by_id.get(source)
    return found is not None and found.outside


def begin(draft: Draft) -> None:
    """From now on it is watched whether the competent unit reports it too."""
    report = draft.case.report
    unit = competent_unit(draft) or report.unit
    found = draft.directory.competent_unit(ReportKind.INCIDENT, report.category, report.topic, report.area)
    why = found.reason.en if found is not None else "reported for this unit"
    draft.change(suspicion=Suspicion(unit=unit, why=why, source=report.source))
    draft.happened("reported.outside", draft.case.starts_at)


def match(draft: Draft, said: Matched) -> None:
    """The cross-check found a unit's own report of the same event."""
    suspicion = draft.case.suspicion
    if suspicion is None:
        draft.note(EffectKind.NOTED, "nothing_suspected_here", case=said.report)
        return
    if suspicion.matched is not None and (suspicion.matched_score or 0) >= said.score:
        draft.note(EffectKind.NOTED, "matched_already", case=said.report)
        return
    words = "; ".join(f"{reason.aspect} {reason.alike:.2f}: {reason.words}" for reason in said.why)
    draft.change(suspicion=replace(suspicion, matched=said.report, matched_score=said.score))
    draft.note(EffectKind.MATCHED, f"alike_{said.score:.2f}", case=said.report, unit=said.unit, note=words)
    draft.happened("matched")
    for duty in checks(draft):
        reported = min(max(said.reported_at, duty.opened_at), draft.now)
        if duty.is_owed:
            discharge(draft, duty, "matched", f"case:{said.report}", reported)


def checks(draft: Draft) -> list[Duty]:
    return [duty for duty in draft.duties.values() if draft.plan_of(duty).cause is LapseCause.OMITTED]


def _unjudged(draft: Draft) -> Suspicion | None:
    """The suspicion a person is to judge; refused where there is none, or it was judged."""
    suspicion = draft.case.suspicion
    if suspicion is None or suspicion.suspected_at is None:
        draft.refuse("nothing_is_suspected")
        return None
    if suspicion.confirmed is not None:
        draft.refuse("judged_already")
        return None
    return suspicion


def confirm(draft: Draft, act: CaseAct) -> None:
    suspicion = _unjudged(draft)
    if suspicion is None:
        return
    draft.change(suspicion=replace(suspicion, confirmed=True, by=act.by.principal))
    draft.note(EffectKind.SUSPECTED, "confirmed", unit=UnitId(suspicion.unit), note=act.text)
    for duty in checks(draft):
        if duty.lapse is not None:
            refer(draft, duty, round((draft.now - duty.due_at).total_seconds(), 3), intent=bool(act.intent))


def refute(draft: Draft, act: CaseAct) -> None:
    suspicion = _unjudged(draft)
    if suspicion is None:
        return
    draft.change(suspicion=replace(suspicion, confirmed=False, by=act.by.principal))
    draft.note(EffectKind.SUSPECTED, "refuted", unit=UnitId(suspicion.unit), note=act.text)
    for duty in checks(draft):
        if duty.lapse is not None:
            duty = draft.put(duty, lapse=replace(duty.lapse, refuted=act.text or "refuted"))  # noqa: PLW2901 - the duty as it now is
            if duty.is_owed:
                discharge(draft, duty, "refuted", act.by.principal)
