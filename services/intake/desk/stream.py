"""Tells open pages which case has changed, and every few seconds that the line still works and what time it
is.

Invariant: a page hears of every change after the revision it was made with, or its line breaks; it never
looks live without being so. The pulse is an event, not a comment: a script can't see comments, and a
half-open line looks like silence.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson
from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.intake.desk.services import DeskServices
from shared.facts import rfc3339
from shared.problems import Problem
from shared.tokens import look_again
from shared.vocabulary import Role
from shared.web import Pages

PULSE = 5.0
"""Seconds between pulses; static/live.js calls the line lost after three are missed."""


def add_stream(router: APIRouter, desk: DeskServices, pages: Pages, readers: tuple[Role, ...]) -> None:
    @router.get("/desk/stream")
    async def stream(request: Request, after: int | None = None) -> Response:
        def admit() -> object:
            look_again(request.scope)
            return pages.admit(request, *readers)

        admit()
        seen = request.headers.get("last-event-id", "")
        start = int(seen) if seen.isdigit() else after
        return EventSourceResponse(
            _events(desk, pages, start, admit), ping=3600, headers={"Cache-Control": "no-store"}
        )


async def _events(
    desk: DeskServices, pages: Pages, after: int | None, admit: Callable[[], object]
) -> AsyncIterator[ServerSentEvent]:
    """Ends where `admit` raises: whoever is let in no longer hears nothing more."""

    def pulse() -> ServerSentEvent:
        return ServerSentEvent(
            event="pulse",
            data=orjson.dumps({"now": rfc3339(pages.clock()), "ready": desk.board.ready}).decode(),
        )

    loop = asyncio.get_running_loop()
    yield pulse()
    heard = loop.time()
    async for change in desk.board.subscribe(after):
        try:
            admit()
        except Problem:
            return
        if change is None and loop.time() - heard < PULSE:
            continue
        heard = loop.time()
        yield pulse() if change is None else ServerSentEvent(event="case", data=change[1], id=str(change[0]))
