"""`GET /api/v1/calendar`: what takes place when, as data."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field

from services.intake.board.access import MAY_LOOK, may_look
from services.intake.board.board import Board
from services.intake.board.calendar import BACK, EntryState, calendar_entries
from shared import http_fields
from shared.facts import Frozen, Instant, Name
from shared.forms import Forms
from shared.http_fields import IdRef, QueryTime
from shared.ids import CaseId
from shared.tokens import Gate


class CalendarQuery(http_fields.Query):
    form: IdRef | None = Field(None, description="of this form alone: `press_event`, `visit` …")
    unit: IdRef | None = Field(None, description="of this unit alone")
    since: QueryTime | None = Field(None, description="default: a month ago")
    until: QueryTime | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class PlannedEvent(Frozen):
    """One entry of the calendar."""

    model_config = ConfigDict(from_attributes=True)

    case: CaseId
    form: str
    title: Name
    at: Instant
    unit: str
    what: Name
    state: EntryState


class Calendar(Frozen):
    entries: tuple[PlannedEvent, ...]
    more: int
    """Entries left out for want of room: ask with a later `since`."""


def calendar_router(
    board: Board, forms: Callable[[], Forms], gate: Gate, clock: Callable[[], datetime]
) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/calendar", summary="What takes place when, the earliest first")
    async def calendar(request: Request, query: Annotated[CalendarQuery, Query()]) -> Calendar:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        since = query.since or clock() - BACK
        cards = (card for card in board.cards() if may_look(principal, card))
        entries = [
            entry
            for entry in calendar_entries(cards, forms())
            if since <= entry.at
            and (query.until is None or entry.at <= query.until)
            and query.form in (None, entry.form)
            and query.unit in (None, entry.unit)
        ]
        shown = tuple(PlannedEvent.model_validate(entry) for entry in entries[: query.limit])
        return Calendar(entries=shown, more=max(0, len(entries) - query.limit))

    return router
