"""Duplicates become one case, which keeps the earliest clock; what was thrown together can be split again.

Invariant: a merge forgives nothing. The duplicate's lapses stay on its record; its open duties end with the name of the case that
carries them on, and that case hears of the earlier start by a fact of its own.
"""

from services.escalator import states
from services.escalator.actions import raise_case
from services.escalator.acts.ending import end_tasks, enter
from services.escalator.acts.regrading import earlier
from services.escalator.draft import Draft
from services.escalator.duties import cancel_owed
from shared.case import CaseStatus
from shared.facts import Absorbed, CaseAct, EffectKind, Report
from shared.vocabulary import Kind


def merge(draft: Draft, act: CaseAct) -> None:
    case = draft.case
    if act.into is None or act.into == case.id:
        draft.refuse("merged_into_itself_or_nothing")
        return
    if act.into in case.merged_from:
        draft.refuse("that_one_was_merged_into_this", case=act.into)
        return
    if not enter(draft, Kind.MERGED, act.into, merged_into=act.into, ended_at=draft.now, transfer=None):
        return
    lapses = sum(duty.lapse is not None for duty in draft.duties.values())
    absorbed = Absorbed(case=case.id, starts_at=case.starts_at, opened_at=case.opened_at, lapses=lapses, by=act.by)
    draft.send(Kind.ABSORBED, act.into, absorbed.model_dump(mode="json", exclude_none=True), "merged_into")
    end_tasks(draft)
    cancel_owed(draft, f"carried_on_in:{act.into}")


def absorb(draft: Draft, said: Absorbed) -> None:
    """A duplicate was merged into this case. One that has ended meanwhile lives again, or sends it on, rather than lose its clocks."""
    case = draft.case
    if said.case in case.merged_from:
        draft.note(EffectKind.NOTED, "absorbed_already", case=said.case)
        return
    if case.status is CaseStatus.MERGED and case.merged_into is not None and case.merged_into != said.case:
        draft.send(Kind.ABSORBED, case.merged_into, said.model_dump(mode="json", exclude_none=True), "passed_on_to_the_case_that_goes_on")
        return
    was_ended = case.ended_at is not None
    status = states.move(states.CASE, case.status, "absorbed")
    draft.change(status=status, merged_from=(*case.merged_from, said.case), merged_into=None, ended_at=None)
    draft.note(EffectKind.STATUS, "absorbed", case=said.case, note=f"{said.lapses}")
    if was_ended:
        draft.happened("reported")
    earlier(draft, said.starts_at)


def split(draft: Draft, act: CaseAct) -> None:
    """A second event was in the same report: a case of its own, whose clock goes on from the original start."""
    report = draft.case.report
    if not act.summary:
        draft.refuse("say_what_the_new_case_is_about")
        return
    if draft.case.split_from is not None and act.into == draft.case.split_from:
        draft.refuse("split_from_it_already")
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
    )
    raise_case(draft, f"split:{draft.case.id}:{draft.sequence}", draft.now, new, "split_off", note=act.summary)
