"""The search itself: windows of the trail, each bounded at both ends, until a page is full or the time is up.

Invariant: records never change, so a page read again is the same page, and no record is passed over between two pages.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.audit.trail import Stored, Trail
from services.audit.views import Filter, Order
from shared.facts import rfc3339

_BUDGET = 2.0
"""Seconds a page may be searched for; the next one goes on from there."""
_FIRST_WINDOW, _FIRST_INDEXED, _LAST_WINDOW, _LAST_TEXT_WINDOW = 256, 4_096, 16_384, 2_048
_TEXTS = 500
"""Texts looked at in one question to the store."""
_SLACK = timedelta(minutes=5)
"""Broker times follow the order of the trail but for steps of its clock, which are smaller than this."""
_CURSOR = re.compile(r"([no])(\d{1,18})")


class BadCursor(ValueError):
    """Not a cursor of this search."""


@dataclass(frozen=True)
class Found:
    entries: list[Stored]
    next: str | None
    searched_to: int | None


async def search(trail: Trail, what: Filter, size: int, *, cursor: str | None, limit: int, order: Order) -> Found:
    low, high = await _bounds(trail, what, size)
    newest = order is Order.NEWEST
    if cursor is not None:
        at = _read_cursor(cursor, newest)
        low, high = (low, min(high, at)) if newest else (max(low, at), high)
    if what.case is not None:
        return await _in_case(trail, what, low, high, limit, newest)
    also, ends_at = _query(what), asyncio.get_running_loop().time() + _BUDGET
    window = _FIRST_INDEXED if what.unit or what.person else max(_FIRST_WINDOW, 2 * limit)
    entries: list[Stored] = []
    while low < high:
        start, end = (max(low, high - window), high) if newest else (low, min(high, low + window))
        found = await _with_text(trail, what, await trail.entries(start, end, also))
        entries += reversed(found) if newest else found
        low, high = (low, start) if newest else (end, high)
        if len(entries) >= limit or asyncio.get_running_loop().time() > ends_at:
            break
        window = min(window * 2, _LAST_TEXT_WINDOW if what.text else _LAST_WINDOW)
    return _cut(entries, low, high, limit, newest)


def _cut(entries: list[Stored], low: int, high: int, limit: int, newest: bool) -> Found:
    if len(entries) > limit:
        entries = entries[:limit]
        low, high = (low, entries[-1].index) if newest else (entries[-1].index + 1, high)
    rest = high if newest else low
    return Found(entries, f"{'n' if newest else 'o'}{rest}" if low < high else None, rest)


def _read_cursor(cursor: str, newest: bool) -> int:
    match = _CURSOR.fullmatch(cursor)
    if match is None or (match[1] == "n") != newest:
        raise BadCursor(f"{cursor!r} is no cursor of this search: take `next` of the page before, with the same order")
    return int(match[2])


async def _in_case(trail: Trail, what: Filter, low: int, high: int, limit: int, newest: bool) -> Found:
    """A case's records stand together under its own index."""
    assert what.case is not None
    entries: list[Stored] = []
    step = 500
    while more := await trail.of_case(what.case, start := len(entries) + 1, start + step):
        entries += more
        if len(more) < step:
            break
    matches = _matcher(what)
    found = await _with_text(trail, what, [entry for entry in entries if low <= entry.index < high and matches(entry)])
    if newest:
        found.reverse()
    more = len(found) > limit
    found = found[:limit]
    if not more:
        return Found(found, None, low if newest else high)
    rest = found[-1].index if newest else found[-1].index + 1
    return Found(found, f"{'n' if newest else 'o'}{rest}", rest)


_EQUAL = ("kind", "level", "category", "area", "lapse")
_AMONG = {"unit": "units", "person": "persons", "channel": "channels", "outcome": "outcomes"}


def _query(what: Filter) -> dict[str, Any]:
    query: dict[str, Any] = {name: value for name in _EQUAL if (value := getattr(what, name)) is not None}
    query |= {field: value for name, field in _AMONG.items() if (value := getattr(what, name)) is not None}
    time = {op: rfc3339(at) for op, at in (("$gte", what.since), ("$lte", what.until)) if at is not None}
    return {**query, "time": time} if time else query


def _matcher(what: Filter) -> Callable[[Stored], bool]:
    """The same question, asked of a record in hand."""
    query = _query(what)
    time = query.pop("time", {})

    def matches(entry: Stored) -> bool:
        for field, wanted in query.items():
            held = entry.fields[field]
            if wanted not in held if isinstance(held, list) else wanted != held:
                return False
        return time.get("$gte", "") <= entry.fields["time"] <= time.get("$lte", "~")

    return matches


async def _with_text(trail: Trail, what: Filter, entries: list[Stored]) -> list[Stored]:
    if what.text is None or not entries:
        return entries
    texts: dict[int, str] = {}
    for at in range(0, len(entries), _TEXTS):
        texts |= await trail.texts([entry.index for entry in entries[at : at + _TEXTS]])
    wanted = what.text.casefold()
    return [entry for entry in entries if wanted in texts.get(entry.index, "").casefold()]


async def _bounds(trail: Trail, what: Filter, size: int) -> tuple[int, int]:
    """The part of the trail that can hold the time asked for, by bisection: a few reads of single records."""
    low = await _first_at(trail, size, rfc3339(what.since - _SLACK)) if what.since else 0
    high = await _first_at(trail, size, rfc3339(what.until + _SLACK)) if what.until else size
    return low, high


async def _first_at(trail: Trail, size: int, time: str) -> int:
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        entry = await trail.entry(middle)
        if entry is None or entry.fields["time"] < time:
            low = middle + 1
        else:
            high = middle
    return low
