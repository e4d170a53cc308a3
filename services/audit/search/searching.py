"""The search itself: the index names records, each is looked at, until a page is full or the time is up; what the index does not
know (yet) is walked in windows bounded at both ends.

Invariant: records never change, so a page read again is the same page, and no record is passed over between two pages. A search
that its time cut short says to where it got.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import islice

from services.audit.reading.views import Filter, Order
from services.audit.records.fields import searched_words
from services.audit.search import tiles
from services.audit.search.index import SearchIndex
from services.audit.search.plan import Below, Plan, none_below, plan_of
from services.audit.search.terms import Macs
from services.audit.search.tiles import BLOCK, Block
from services.audit.store.trail import Stored, Trail
from shared.facts import rfc3339

_BUDGET = 2.0
"""Seconds a page may be searched for; the next one goes on from there."""
_FIRST_WINDOW, _LAST_WINDOW, _LAST_TEXT_WINDOW = 256, 8_192, 2_048
_STEPS = (4, 8, 16)
"""Blocks asked about at once: few first, a common thing is found in them."""
_TEXTS = 500
"""Texts looked at in one question to the store."""
_NAMED = 400
"""Records named by the index that are looked at at once."""
_SLACK = timedelta(minutes=5)
"""Broker times follow the order of the trail but for steps of its clock, which are smaller than this."""
_AHEAD = timedelta(days=1)
"""An author's clock may be ahead of the broker's by so much and still be found by the time it claims."""
_CURSOR = re.compile(r"([no])(\d{1,18})\.([0-9a-f]{8})")
_TIMES_KEPT = 4_096


class BadCursor(ValueError):
    """Not a cursor of this search."""


@dataclass(frozen=True)
class Found:
    entries: list[Stored]
    here: str
    """The cursor of this very page."""
    next: str | None
    searched_to: int
    cut: bool
    """It ended because its time was up."""


@dataclass(frozen=True)
class _Bounds:
    low: int
    high: int
    newest: bool

    def ordered(self, blocks: Sequence[Block]) -> list[Block]:
        """Those that have a part in it, in the order of the search."""
        kept = sorted((block for block in blocks if block.start < self.high and block.end > self.low), key=lambda block: block.start)
        return kept[::-1] if self.newest else kept


Step = tuple[list[Stored], int]
"""Records found, and to where all is searched now."""


class Searcher:
    def __init__(self, trail: Trail, *, macs: Macs | None = None, below: Below = none_below) -> None:
        self._trail, self._below = trail, below
        self._index = SearchIndex(trail.search, macs)
        self._times: OrderedDict[int, str] = OrderedDict()

    async def search(self, what: Filter, size: int, *, cursor: str | None, limit: int, order: Order) -> Found:
        """Among the first `size` records. Raises BadCursor."""
        newest, mark = order is Order.NEWEST, _mark_of(what, order)
        here = size if newest else 0
        if cursor is not None:
            here = _read_cursor(cursor, mark, order)
        low, high = await self._window(what, size)
        bounds = _Bounds(low, min(high, here), newest) if newest else _Bounds(max(low, here), high, newest)
        plan, ends_at = plan_of(what, self._below), asyncio.get_running_loop().time() + _BUDGET
        steps = self._in_case(what.case, plan, bounds) if what.case is not None else self._walk(plan, bounds, size, limit)
        entries: list[Stored] = []
        reached, cut = bounds.high if newest else bounds.low, False
        async for found, reached in steps:  # noqa: B007 - used below
            entries += found
            if len(entries) > limit or (cut := asyncio.get_running_loop().time() > ends_at):
                break
        if len(entries) > limit:
            entries, cut = entries[:limit], False
            reached = entries[-1].index if newest else entries[-1].index + 1
        ended = reached <= bounds.low if newest else reached >= bounds.high
        return Found(entries, f"{mark[0]}{here}{mark[1]}", None if ended else f"{mark[0]}{reached}{mark[1]}", reached, cut and not ended)

    # --- the ways -------------------------------------------------------------------------------------------------------

    async def _walk(self, plan: Plan, bounds: _Bounds, size: int, limit: int) -> AsyncIterator[Step]:
        if bounds.low >= bounds.high:
            return
        edge = size - size % BLOCK if plan.is_indexed else 0
        ways = [
            self._window_by_window(plan, max(bounds.low, edge), bounds.high, bounds.newest, limit),
            self._block_by_block(plan, bounds.ordered(tiles.cover(bounds.low, min(bounds.high, edge), size)), bounds, limit),
        ]
        for way in ways if bounds.newest else reversed(ways):
            async for step in way:
                yield step

    async def _window_by_window(self, plan: Plan, low: int, high: int, newest: bool, limit: int) -> AsyncIterator[Step]:
        window = max(_FIRST_WINDOW, 2 * limit)
        while low < high:
            start, end = (max(low, high - window), high) if newest else (low, min(high, low + window))
            found = await self._looked_at(plan, await self._trail.entries(start, end), newest)
            low, high = (low, start) if newest else (end, high)
            yield found, high if newest else low
            window = min(window * 2, _LAST_TEXT_WINDOW if plan.words else _LAST_WINDOW)

    async def _block_by_block(self, plan: Plan, blocks: Sequence[Block], bounds: _Bounds, limit: int) -> AsyncIterator[Step]:
        for part in _growing(blocks):
            named = await self._index.candidates(part, plan)
            for block in part:
                low, high = max(block.start, bounds.low), min(block.end, bounds.high)
                if (bitmap := named[block]) is not None:
                    way = self._named(plan, block, bitmap & tiles.within(low - block.start, high - block.start), bounds.newest, limit)
                elif block.level:
                    way = self._block_by_block(plan, bounds.ordered(block.children()), bounds, limit)
                else:
                    way = self._window_by_window(plan, low, high, bounds.newest, limit)
                async for step in way:
                    yield step
                yield [], low if bounds.newest else high

    async def _named(self, plan: Plan, block: Block, bitmap: int, newest: bool, limit: int) -> AsyncIterator[Step]:
        offsets: Iterator[int] = tiles.offsets_from_the_top(bitmap) if newest else tiles.offsets(bitmap)
        at_once = limit + 1
        while batch := [block.start + offset for offset in islice(offsets, at_once)]:
            found = await self._looked_at(plan, await self._trail.entries_at(batch), newest)
            yield found, batch[-1] if newest else batch[-1] + 1
            at_once = _NAMED

    async def _in_case(self, case: str, plan: Plan, bounds: _Bounds) -> AsyncIterator[Step]:
        """A case's records stand together under its own index."""
        entries: list[Stored] = []
        step = 500
        while more := await self._trail.of_case(case, start := len(entries) + 1, start + step):
            entries += more
            if len(more) < step:
                break
        among = [entry for entry in entries if bounds.low <= entry.index < bounds.high]
        yield await self._looked_at(plan, among, bounds.newest), bounds.low if bounds.newest else bounds.high

    async def _looked_at(self, plan: Plan, entries: Sequence[Stored], newest: bool) -> list[Stored]:
        """Those that are answers, in the order of the search."""
        found = [entry for entry in entries if plan.fits(entry)]
        if plan.words is not None:
            texts: dict[int, str | None] = {}
            for at in range(0, len(found), _TEXTS):
                held = await self._trail.payloads([entry.index for entry in found[at : at + _TEXTS]])
                texts |= {index: searched_words(payload.envelope) for index, payload in held.items()}
            found = [entry for entry in found if plan.has_words(texts.get(entry.index))]
        return found[::-1] if newest else found

    # --- the time -------------------------------------------------------------------------------------------------------

    async def _window(self, what: Filter, size: int) -> tuple[int, int]:
        """The part of the trail that can hold the times asked for, by galloping: a few reads of single records, each once."""
        starts = [at - slack for at, slack in ((what.since, _SLACK), (what.claimed_since, _AHEAD)) if at is not None]
        low = await self._first_at(size, rfc3339(max(starts))) if starts else 0
        high = await self._first_at(size, rfc3339(what.until + _SLACK)) if what.until else size
        return low, high

    async def _first_at(self, size: int, time: str) -> int:
        """The first record stored at `time` or later. The records looked at lie at the same places whatever the size."""
        first = 0
        for bit in range(size.bit_length() - 1, -1, -1):
            at = first + (1 << bit)
            if at <= size and await self._time_of(at - 1) < time:
                first = at
        return first

    async def _time_of(self, index: int) -> str:
        known = self._times.get(index)
        if known is None:
            entry = await self._trail.entry(index)
            known = self._times[index] = entry.fields["time"] if entry is not None else ""
            if len(self._times) > _TIMES_KEPT:
                self._times.popitem(last=False)
        return known


def _growing(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    at = 0
    for number in range(len(blocks)):
        step = _STEPS[min(number, len(_STEPS) - 1)]
        if at >= len(blocks):
            return
        yield blocks[at : at + step]
        at += step


def _mark_of(what: Filter, order: Order) -> tuple[str, str]:
    """What begins and ends the cursors of a search: its order, and a digest of what it asks for."""
    asked = what.model_dump_json(exclude_none=True).encode()
    return order.value[0], f".{blake2b(asked, digest_size=4).hexdigest()}"


def _read_cursor(cursor: str, mark: tuple[str, str], order: Order) -> int:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise BadCursor(f"{cursor[:60]!r} is no cursor: take `next` of the page before as it is, or leave it out for the first page")
    if match[1] != mark[0]:
        raise BadCursor(f"this cursor goes on in the other order: ask with it as before, or leave it out to begin anew ({order} first)")
    if f".{match[3]}" != mark[1]:
        raise BadCursor("this cursor goes on with another question: repeat what was asked with it, or leave it out to begin anew")
    return int(match[2])
