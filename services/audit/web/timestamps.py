"""Time stamps and the SM3 digest over HTTP: they prove themselves and hold nothing personal."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from services.audit.reading.reader import TrailReader
from services.audit.records import timestamp as timestamps
from services.audit.records.timestamp import Stamp
from services.audit.store.timestamps import TimestampStore
from shared.door import doorway
from shared.http_fields import Index

SHOWN = 100_000
"""Checkpoints looked back on: more than a day of one a second."""


def timestamps_router(reader: TrailReader, store: TimestampStore) -> APIRouter:
    router = APIRouter(tags=["time stamps"])

    @router.get("/checkpoint.sm3", response_class=PlainTextResponse)
    @doorway(is_open=True)
    async def sm3() -> PlainTextResponse:
        """SM3 of the last checkpoint's signed text (what stands above the empty line), and its size."""
        signed = await reader.checkpoints.newest()
        return PlainTextResponse(
            f"{timestamps.digest_of(signed.note)}  {signed.size}\n", headers={"Cache-Control": "no-cache"}
        )

    @router.get("/api/v1/trail/timestamps")
    @doorway(is_open=True)
    async def stamps(
        start: Annotated[
            Index | None,
            Query(description="number of the first checkpoint; the last 100,000 where it is left out"),
        ] = None,
    ) -> tuple[Stamp, ...]:
        """What a time-stamping authority said of which checkpoint, the oldest first."""
        newest = (await reader.checkpoints.newest()).number
        first = max(0, newest - SHOWN) if start is None else start
        return tuple(await store.between(first, min(first + SHOWN, newest) + 1))

    return router
