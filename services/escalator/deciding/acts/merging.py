"""Duplicates become one case, of the graver level and on the earliest clock; what was thrown together can be
split again.

Invariant: a merge forgives nothing and accuses nobody afterwards. The duplicate's lapses stay on its record;
its open duties end with the name of the case that carries them on, which hears of the earlier start and the
graver level by a fact of its own. What an outside witness told of and somebody merges into a unit's report
has been answered by that report. Its limits are counted again from the earliest start and come earlier by it,
never later; one that would have passed by the time of the merge stays where it was, and what is owed only at
the graver level counts from the merge where its limit would lie behind: nobody could have known.
"""

from services.escalator.deciding import states
from services.escalator.deciding.actions import raise_case
from services.escalator.deciding.acts.ending import end_tasks, enter
from services.escalator.deciding.acts.regrading import take_on
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import cancel_owed
from services.escalator.deciding.gravity import graver
from services.escalator.deciding.matching import is_units_report
from shared import territory
from shared.case import CaseStatus
from shared.facts import Absorbed, Actor, CaseAct, EffectKind, Matched, Reason, Report, spelled
from shared.ids import UnitId
from shared.vocabulary import Kind


def merge(draft: Draft, act: CaseAct) -> None:
    case = draft.case
    if act.into is None or act.into == case.id:
        draft.refuse(Reason.MERGED_INTO_ITSELF_OR_NOTHING)
        return
    if act.into in case.merged_from:
        draft.refuse(Reason.THAT_ONE_WAS_MERGED_INTO_THIS, case=act.into)
        return
    if not enter(draft, Kind.MERGED, act.into, merged_into=act.into, ended_at=draft.now, transfer=None):
        return
    lapses = sum(duty.lapse is not None for duty in draft.duties.values())
    absorbed = Absorbed(
        case=case.id,
        starts_at=case.starts_at,
        opened_at=case.opened_at,
        lapses=lapses,
        by=act.by,
        level=case.level,
        sensitive=case.sensitive,
        told=case.people_told,
        awaits_a_report=_finds_its_report(draft, act.by),
    )
    draft.send(
        Kind.ABSORBED, act.into, absorbed.model_dump(mode="json", exclude_none=True), Reason.MERGED_INTO
    )
    end_tasks(draft)
    cancel_owed(draft, spelled(Reason.CARRIED_ON_IN, act.into))


def _finds_its_report(draft: Draft, by: Actor) -> bool:
    """Whoever may judge the omission says that a unit's report tells of the same; never the unit itself."""
    suspicion, unit = draft.case.suspicion, territory.unit_of(by, draft.directory)
    if suspicion is None or unit is None or unit == suspicion.unit:
        return False
    return territory.has_whole_city(draft.directory, unit) or territory.speaks_for(
        draft.directory, unit, suspicion.unit
    )


def _answer_the_witness(draft: Draft, absorbed: Absorbed) -> None:
    """A unit's own report was found by hand: the witness's case hears when it came."""
    case = draft.case
    if absorbed.awaits_a_report and is_units_report(case.report, draft.directory):
        matched = Matched(
            report=case.id,
            unit=case.report.unit,
            reported_at=case.report.handed_in_at or case.opened_at,
            score=1.0,
            why=(),
            by_hand=True,
        )
        draft.send(Kind.MATCHED, absorbed.case, matched.model_dump(mode="json"), Reason.REPORT_FOUND_BY_HAND)


def absorb(draft: Draft, absorbed: Absorbed) -> None:
    """A duplicate was merged into this case. One that has ended meanwhile lives again, or sends it on, rather
    than lose its clocks.
    """
    case = draft.case
    if absorbed.case in case.merged_from:
        draft.note(EffectKind.NOTED, Reason.ABSORBED_ALREADY, case=absorbed.case)
        return
    if (
        case.status is CaseStatus.MERGED
        and case.merged_into is not None
        and case.merged_into != absorbed.case
    ):
        draft.send(
            Kind.ABSORBED,
            case.merged_into,
            absorbed.model_dump(mode="json", exclude_none=True),
            Reason.PASSED_ON_TO_THE_CASE_THAT_GOES_ON,
        )
        return
    was_ended = case.ended_at is not None
    status = states.move(states.CASE, case.status, "absorbed")
    draft.change(
        status=status,
        merged_from=(*case.merged_from, absorbed.case),
        merged_into=None,
        ended_at=None,
        told={**absorbed.told, **case.people_told},
    )
    draft.happened(Kind.ABSORBED, actor=absorbed.by)
    draft.note(EffectKind.STATUS, Reason.ABSORBED, case=absorbed.case, note=f"{absorbed.lapses}")
    _answer_the_witness(draft, absorbed)
    if was_ended:
        draft.happened("reported")
    take_on(
        draft, absorbed.starts_at, graver(case.level, absorbed.level), case.sensitive or absorbed.sensitive
    )


def split(draft: Draft, act: CaseAct) -> None:
    """A second event was in the same report: a case of its own, whose clock goes on from the original
    start.
    """
    report = draft.case.report
    if not act.summary:
        draft.refuse(Reason.SAY_WHAT_THE_NEW_CASE_IS_ABOUT)
        return
    if draft.case.split_from is not None and act.into == draft.case.split_from:
        draft.refuse(Reason.SPLIT_FROM_IT_ALREADY)
        return
    if (
        act.to_unit is not None
        and act.to_unit != report.unit
        and not _may_hand_to(draft, act.by, act.to_unit)
    ):
        draft.refuse(Reason.MAY_NOT_ASSIGN_TO_THAT_UNIT, unit=act.to_unit)
        return
    new = Report(
        kind=report.kind,
        category=report.category,
        topic=report.topic,
        level=act.level or draft.case.level,
        sensitive=draft.case.sensitive if act.sensitive is None else act.sensitive,
        unit=act.to_unit or report.unit,
        area=report.area,
        occurred_at=report.occurred_at,
        learned_at=report.learned_at,
        summary=act.summary,
        details=act.text,
        exercise=report.exercise,
        parent=draft.case.id,
        received_at=draft.now,
        handed_in_at=draft.case.opened_at,
        starts_at=draft.case.starts_at,
        reported_by=act.by.principal,
        by=act.by,
    )
    raise_case(
        draft, f"split:{draft.case.id}:{draft.sequence}", draft.now, new, Reason.SPLIT_OFF, note=act.summary
    )


def _may_hand_to(draft: Draft, by: Actor, unit: UnitId) -> bool:
    """A case that is split off for a unit brings its clock along: for units below, or by who has the whole
    city.
    """
    own = territory.unit_of(by, draft.directory)
    return territory.speaks_for(draft.directory, own, unit) or territory.has_whole_city(draft.directory, own)
