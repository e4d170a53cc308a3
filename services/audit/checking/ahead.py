"""A store's records read window by window, the next one while this one is examined.

Invariant: at most two windows are held. It only reads ahead: where a window can't be read as a whole, each bundle is asked for by itself,
and what is missing is told there.
"""

import asyncio
from dataclasses import dataclass

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail
from services.audit.records import record
from services.audit.records.payloads import Payload
from services.audit.store.trail import Stored

WINDOW = 1_024
"""Records: one range of the entries, one question of 64 keys for their payloads. Some 20 MB with all that is parsed of them."""

_STEPS = 4


@dataclass
class _Window:
    start: int
    entries: dict[int, Stored]
    payloads: dict[int, Payload]


class Ahead:
    """Records [first, last)."""

    def __init__(self, reader: TrailReader, first: int, last: int, *, payloads: bool) -> None:
        self._reader, self._first, self._last, self._with_payloads = reader, first, last, payloads
        self._window: _Window | None = None
        self._next: asyncio.Task[_Window] | None = None

    async def entries(self, start: int, end: int) -> list[Stored]:
        """Raises what the reader raises."""
        window = await self._at(start) if self._first <= start and end <= self._last else None
        if window is None:
            return await self._reader.stored(start, end)
        return [window.entries[index] for index in range(start, end) if index in window.entries]

    async def payloads(self, entries: list[Stored]) -> dict[int, Payload]:
        """Of records of one bundle. What was not found where it ordinarily lies, or is not the record's, is looked for everywhere."""
        await _let_go_on()
        window = self._window
        if window is None or not self._with_payloads or not all(entry.index in window.entries for entry in entries):
            return await self._reader.payloads([entry.index for entry in entries])
        found = {entry.index: window.payloads.pop(entry.index, None) for entry in entries}
        doubtful = [entry.index for entry in entries if not _fits(entry, found[entry.index])]
        sure = {index: payload for index, payload in found.items() if payload is not None}
        return sure | (await self._reader.payloads(doubtful) if doubtful else {})

    async def _at(self, start: int) -> _Window | None:
        at = start - start % WINDOW
        if self._window is None or self._window.start != at:
            reading, self._next = self._next or self._begin(at), None
            try:
                self._window = await reading
                if self._window.start != at:
                    self._window = await self._begin(at)
            except NotInTrail:
                self._window = None
                return None
            if at + WINDOW < self._last:
                self._next = self._begin(at + WINDOW)
        await _let_go_on()
        return self._window

    def _begin(self, at: int) -> asyncio.Task[_Window]:
        return asyncio.create_task(self._read(at))

    async def _read(self, at: int) -> _Window:
        start, end = max(at, self._first), min(at + WINDOW, self._last)
        if not self._with_payloads:
            entries, payloads = await self._reader.stored(start, end), {}
        else:
            entries, payloads = await asyncio.gather(self._reader.stored(start, end), self._reader.payloads_between(start, end))
        return _Window(at, {entry.index: entry for entry in entries}, payloads)

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
            self._next = None


async def _let_go_on() -> None:
    """An examination never waits: the reading ahead takes its steps (task, question, answer) here, twice a bundle."""
    for _ in range(_STEPS):
        await asyncio.sleep(0)


def _fits(entry: Stored, payload: Payload | None) -> bool:
    """Whether the record's bytes name the payload's digest somewhere: where two payloads cover a record, which one is its own."""
    return payload is not None and payload.raw is not None and record.digest_of(payload.salt, payload.raw).encode() in entry.rec
