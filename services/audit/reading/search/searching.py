"""The search itself: the index names records, each is looked at, until a page is full or the time is up; what
the index does not know (yet) is walked in windows bounded at both ends.

Invariant: records never change, so a page read again is the same page, and no record is passed over between
two pages. A search that its time cut short says to where it got.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import groupby, islice

from services.audit.reading.search.index import SearchIndex
from services.audit.reading.search.plan import Below, SearchPlan, none_below, plan_of
from services.audit.reading.views import Filter, Order
from services.audit.records import search_tiles as tiles
from services.audit.records.fields import searched_words
from services.audit.records.search_terms import Macs
from services.audit.records.search_tiles import BLOCK, Block
from services.audit.records.stored import StoredRecord
from services.audit.store.trail import Trail
from shared.facts import rfc3339
from shared.message import N_, said

_BUDGET = 2.0
"""Seconds a page may be searched for; the next one goes on from there."""
_FIRST_WINDOW, _LAST_WINDOW, _LAST_TEXT_WINDOW = 256, 8_192, 2_048
_STEPS = (4, 12, 32)
"""Blocks asked about at once: few first, a common thing is found in them."""
_TEXTS = 500
"""Texts looked at in one question to the store."""
_FEWEST_NAMED, _NAMED = 16, 400
"""Records named by the index that are looked at at once, at most: as many as the answers still missing ask
for.
"""
_SLACK = timedelta(minutes=5)
"""Broker times follow the order of the trail but for steps of its clock, which are smaller than this."""
_AHEAD = timedelta(days=1)
"""An author's clock may be ahead of the broker's by so much and still be found by the time it claims."""
_CURSOR = re.compile(r"([no])(\d{1,18})\.([0-9a-f]{8})")
_PLACES_BITS, _PLACES_FAN = 8, 4
"""A time is found to a multiple of 256 records, a sixteenth of what is left with each question to the store:
what is asked for is looked at in the records anyway.
"""
_TIMES_KEPT = 16_384
"""Of such multiples: those of four million records."""


class BadCursor(ValueError):
    """Not a cursor of this search."""


@dataclass(frozen=True)
class SearchResult:
    entries: list[StoredRecord]
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
        kept = sorted(
            (block for block in blocks if block.start < self.high and block.end > self.low),
            key=lambda block: block.start,
        )
        return kept[::-1] if self.newest else kept


Step = tuple[list[StoredRecord], int]
"""Records found, and to where all is searched now."""


class Searcher:
    def __init__(self, trail: Trail, *, macs: Macs | None = None, below: Below = none_below) -> None:
        self._trail, self._below = trail, below
        self._index = SearchIndex(trail.search, macs)
        self._times: OrderedDict[int, str] = OrderedDict()
        self._edge: list[StoredRecord] = []
        """The records behind the last whole block: part of every question, and fewer than a block."""

    async def search(
        self, record_filter: Filter, size: int, *, cursor: str | None, limit: int, order: Order
    ) -> SearchResult:
        """Among the first `size` records. Raises BadCursor."""
        newest, mark = order is Order.NEWEST, _mark_of(record_filter, order)
        here = size if newest else 0
        if cursor is not None:
            here = _read_cursor(cursor, mark, order)
        low, high = await self._window(record_filter, size)
        bounds = _Bounds(low, min(high, here), newest) if newest else _Bounds(max(low, here), high, newest)
        plan, ends_at = plan_of(record_filter, self._below), asyncio.get_running_loop().time() + _BUDGET
        steps = (
            self._in_case(record_filter.case, plan, bounds)
            if record_filter.case is not None
            else self._walk(plan, bounds, size, limit)
        )
        entries: list[StoredRecord] = []
        reached, cut = bounds.high if newest else bounds.low, False
        async for batch, reached in steps:  # noqa: B007 - used below
            entries += batch
            if len(entries) > limit or (cut := asyncio.get_running_loop().time() > ends_at):
                break
        if len(entries) > limit:
            entries, cut = entries[:limit], False
            reached = entries[-1].index if newest else entries[-1].index + 1
        ended = reached <= bounds.low if newest else reached >= bounds.high
        return SearchResult(
            entries,
            f"{mark[0]}{here}{mark[1]}",
            None if ended else f"{mark[0]}{reached}{mark[1]}",
            reached,
            cut and not ended,
        )

    # --- the ways
    # -------------------------------------------------------------------------------------------------------

    async def _walk(self, plan: SearchPlan, bounds: _Bounds, size: int, limit: int) -> AsyncIterator[Step]:
        if bounds.low >= bounds.high:
            return
        edge = size - size % BLOCK if plan.is_indexed else 0
        low = max(bounds.low, edge)
        ways = [
            self._at_the_edge(plan, low, bounds, edge, size)
            if plan.is_indexed
            else self._window_by_window(plan, low, bounds.high, bounds.newest, limit),
            self._block_by_block(
                plan, bounds.ordered(tiles.cover(bounds.low, min(bounds.high, edge), size)), bounds, limit
            ),
        ]
        for way in ways if bounds.newest else reversed(ways):
            async for step in way:
                yield step

    async def _at_the_edge(
        self, plan: SearchPlan, low: int, bounds: _Bounds, edge: int, size: int
    ) -> AsyncIterator[Step]:
        high = bounds.high
        if low >= high:
            return
        edge_records = await self._behind(edge, size)
        while low < high:
            start, end = (
                (max(low, high - _FIRST_WINDOW), high)
                if bounds.newest
                else (low, min(high, low + _FIRST_WINDOW))
            )
            fitting = await self._looked_at(
                plan, [entry for entry in edge_records if start <= entry.index < end], bounds.newest
            )
            low, high = (low, start) if bounds.newest else (end, high)
            yield fitting, high if bounds.newest else low

    async def _behind(self, edge: int, size: int) -> list[StoredRecord]:
        """Records [edge, size): only what came since the last question is read."""
        records = self._edge if self._edge and self._edge[0].index == edge else []
        if edge + len(records) < size:
            records = [*records, *await self._trail.entries.between(edge + len(records), size)]
        if len(records) == size - edge:
            self._edge = records
        return records

    async def _window_by_window(
        self, plan: SearchPlan, low: int, high: int, newest: bool, limit: int
    ) -> AsyncIterator[Step]:
        window = max(_FIRST_WINDOW, 2 * limit) if plan.is_indexed else limit + 1
        while low < high:
            start, end = (max(low, high - window), high) if newest else (low, min(high, low + window))
            found = await self._looked_at(plan, await self._trail.entries.between(start, end), newest)
            low, high = (low, start) if newest else (end, high)
            yield found, high if newest else low
            window = min(window * 2, _LAST_TEXT_WINDOW if plan.words else _LAST_WINDOW)

    async def _block_by_block(
        self, plan: SearchPlan, blocks: Sequence[Block], bounds: _Bounds, limit: int
    ) -> AsyncIterator[Step]:
        for part in _growing(blocks):
            bitmaps = await self._index.candidates(part, plan)
            for is_known, some in groupby(part, lambda block: bitmaps[block] is not None):  # noqa: B023 - used up in this round
                blocks_alike = list(some)
                if is_known:
                    ways = [self._named(plan, _indexes(blocks_alike, bitmaps, bounds), bounds.newest, limit)]
                else:
                    ways = [self._unknown(plan, block, bounds, limit) for block in blocks_alike]
                for way in ways:
                    async for step in way:
                        yield step
                last = blocks_alike[-1]
                yield [], max(last.start, bounds.low) if bounds.newest else min(last.end, bounds.high)

    def _unknown(self, plan: SearchPlan, block: Block, bounds: _Bounds, limit: int) -> AsyncIterator[Step]:
        if block.level:
            return self._block_by_block(plan, bounds.ordered(block.children()), bounds, limit)
        return self._window_by_window(
            plan, max(block.start, bounds.low), min(block.end, bounds.high), bounds.newest, limit
        )

    async def _named(
        self, plan: SearchPlan, indexes: Iterator[int], newest: bool, limit: int
    ) -> AsyncIterator[Step]:
        """Records of several blocks, in the order of the search: few are one question to the store wherever
        they lie.
        """
        missing = at_once = limit + 1
        while batch := list(islice(indexes, at_once)):
            fitting = await self._looked_at(plan, await self._trail.entries.some(batch), newest)
            yield fitting, batch[-1] if newest else batch[-1] + 1
            missing = max(missing - len(fitting), 1)
            at_once = min(
                max(_FEWEST_NAMED, 2 * missing * len(batch) // max(len(fitting), 1)), 2 * len(batch), _NAMED
            )

    async def _in_case(self, case: str, plan: SearchPlan, bounds: _Bounds) -> AsyncIterator[Step]:
        """A case's records stand together under its own index."""
        entries: list[StoredRecord] = []
        step = 500
        while more := await self._trail.entries.of_case(case, start := len(entries) + 1, start + step):
            entries += more
            if len(more) < step:
                break
        among = [entry for entry in entries if bounds.low <= entry.index < bounds.high]
        yield await self._looked_at(plan, among, bounds.newest), bounds.low if bounds.newest else bounds.high

    async def _looked_at(
        self, plan: SearchPlan, entries: Sequence[StoredRecord], newest: bool
    ) -> list[StoredRecord]:
        """Those that are answers, in the order of the search."""
        fitting = [entry for entry in entries if plan.fits(entry)]
        if plan.words is not None:
            texts: dict[int, str | None] = {}
            for at in range(0, len(fitting), _TEXTS):
                payloads = await self._trail.payloads.of(fitting[at : at + _TEXTS])
                texts |= {index: searched_words(payload.envelope) for index, payload in payloads.items()}
            fitting = [entry for entry in fitting if plan.has_words(texts.get(entry.index))]
        return fitting[::-1] if newest else fitting

    # --- the time
    # -------------------------------------------------------------------------------------------------------

    async def _window(self, record_filter: Filter, size: int) -> tuple[int, int]:
        """A part of the trail outside of which no record can have the times asked for."""
        starts = [
            at - slack
            for at, slack in ((record_filter.since, _SLACK), (record_filter.claimed_since, _AHEAD))
            if at is not None
        ]
        low = await self._place_before(size, rfc3339(max(starts)), _last_before) if starts else 0
        high = (
            await self._place_before(size, rfc3339(record_filter.until + _SLACK), _first_after)
            + (1 << _PLACES_BITS)
            if record_filter.until
            else size
        )
        return low, min(high, size)

    async def _place_before(self, size: int, time: str, before: Callable[[Sequence[str], str], int]) -> int:
        """The last multiple of 256 below which all was stored before `time`; what has left the store is for
        `before` to judge. The places looked at are the same whatever the size.
        """
        place, bits = 0, _PLACES_BITS
        while size >> bits + _PLACES_FAN:
            bits += _PLACES_FAN
        while bits >= _PLACES_BITS:
            places = range(place + (1 << bits), min(place + (1 << bits + _PLACES_FAN), size + 1), 1 << bits)
            times = await self._times_before(places)
            place += before(times, time) << bits
            bits -= _PLACES_FAN
        return place

    async def _times_before(self, places: Sequence[int]) -> list[str]:
        """Of each the time of the record just before it; empty of one that has left the store."""
        if unknown := [place - 1 for place in places if place not in self._times]:
            stored = await self._trail.entries.times_at(unknown)
            self._times |= {index + 1: stored.get(index, "") for index in unknown}
        times = [self._times[place] for place in places]
        while len(self._times) > _TIMES_KEPT:
            self._times.popitem(last=False)
        return times


def _last_before(times: Sequence[str], time: str) -> int:
    """How many of these lie before it, the unknown taken for later."""
    return max((number for number, at in enumerate(times, 1) if at and at < time), default=0)


def _first_after(times: Sequence[str], time: str) -> int:
    """The same, the unknown taken for earlier."""
    return next((number for number, at in enumerate(times) if at >= time), len(times))


def _indexes(blocks: Sequence[Block], bitmaps: Mapping[Block, int | None], bounds: _Bounds) -> Iterator[int]:
    """The records these bitmaps name within the bounds, in the order of the blocks."""
    for block in blocks:
        named = (bitmaps[block] or 0) & tiles.within(
            max(bounds.low - block.start, 0), min(bounds.high, block.end) - block.start
        )
        for offset in tiles.offsets_from_the_top(named) if bounds.newest else tiles.offsets(named):
            yield block.start + offset


def _growing(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    at = 0
    for number in range(len(blocks)):
        step = _STEPS[min(number, len(_STEPS) - 1)]
        if at >= len(blocks):
            return
        yield blocks[at : at + step]
        at += step


def _mark_of(record_filter: Filter, order: Order) -> tuple[str, str]:
    """What begins and ends the cursors of a search: its order, and a digest of what it asks for."""
    asked = record_filter.model_dump_json(exclude_none=True).encode()
    return order.value[0], f".{blake2b(asked, digest_size=4).hexdigest()}"


def _read_cursor(cursor: str, mark: tuple[str, str], order: Order) -> int:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise BadCursor(
            said(
                N_(
                    "%(cursor)s is no cursor: take `next` of the page before as it is, or leave it out for the first page"
                ),
                cursor=repr(cursor[:60]),
            )
        )
    if match[1] != mark[0]:
        raise BadCursor(
            said(
                N_(
                    "this cursor goes on in the other order: ask with it as before, or leave it out to begin anew (%(order)s first)"
                ),
                order=order,
            )
        )
    if f".{match[3]}" != mark[1]:
        raise BadCursor(
            N_(
                "this cursor goes on with another question: repeat what was asked with it, or leave it out to begin anew"
            )
        )
    return int(match[2])
