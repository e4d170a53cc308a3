"""Puts reads on record: a `read` fact for each window that is due, for as long as the broker needs to take
it.

Invariant: what could not be sent stays in the journal; at a stop all that was read is sent first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import structlog

from services.audit.custody.reads import Reads, ReadWindow, fact_of
from shared.broker.forever import AWAY, forever
from shared.concurrent import happens
from shared.facts import Fact
from shared.facts.authors import SOURCES, Author
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = SOURCES[Author.AUDIT][0]
Append = Callable[[str, bytes, str], Awaitable[object]]
"""(subject, fact, message id)"""
_IDLE, _LAST_TRY = 5.0, 3.0


class ReadsOnRecord:
    def __init__(self, reads: Reads, append: Append, clock: Callable[[], datetime]) -> None:
        self._reads, self._append, self._clock = reads, append, clock
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A file was taken away: not to be waited with."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; then what is left is sent."""
        try:
            await forever(self._send_due_and_rest, "reads_wait")
        finally:
            with suppress(*AWAY):
                async with asyncio.timeout(_LAST_TRY):
                    await self._send_due(all_of_them=True)

    async def _send_due_and_rest(self) -> None:
        await self._send_due()
        await self._rest()

    async def _send_due(self, *, all_of_them: bool = False) -> None:
        """What can't be sent stays in the journal. Raises NatsError or OSError."""
        self._wake.clear()
        for window in self._reads.due(self._clock(), all_of_them=all_of_them):
            await self._send(window)

    async def _send(self, window: ReadWindow) -> None:
        data = fact_of(window)
        fact = Fact.of(Kind.READ, id=window.id, source=SOURCE, subject=None, time=data.last_at, data=data)
        await self._append(fact_subject(data.by.principal, Kind.READ), fact.write(), window.id)
        self._reads.sent(window)
        log.info(
            "read_on_record", by=data.by.principal, role=data.by.role, how=data.how, records=data.records
        )

    async def _rest(self) -> None:
        due = self._reads.next_due()
        wait = _IDLE if due is None else min(_IDLE, max(0.02, (due - self._clock()).total_seconds()))
        await happens(self._wake, wait)
