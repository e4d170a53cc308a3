"""A case grows out of another: a small matter becomes an incident, people tell of a matter on a visit. It is
reported by the act itself, and tied to what it grew out of.

Invariant: its clocks start with the act, since before there was none to report; what it grew out of goes on,
and what is owed of that stays owed. A small matter becomes one incident, once.
"""

from typing import Any

from services.escalator.deciding.actions import raise_case
from services.escalator.deciding.draft import Draft
from shared.acts.states import ITEMS_BECOME, SMALL_MATTERS
from shared.facts import CaseAct, Reason, Report
from shared.vocabulary import Category, ReportKind

USUAL = {ReportKind.DISPUTE: Category.PUBLIC_SECURITY, ReportKind.HAZARD: Category.ACCIDENT}
"""Of what category a case is that grew out of another, where nobody says so."""


def grow(draft: Draft, act: CaseAct) -> None:
    case = draft.case
    category = act.category or case.report.category
    if case.report.kind not in SMALL_MATTERS or category is None:
        draft.refuse(Reason.BECOMES_NO_INCIDENT)
        return
    if case.grown_into is not None:
        draft.refuse(Reason.HAS_GROWN_ALREADY, case=case.grown_into)
        return
    incident = grown_report(
        draft,
        act,
        kind=ReportKind.INCIDENT,
        category=category,
        topic=case.report.topic,
        level=act.level or case.level,
        sensitive=case.sensitive if act.sensitive is None else act.sensitive,
        unit=case.holder,
        area=case.report.area,
        summary=act.summary or case.report.summary,
    )
    grown_into = raise_case(
        draft, f"grown:{case.id}", draft.now, incident, Reason.GREW_INTO_AN_INCIDENT, note=incident.summary
    )
    draft.change(grown_into=grown_into)


def take_up(draft: Draft, act: CaseAct) -> None:
    """Any number of them, each a case of its own."""
    case, kind = draft.case, act.becomes
    if case.report.kind is not ReportKind.VISIT:
        draft.refuse(Reason.ONLY_ON_A_VISIT)
        return
    if kind is None or kind not in ITEMS_BECOME:
        draft.refuse(Reason.ITEM_BECOMES_NO_SUCH_CASE)
        return
    matter = grown_report(
        draft,
        act,
        kind=kind,
        category=USUAL.get(kind),
        level=act.level,
        unit=case.holder,
        area=case.report.area,
        summary=act.summary or case.report.summary,
    )
    key = f"visit:{case.id}:{draft.sequence}"
    raise_case(draft, key, draft.now, matter, Reason.TAKEN_ON_A_VISIT, note=matter.summary)


def grown_report(draft: Draft, act: CaseAct, **fields: Any) -> Report:
    """`fields`: what it is about, and whose it is."""
    return Report(
        **fields,
        occurred_at=draft.now,
        learned_at=draft.now,
        details=act.text,
        exercise=draft.case.report.exercise,
        files=act.files,
        parent=draft.case.id,
        grown=True,
        received_at=draft.now,
        starts_at=draft.now,
        reported_by=act.by.principal,
        by=act.by,
    )
