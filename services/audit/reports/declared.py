"""Every report of the trail: one declaration each, from which its route, its page and its command come.

Invariant: `REPORTS` has each `ReportName` once, in the order of the explorer's tabs.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.audit.reports.documents import definitions
from services.audit.reports.documents.blocks import Block, TableBlock, row
from services.audit.reports.documents.matter_blocks import (
    holding_blocks,
    reachability_blocks,
    resolution_blocks,
    trend_blocks,
)
from services.audit.reports.documents.report_blocks import (
    MOST_ROWS,
    count,
    lapses_blocks,
    timeliness_blocks,
)
from services.audit.reports.documents.words import DocumentWords
from services.audit.reports.names import ReportName
from services.audit.reports.reports import Reports
from services.audit.reports.views import (
    Answer,
    Holding,
    Lapses,
    Reachability,
    Resolution,
    Timeliness,
    Trend,
)
from services.audit.reports.window import Window
from services.audit.reports.workload import COUNTED, Workload, workload
from shared.language.catalogue import N_

Ask = Callable[[Reports, Window, bool], Awaitable[Answer]]
"""With `True` each figure comes with the records it was counted from."""


@dataclass(frozen=True, slots=True)
class DeclaredReport:
    title: str
    says: str
    """For whoever asks over HTTP."""
    meant: Sequence[str]
    """What each of its figures means, below its page."""
    ask: Ask
    answers: type[Answer]
    blocks: Callable[[DocumentWords, Any], list[Block]]


def _workload_blocks(words: DocumentWords, workload_report: Workload) -> list[Block]:
    """The newest week first."""
    lines = sorted(workload_report.weeks, key=lambda line: line.week, reverse=True)[:MOST_ROWS]
    head = (N_("Week"), N_("Person"), N_("duties"), N_("done"), N_("lapsed"), N_("calls"))
    rows = [
        row(line.week, words.person(line.person), *(count(line, column) for column in COUNTED))
        for line in lines
    ]
    return [TableBlock(tuple(map(words.of, head)), tuple(rows), texts=2)]


REPORTS: dict[ReportName, DeclaredReport] = {
    ReportName.TIMELINESS: DeclaredReport(
        N_("Timeliness"),
        "By unit, leader, level, category, area, rule and channel: how many duties were done in time, late, not at all, and how fast.",
        definitions.TIMELINESS,
        lambda reports, window, records: reports.answer(Timeliness, window, records=records),
        Timeliness,
        timeliness_blocks,
    ),
    ReportName.LAPSES: DeclaredReport(
        N_("Lapses and what became of them"),
        "Every lapse: its cause, who stood in, what excuses it, the measure proposed and decided, review and correction.",
        definitions.LAPSES,
        lambda reports, window, _: reports.lapses(window),
        Lapses,
        lapses_blocks,
    ),
    ReportName.HOLDING: DeclaredReport(
        N_("Who held it how long"),
        "Who held matters and tasks how long, and those that went from hand to hand.",
        definitions.HOLDING,
        lambda reports, window, records: reports.answer(Holding, window, records=records),
        Holding,
        holding_blocks,
    ),
    ReportName.REACHABILITY: DeclaredReport(
        N_("Reachability"),
        "By channel and person: which share of messages was delivered and answered, and how fast.",
        definitions.REACHABILITY,
        lambda reports, window, records: reports.answer(Reachability, window, records=records),
        Reachability,
        reachability_blocks,
    ),
    ReportName.RESOLUTION: DeclaredReport(
        N_("Response and resolution"),
        "By kind, level, category, area and unit: first response, resolution, what is open, satisfaction.",
        definitions.RESOLUTION,
        lambda reports, window, records: reports.answer(Resolution, window, records=records),
        Resolution,
        resolution_blocks,
    ),
    ReportName.TREND: DeclaredReport(
        N_("Trend"),
        "Reports by day, category, level, area and kind; by hour, weekday and place.",
        definitions.TREND,
        lambda reports, window, records: reports.answer(Trend, window, records=records),
        Trend,
        trend_blocks,
    ),
    ReportName.WORKLOAD: DeclaredReport(
        N_("Workload"),
        "By person and week: how many duties were laid on them, done and lapsed, and how often they were called.",
        (
            N_(
                "A duty counts in the week in which it was opened, done or lapsed, under the name of whoever had to move then; put on "
                "somebody else it was opened for the one and may be done by the other."
            ),
            N_(
                "Calls are the messages that were sent to the person, reminders too; those that were held rang nobody."
            ),
        ),
        lambda reports, window, records: reports.answer(
            Workload,
            window,
            lambda answering: {"weeks": workload(answering.figures, answering.traced)},
            records=records,
        ),
        Workload,
        _workload_blocks,
    ),
}
