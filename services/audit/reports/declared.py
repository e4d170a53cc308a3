"""Every report of the trail: one declaration each, from which its route, its page and its command come.

Invariant: `REPORTS` has each `ReportName` once, in the order of the explorer's tabs.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.audit.reports.complaints import Complaints, complaints
from services.audit.reports.documents import definitions
from services.audit.reports.documents.complaint_blocks import complaint_blocks, complaint_tables
from services.audit.reports.documents.form_blocks import form_blocks, form_tables
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
from services.audit.reports.documents.supervision_blocks import supervision_blocks, supervision_tables
from services.audit.reports.form_views import FilledForms
from services.audit.reports.forms import filled_forms
from services.audit.reports.names import ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.roll_calls import RollCallReport, roll_call_blocks, roll_call_lines
from services.audit.reports.supervised import Supervised
from services.audit.reports.views import (
    Answer,
    Holding,
    Lapses,
    Reachability,
    Resolution,
    Timeliness,
    Trend,
)
from services.audit.reports.workload import COUNTED, Workload, workload
from shared.documents.blocks import Block, TableBlock, row
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_

Ask = Callable[[Reports, ReportQuestion], Awaitable[Answer]]


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
    tables: Callable[[DocumentWords, Any], list[TableBlock]] | None = None
    """What a file of it holds; None: the tables of its page."""

    def tables_of(self, words: DocumentWords, answer: Answer) -> list[TableBlock]:
        if self.tables is not None:
            return self.tables(words, answer)
        return [block for block in self.blocks(words, answer) if isinstance(block, TableBlock)]


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
        lambda reports, asked: reports.answer(Timeliness, asked.window, records=asked.records),
        Timeliness,
        timeliness_blocks,
    ),
    ReportName.LAPSES: DeclaredReport(
        N_("Lapses and what became of them"),
        "Every lapse: its cause, who stood in, what excuses it, the measure proposed and decided, review and correction.",
        definitions.LAPSES,
        lambda reports, asked: reports.lapses(asked.window),
        Lapses,
        lapses_blocks,
    ),
    ReportName.HOLDING: DeclaredReport(
        N_("Who held it how long"),
        "Who held matters and tasks how long, and those that went from hand to hand.",
        definitions.HOLDING,
        lambda reports, asked: reports.answer(Holding, asked.window, records=asked.records),
        Holding,
        holding_blocks,
    ),
    ReportName.REACHABILITY: DeclaredReport(
        N_("Reachability"),
        "By channel and person: which share of messages was handed to the gateway, delivered and answered, and how fast.",
        definitions.REACHABILITY,
        lambda reports, asked: reports.answer(Reachability, asked.window, records=asked.records),
        Reachability,
        reachability_blocks,
    ),
    ReportName.RESOLUTION: DeclaredReport(
        N_("Response and resolution"),
        "By kind, level, category, area and unit: first response, resolution, what is open, satisfaction.",
        definitions.RESOLUTION,
        lambda reports, asked: reports.answer(Resolution, asked.window, records=asked.records),
        Resolution,
        resolution_blocks,
    ),
    ReportName.TREND: DeclaredReport(
        N_("Trend"),
        "Reports by day, category, level, area and kind; by hour, weekday and place.",
        definitions.TREND,
        lambda reports, asked: reports.answer(Trend, asked.window, records=asked.records),
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
        lambda reports, asked: reports.answer(
            Workload,
            asked.window,
            lambda answering: {"weeks": workload(answering.figures, answering.traced)},
            records=asked.records,
        ),
        Workload,
        _workload_blocks,
    ),
    ReportName.SUPERVISION: DeclaredReport(
        N_("Under supervision"),
        "By unit and order: what was ordered, taken on, fed back, sent back, closed after verification, and what is past its limit.",
        definitions.SUPERVISION,
        lambda reports, asked: reports.answer(Supervised, asked.window, records=asked.records),
        Supervised,
        supervision_blocks,
        tables=supervision_tables,
    ),
    ReportName.FORMS: DeclaredReport(
        N_("Forms"),
        "Every form that was filled in: its rows, what they add up to, a map, series over the days, and who still owes one.",
        definitions.FORMS,
        filled_forms,
        FilledForms,
        form_blocks,
        tables=form_tables,
    ),
    ReportName.COMPLAINTS: DeclaredReport(
        N_("Complaints"),
        "Every complaint by area and day, with a form or without; the households of those that say how many; by topic.",
        definitions.COMPLAINTS,
        complaints,
        Complaints,
        complaint_blocks,
        tables=complaint_tables,
    ),
    ReportName.ROLL_CALLS: DeclaredReport(
        N_("Roll calls"),
        "By month and unit, person and channel: how many were asked whether they can be reached, and how many answered.",
        (
            N_(
                "A roll call is a test: nobody is held to silence, and it counts in no other report. Whoever did not answer is "
                "looked up in the directory: does the number still hold?"
            ),
        ),
        lambda reports, asked: reports.answer(
            RollCallReport,
            asked.window,
            lambda answering: roll_call_lines(answering.figures, answering.traced),
            records=asked.records,
        ),
        RollCallReport,
        roll_call_blocks,
    ),
}
