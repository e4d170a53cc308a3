"""The reports as pages: plain tables and bars, each number a link to the records it was counted from.

Invariant: read only, and nothing runs in the page; every page says which window it is about, what each figure
means, and up to which checkpoint it holds.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.audit.reading.reader import TrailReader
from services.audit.reading.titles import titles
from services.audit.reading.told import RecordTeller
from services.audit.reading.views import Entry
from services.audit.reports.declared import REPORTS
from services.audit.reports.documents import definitions
from services.audit.reports.documents.period import Period, Week
from services.audit.reports.names import NARROWED_BY, ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.views import Answer
from services.audit.reports.window import Window
from services.audit.web.explorer.marks import marks_of
from services.audit.web.explorer.pages import answer_or_fault
from services.audit.web.report_files import MEDIA, ReportFormat
from services.audit.web.trail import READERS
from shared.directory import Directory
from shared.documents import html
from shared.documents.blocks import Cell
from shared.documents.words import DocumentWords
from shared.forms.values import NO_SUCH_AREA
from shared.http_fields import Index
from shared.language.catalogue import N_
from shared.language.times import local_input, read_local
from shared.problems import Problem
from shared.vocabulary import Language, ReportKind
from shared.web import Pages
from shared.web.names import Names
from shared.web.picks import WRITTEN, PickedSort, Picker, near_units, offers, taken

PER_PAGE = 100
ASKED = (
    *("since", "until", "unit", f"unit{WRITTEN}", "below", f"area{WRITTEN}"),
    *dict.fromkeys(name for names in NARROWED_BY.values() for name in names),
)
LISTED = 300
"""Records that a link names one by one."""
NUMBER = re.compile("[0-9]{1,15}")
NO_REPORT = N_("There is no such report: choose one of those above.")
Values = dict[str, str]


def report_pages_router(
    reports: Reports,
    reader: TrailReader,
    pages: Pages,
    directory: Callable[[], Directory],
    tells: Mapping[Language, RecordTeller],
) -> APIRouter:
    router = pages.router()
    names, zone, clock = Names(directory), pages.zone, pages.clock

    def pickers() -> dict[str, Picker]:
        """None where the directory has nothing to pick from."""
        now = directory()
        units, areas = Picker(now, PickedSort.UNITS), Picker(now, PickedSort.AREAS)
        return {"unit": units, "area": areas} if now.units else {}

    def read_question(request: Request) -> tuple[Window, Values, dict[str, str]]:
        values, not_named = taken(
            {name: value for name, value in request.query_params.items() if value and name in ASKED},
            pickers(),
        )
        if not {"since", "until"} & values.keys():
            local = clock().astimezone(zone)
            values["since"] = local_input(local.replace(day=1, hour=0, minute=0), zone)
        window, faults = read_window(values, zone, directory())
        return window, values, faults | dict(not_named)

    @router.get("/reports")
    async def first(request: Request) -> Response:
        pages.admit(request, *READERS)
        return RedirectResponse("/reports/timeliness", 303)

    @router.get("/reports/records")
    async def records(request: Request, figure: str = "", index: str = "", after: Index = 0) -> Response:
        pages.admit(request, *READERS)
        window, values, _ = read_question(request)
        if index:
            indexes = tuple(
                sorted({int(part) for part in index.split(",")[:LISTED] if NUMBER.fullmatch(part)})
            )
            number = len(indexes)
        else:
            counted = await answer_or_fault(lambda: reports.records(window, figure))
            indexes, number = counted.indexes, counted.count
        shown = indexes[after : after + PER_PAGE]
        further = after + PER_PAGE if len(indexes) > after + PER_PAGE else None
        entries = await answer_or_fault(lambda: entries_of(reader, shown))
        return pages.show(
            request,
            "report_records.html",
            names=names,
            figure=figure,
            number=number,
            indexes=indexes,
            entries=entries,
            told=await answer_or_fault(lambda: tells[pages.language(request)].each(entries)),
            marks=await answer_or_fault(lambda: marks_of(reader, entries)),
            further=f"/reports/records?{urlencode({**values, 'figure': figure, 'index': index, 'after': further})}"
            if further
            else None,
        )

    @router.get("/reports/{name}")
    async def report(request: Request, name: str) -> Response:
        principal = pages.admit(request, *READERS)
        if name not in tuple(ReportName):
            raise Problem(404, N_("Not Found"), NO_REPORT)
        declared, by = REPORTS[ReportName(name)], NARROWED_BY.get(ReportName(name), ())
        window, values, faults = read_question(request)
        question, not_so = narrowed(window, values, by, directory())
        faults |= not_so
        answer: Answer = await answer_or_fault(lambda: declared.ask(reports, question))
        words = DocumentWords(
            pages.language(request), names, zone, await answer_or_fault(lambda: titles(reader))
        )

        def link(cell: Cell) -> str | None:
            if cell.href is not None and cell.href.startswith("?"):
                return f"/reports/{name}?{urlencode({**values, **dict(parse_qsl(cell.href[1:]))})}"
            return link_to(cell, values)

        return pages.show(
            request,
            "report.html",
            names=names,
            name=name,
            reports={report: f"/reports/{report}?{urlencode(values)}" for report in REPORTS},
            titles={report: other.title for report, other in REPORTS.items()},
            narrowed_by=by,
            forms=reports.forms.all(),
            kinds=tuple(ReportKind),
            topics=directory().topics,
            files={
                format_: f"/api/v1/reports/{name}?{urlencode(in_a_file(question, values, by, format_, words.language))}"
                for format_ in MEDIA
            },
            values=values,
            faults=faults,
            offers=offers(pickers(), near_units(directory(), principal.unit), values),
            answer=answer,
            content=html.body(declared.blocks(words, answer), link),
            meant=(*declared.meant, *definitions.ALWAYS),
            periods=lately(clock().astimezone(zone)),
            weeks=last_weeks(clock().astimezone(zone)),
        )

    return router


def read_window(values: Values, zone: ZoneInfo, directory: Directory) -> tuple[Window, dict[str, str]]:
    """The window, and what is wrong with which field; a field at fault is left out."""
    times: dict[str, datetime] = {}
    faults: dict[str, str] = {}
    for name in ("since", "until"):
        if name in values:
            try:
                times[name] = read_local(values[name], zone)
            except ValueError as error:
                faults[name] = str(error)
    unit = values.get("unit")
    under = directory.below(unit) if unit and values.get("below") else ()
    return Window(times.get("since"), times.get("until"), frozenset({unit, *under}) if unit else None), faults


def narrowed(
    window: Window, values: Values, by: Sequence[str], directory: Directory
) -> tuple[ReportQuestion, dict[str, str]]:
    """What is asked for besides the window, and what is wrong with which field."""
    asked = {name: values[name] for name in by if name in values}
    faults: dict[str, str] = {}
    if "area" in asked and directory.areas and asked["area"] not in directory.area_codes:
        faults["area"] = NO_SUCH_AREA
        del asked["area"]
    question = ReportQuestion(
        window,
        form=asked.get("form"),
        kind=asked.get("kind"),
        topic=asked.get("topic"),
        area=asked.get("area"),
    )
    return question, faults


def in_a_file(
    question: ReportQuestion, values: Values, by: Sequence[str], format_: ReportFormat, language: Language
) -> dict[str, str]:
    """The same question for a file."""
    times = {"since": question.window.since, "until": question.window.until}
    kept = {name: value for name in ("unit", "below", *by) if (value := values.get(name))}
    given = {name: at.isoformat() for name, at in times.items() if at is not None}
    return {**given, **kept, "format": format_, "language": language}


def link_to(cell: Cell, values: Values) -> str | None:
    """Where a number leads: to its one record, or to the list of exactly those it was counted from."""
    if cell.href is not None:
        return cell.href
    if len(cell.records) == 1:
        return f"/records/{cell.records[0]}"
    if cell.records:
        return f"/reports/records?{urlencode({'index': ','.join(map(str, cell.records[:LISTED]))})}"
    return (
        f"/reports/records?{urlencode({**values, 'figure': cell.figure})}"
        if cell.figure is not None
        else None
    )


async def entries_of(reader: TrailReader, indexes: Sequence[int]) -> list[Entry]:
    """Those records, as far as the checkpoint covers them."""
    size = (await reader.checkpoints.newest()).size
    stored = await reader.records.some([index for index in indexes if index < size])
    return await reader.records.views(stored)


def lately(local: datetime) -> tuple[str, ...]:
    """The months and the quarter that ended last, for which an analysis is due."""
    month = Period(local.year, local.month, 1).before
    quarter = Period(local.year, 3 * ((local.month - 1) // 3) + 1, 3).before
    return (Period(local.year, local.month, 1).name, month.name, month.before.name, quarter.name)


def last_weeks(local: datetime) -> tuple[str, ...]:
    """The week that ended last, for which a bulletin is due, and that of now."""
    week = Week.of(local.date())
    return (week.before.name, week.name)
