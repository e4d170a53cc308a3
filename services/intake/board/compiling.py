"""What was done for a special case, as a readable text for the public: proposed from the case, edited by people,
approved by two, and only then out. Pure.

Invariant: it names units, posts' duties and dates, and of people only the leader in charge of the case by name; whatever
else of a person stands in the case is for whoever edits it to put in.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.case import Case, CaseStatus, TaskState
from shared.case.proceedings import COMPILATION
from shared.facts import Name
from shared.language.catalogue import N_
from shared.language.document_head import date_of
from shared.language.words import Words
from shared.vocabulary import Kind, ReportKind
from shared.web.names import Names

COMPILED = frozenset(
    {
        ReportKind.INCIDENT,
        ReportKind.OPINION,
        ReportKind.DISPUTE,
        ReportKind.HAZARD,
        ReportKind.PETITION,
        ReportKind.COMPLAINT,
        ReportKind.TASK,
        ReportKind.SUPERVISION_ORDER,
    }
)
LED = ("progress", "handling")
"""Duties whose bearer is the leader of the case, the first that is there."""
STEPS = frozenset({Kind.PROGRESSED, Kind.FOLLOWED_UP, Kind.FILED, Kind.RESOLVED, Kind.CLOSED})
MOST_STEPS = 20
TITLE = N_("%(matter)s: what was done")
OVERVIEW = N_("Reported by %(unit)s on %(date)s, in %(area)s; answered for by %(holder)s.")
LEADER = N_("Leader of the case: %(leader)s.")
MEASURES, RESULT = N_("Measures"), N_("Result")
MEASURE = N_("%(unit)s: %(task)s. %(result)s")
IN_HAND = N_("In hand until %(date)s.")
DONE = N_("Verified and closed.")
ENDED = N_("The case was %(status)s on %(date)s, %(span)s after it was reported.")
GOING_ON = N_("The case is still being handled.")


def may_be_compiled(case: Case) -> bool:
    return (
        case.report.kind in COMPILED and not case.report.exercise and case.status is not CaseStatus.WITHDRAWN
    )


def proposed(case: Case, words: Words, names: Names, zone: ZoneInfo) -> dict[str, str]:
    """Of the report form: what compiles the case says at first."""
    text = "\n".join(_paragraphs(case, words, names, zone))
    title = words.of(TITLE, matter=case.report.summary)
    return {"topic": COMPILATION, "summary": title[:500], "details": text[:20_000]}


def _paragraphs(case: Case, words: Words, names: Names, zone: ZoneInfo) -> Iterator[str]:
    report = case.report

    def date(at: datetime) -> str:
        return date_of(words, at, zone)

    def named(name: Name) -> str:
        return words.name(name)

    yield words.of(
        OVERVIEW,
        unit=named(names.unit(report.unit)),
        date=date(case.opened_at),
        area=named(names.area(report.area)),
        holder=named(names.unit(case.holder)),
    )
    leader = _leader(case)
    if leader is not None:
        yield words.of(LEADER, leader=named(names.person(leader)))
    yield words.number(1, words.of(MEASURES))
    for task in case.tasks:
        if task.state is TaskState.CANCELLED:
            continue
        is_done = task.state is TaskState.VERIFIED
        closing = words.of(DONE) if is_done else words.of(IN_HAND, date=date(task.due_at))
        result = f"{task.result}{words.semicolon}{closing}" if task.result else closing
        yield words.of(MEASURE, unit=named(names.unit(task.unit)), task=task.title, result=result)
    steps = [entry for entry in case.log if entry.kind in STEPS and entry.text and entry.refused is None]
    for entry in steps[-MOST_STEPS:]:
        yield words.of_somebody(date(entry.at), entry.text or "")
    yield words.number(2, words.of(RESULT))
    if case.ended_at is None:
        yield words.of(GOING_ON)
    else:
        yield words.of(
            ENDED,
            status=words.label("status", case.status),
            date=date(case.ended_at),
            span=words.span(case.ended_at - case.opened_at),
        )


def _leader(case: Case) -> str | None:
    for rule in LED:
        for duty in case.duties:
            if duty.rule == rule:
                return duty.bearer
    return next((task.owner for task in case.tasks if task.owner is not None), None)
