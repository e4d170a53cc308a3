"""A small matter becomes an incident: reported by the act itself, tied to what it grew out of.

Invariant: the incident's clocks start with the act, since before there was none to report; the small matter
goes on, and what is owed of it stays owed. It becomes one incident, once.
"""

from services.escalator.deciding.actions import raise_case
from services.escalator.deciding.draft import Draft
from shared.acts.states import SMALL_MATTERS
from shared.facts import CaseAct, Reason, Report
from shared.vocabulary import ReportKind


def grow(draft: Draft, act: CaseAct) -> None:
    case = draft.case
    category = act.category or case.report.category
    if case.report.kind not in SMALL_MATTERS or category is None:
        draft.refuse(Reason.BECOMES_NO_INCIDENT)
        return
    if case.grown_into is not None:
        draft.refuse(Reason.HAS_GROWN_ALREADY, case=case.grown_into)
        return
    report = case.report
    incident = Report(
        kind=ReportKind.INCIDENT,
        category=category,
        topic=report.topic,
        level=act.level or case.level,
        sensitive=case.sensitive if act.sensitive is None else act.sensitive,
        unit=case.holder,
        area=report.area,
        occurred_at=draft.now,
        learned_at=draft.now,
        summary=act.summary or report.summary,
        details=act.text,
        exercise=report.exercise,
        files=act.files,
        parent=case.id,
        grown=True,
        received_at=draft.now,
        starts_at=draft.now,
        reported_by=act.by.principal,
        by=act.by,
    )
    grown_into = raise_case(
        draft, f"grown:{case.id}", draft.now, incident, Reason.GREW_INTO_AN_INCIDENT, note=incident.summary
    )
    draft.change(grown_into=grown_into)
