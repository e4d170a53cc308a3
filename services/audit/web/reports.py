"""The reports over HTTP: what the trail adds up to in a window of time, and the records behind each figure.

Invariant: a figure can be had with its records by those who may read them, and by nobody else.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.audit.reports.declared import REPORTS, DeclaredReport
from services.audit.reports.names import ReportName
from services.audit.reports.reports import Reports
from services.audit.reports.views import Answer, FigureRecords
from services.audit.reports.window import LONGEST_LOOK_BACK, LOOK_BACK, Window
from services.audit.web.trail import READERS
from shared.directory import Directory
from shared.facts import Given
from shared.facts.bounds import AnyTime
from shared.http_fields import IdRef, Words
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate


class PeriodQuery(Given):
    since: Annotated[AnyTime | None, Query(description="broker time, inclusive; with an offset")] = None
    until: Annotated[AnyTime | None, Query(description="broker time, inclusive; with an offset")] = None
    unit: Annotated[IdRef | None, Query(description="only what this unit owes and reports")] = None
    below: Annotated[bool, Query(description="with `unit`: and all units below it")] = False
    records: Annotated[bool, Query(description="each figure with the records it was counted from")] = False
    back_days: Annotated[
        int, Query(ge=0, le=LONGEST_LOOK_BACK.days, description="so far before are open matters looked for")
    ] = LOOK_BACK.days

    def window(self, directory: Directory) -> Window:
        """Raises Problem 422 for a time without an offset."""
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None and at.tzinfo is None:
                words = N_("give an offset, as in 2026-11-01T08:00:00+08:00")
                raise Problem(
                    422,
                    N_("Invalid request"),
                    said(N_("%(name)s has no offset: %(words)s."), name=name, words=said(words)),
                    errors=[(name, words)],
                )
        units = None
        if self.unit is not None:
            under = directory.below(self.unit) if self.below else ()
            units = frozenset({self.unit, *under})
        return Window(self.since, self.until, units, timedelta(days=self.back_days))


class OfFigure(PeriodQuery):
    figure: Annotated[
        Words,
        Query(description="`figure` of a line, and a field of it: `unit/water_bureau/late`, `…/late/worst`"),
    ]


def reports_router(reports: Reports, gate: Gate, directory: Callable[[], Directory]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/reports", tags=["reports"])

    for name, report in REPORTS.items():
        _add(router, name, report, reports, gate, directory)

    @router.get("/records")
    async def records(request: Request, query: Annotated[OfFigure, Query()]) -> FigureRecords:
        """The records a figure was counted from."""
        gate.admit(request, *READERS)
        return await reports.records(query.window(directory()), query.figure)

    return router


def _add(
    router: APIRouter,
    name: ReportName,
    report: DeclaredReport,
    reports: Reports,
    gate: Gate,
    directory: Callable[[], Directory],
) -> None:
    async def counted(request: Request, period: Annotated[PeriodQuery, Query()]) -> Answer:
        gate.admit(request, *READERS)
        return await report.ask(reports, period.window(directory()), period.records)

    router.add_api_route(
        f"/{name}", counted, name=name, response_model=report.answers, description=report.says
    )
