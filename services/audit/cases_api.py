"""Cases and reports for the auditor over HTTP: the timeline of a case, and what the trail adds up to."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from services.audit import record
from services.audit.api import READERS
from services.audit.projections import Lapses, Projections, Timeliness, Trend
from services.audit.query import TrailReader, checkpoint_view
from services.audit.views import CheckpointView, Entry, NotInTrail
from shared.facts import Frozen
from shared.problems import Problem
from shared.tokens import Gate


class Moment(Frozen):
    entry: Entry
    fact: dict[str, Any] | None


class Timeline(Frozen):
    case: str
    moments: tuple[Moment, ...]
    checkpoint: CheckpointView


class Period(Frozen):
    since: Annotated[datetime | None, Query(description="broker time, inclusive; with an offset")] = None
    until: Annotated[datetime | None, Query(description="broker time, inclusive; with an offset")] = None
    unit: str | None = None

    def given(self) -> tuple[datetime | None, datetime | None, str | None]:
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None and at.tzinfo is None:
                words = "give an offset, as in 2026-11-01T08:00:00+08:00"
                raise Problem(422, "Invalid request", f"{name} has no offset: {words}.", errors=[(name, words)])
        return self.since, self.until, self.unit


def cases_router(reader: TrailReader, gate: Gate, zone: ZoneInfo) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["cases and reports"])
    projections = Projections(reader, zone)

    @router.get("/cases/{case_id}/timeline")
    async def timeline(request: Request, case_id: str) -> Timeline:  # pyright: ignore[reportUnusedFunction]
        """All that happened in a case, in order, with each fact."""
        gate.admit(request, *READERS)
        entries = await reader.case(case_id)
        if not entries:
            raise NotInTrail(f"no record of a case {case_id} is covered by a checkpoint")
        payloads = await reader.payloads([entry.index for entry in entries])
        moments = [
            Moment(entry=entry, fact=record.envelope_of(held.raw) if (held := payloads.get(entry.index)) else None) for entry in entries
        ]
        return Timeline(case=case_id, moments=tuple(moments), checkpoint=checkpoint_view(await reader.checkpoint()))

    @router.get("/reports/timeliness")
    async def timeliness(request: Request, period: Annotated[Period, Query()]) -> Timeliness:  # pyright: ignore[reportUnusedFunction]
        """By reporting unit: how many duties were done in time, late, not at all."""
        gate.admit(request, *READERS)
        return await projections.timeliness(*period.given())

    @router.get("/reports/lapses")
    async def lapses(request: Request, period: Annotated[Period, Query()]) -> Lapses:  # pyright: ignore[reportUnusedFunction]
        """Every lapse, with its cause and who stood in."""
        gate.admit(request, *READERS)
        return await projections.lapses(*period.given())

    @router.get("/reports/trend")
    async def trend(request: Request, period: Annotated[Period, Query()]) -> Trend:  # pyright: ignore[reportUnusedFunction]
        """Reports by day, category, level and area."""
        gate.admit(request, *READERS)
        return await projections.trend(*period.given())

    return router
