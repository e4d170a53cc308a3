"""Tells open pages which case has changed, and every few seconds that the line still works and what time it is.

Invariant: a page hears of every change after the revision it was made with, or its line breaks; it never looks live without
being so. The pulse is an event, not a comment: a script can't see comments, and a half-open line looks like silence.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.intake.desk_services import DeskServices
from shared.facts import rfc3339
from shared.ids import CaseId
from shared.vocabulary import Role
from shared.web import Pages

PULSE = 5.0
"""Seconds between pulses; static/live.js calls the line lost after three are missed."""


def add_stream(router: APIRouter, desk: DeskServices, pages: Pages, readers: tuple[Role, ...]) -> None:
    @router.get("/desk/stream")
    async def stream(request: Request, after: int | None = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        pages.admit(request, *readers)
        seen = request.headers.get("last-event-id", "")
        start = int(seen) if seen.isdigit() else after
        return EventSourceResponse(_events(desk, pages, start), ping=3600, headers={"Cache-Control": "no-store"})


async def _events(desk: DeskServices, pages: Pages, after: int | None) -> AsyncIterator[ServerSentEvent]:
    def pulse() -> ServerSentEvent:
        return ServerSentEvent(event="pulse", data=orjson.dumps({"now": rfc3339(pages.clock()), "ready": desk.board.ready}).decode())

    changes = aiter(desk.board.subscribe(after))
    waiting: asyncio.Task[tuple[int, CaseId]] | None = None
    yield pulse()
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(changes))
            done, _ = await asyncio.wait({waiting}, timeout=PULSE)
            if not done:
                yield pulse()
                continue
            finished, waiting = waiting, None
            try:
                revision, case = finished.result()
            except StopAsyncIteration:
                return
            yield ServerSentEvent(event="case", data=case, id=str(revision))
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting
