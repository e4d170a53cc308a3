"""`GET /api/v1/events`: server-sent events, one `case` each time a case changes.

Invariant: an event's id is the KV revision, so that `Last-Event-ID` resumes without a gap. A reader that does
not keep up is let go, never buffered for; it comes back with its last id. One whose token no longer holds is
let go within a second.
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.intake.board.access import MAY_LOOK, may_look
from services.intake.board.board import Board
from shared.facts import rfc3339
from shared.http_fields import Cursor
from shared.problems import Problem
from shared.tokens import Gate, Principal, look_again

HEARTBEAT = 15
SEND_TIMEOUT = 10
"""Seconds a reader may take to accept one event."""


def events_router(board: Board, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/events", response_class=EventSourceResponse)
    async def events(
        request: Request, last_event_id: Annotated[Cursor | None, Header()] = None
    ) -> EventSourceResponse:
        def admit() -> Principal:
            look_again(request.scope)
            return gate.admit(request, *sorted(MAY_LOOK))

        admit()
        after = int(last_event_id) if last_event_id and re.fullmatch(r"[0-9]{1,18}", last_event_id) else None
        if after is not None and after > board.revision:
            after = 0  # an id of a bucket that is gone: tell everything
        return EventSourceResponse(_tell(board, admit, after), ping=HEARTBEAT, send_timeout=SEND_TIMEOUT)

    return router


async def _tell(
    board: Board, admit: Callable[[], Principal], after: int | None
) -> AsyncIterator[ServerSentEvent]:
    """Ends where `admit` raises: whoever is let in no longer hears nothing more."""
    at = board.revision if after is None else after
    yield ServerSentEvent(data=f'{{"revision":{at}}}', event="board", id=str(at), retry=2000)
    async for change in board.subscribe(at):
        try:
            principal = admit()
        except Problem:
            return
        if change is None:
            continue
        revision, case = change
        card = board.card(case)
        if card is None:
            news = {"case": case, "gone": True}
        elif may_look(principal, card):
            due = rfc3339(card.next_due) if card.next_due else None
            news = {
                "case": case,
                "kind": card.kind,
                "status": card.status,
                "holder": card.holder,
                "next_due": due,
            }
        else:
            continue
        yield ServerSentEvent(data=orjson.dumps(news).decode(), event="case", id=str(revision))
