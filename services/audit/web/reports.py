"""The reports over HTTP: what the trail adds up to in a window of time, and the records behind each figure.

Invariant: a figure can be had with its records by those who may read them, and by nobody else.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.audit.reports.reports import Reports
from services.audit.reports.views import (
    FigureRecords,
    Holding,
    Lapses,
    Reachability,
    Resolution,
    Timeliness,
    Trend,
)
from services.audit.reports.window import LONGEST_LOOK_BACK, LOOK_BACK, Window
from services.audit.web.trail import READERS
from shared.directory import Directory
from shared.facts import Given
from shared.facts.bounds import AnyTime
from shared.http_fields import IdRef, Words
from shared.problems import Problem
from shared.tokens import Gate


class Period(Given):
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
                words = "give an offset, as in 2026-11-01T08:00:00+08:00"
                raise Problem(
                    422, "Invalid request", f"{name} has no offset: {words}.", errors=[(name, words)]
                )
        units = None
        if self.unit is not None:
            under = directory.below(self.unit) if self.below else ()
            units = frozenset({self.unit, *under})
        return Window(self.since, self.until, units, timedelta(days=self.back_days))


class OfFigure(Period):
    figure: Annotated[
        Words,
        Query(description="`figure` of a line, and a field of it: `unit/water_bureau/late`, `…/late/worst`"),
    ]


def reports_router(reports: Reports, gate: Gate, directory: Callable[[], Directory]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/reports", tags=["reports"])

    @router.get("/timeliness")
    async def timeliness(request: Request, period: Annotated[Period, Query()]) -> Timeliness:
        """By unit, leader, level, category, area, rule and channel: how many duties were done in time, late,
        not at all, and how fast.
        """
        gate.admit(request, *READERS)
        return await reports.timeliness(period.window(directory()), records=period.records)

    @router.get("/lapses")
    async def lapses(request: Request, period: Annotated[Period, Query()]) -> Lapses:
        """Every lapse: its cause, who stood in, what excuses it, the measure proposed and decided, review and
        correction.
        """
        gate.admit(request, *READERS)
        return await reports.lapses(period.window(directory()))

    @router.get("/holding")
    async def holding(request: Request, period: Annotated[Period, Query()]) -> Holding:
        """Who held matters and tasks how long, and those that went from hand to hand."""
        gate.admit(request, *READERS)
        return await reports.holding(period.window(directory()), records=period.records)

    @router.get("/reachability")
    async def reachability(request: Request, period: Annotated[Period, Query()]) -> Reachability:
        """By channel and person: which share of messages was delivered and answered, and how fast."""
        gate.admit(request, *READERS)
        return await reports.reachability(period.window(directory()), records=period.records)

    @router.get("/resolution")
    async def resolution(request: Request, period: Annotated[Period, Query()]) -> Resolution:
        """By kind, level, category, area and unit: first response, resolution, what is open, satisfaction."""
        gate.admit(request, *READERS)
        return await reports.resolution(period.window(directory()), records=period.records)

    @router.get("/trend")
    async def trend(request: Request, period: Annotated[Period, Query()]) -> Trend:
        """Reports by day, category, level, area and kind; by hour, weekday and place."""
        gate.admit(request, *READERS)
        return await reports.trend(period.window(directory()), records=period.records)

    @router.get("/records")
    async def records(request: Request, wanted: Annotated[OfFigure, Query()]) -> FigureRecords:
        """The records a figure was counted from."""
        gate.admit(request, *READERS)
        return await reports.records(wanted.window(directory()), wanted.figure)

    return router
