"""Reports made from the trail: timeliness by unit, lapses one by one, the trend by day. Read, counted, never stored.

Invariant: a figure counts records up to a named checkpoint, each fact once however often it was delivered.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.audit.fields import effects_of
from services.audit.query import TrailReader
from services.audit.views import CheckpointView, Entry, Filter, Order
from shared.facts import Frozen, Instant
from shared.vocabulary import Kind

_PAGE = 500


class UnitTimeliness(Frozen):
    unit: str
    cases: int
    duties: int
    """Duties the unit owed: whose case it is does not matter, who owes it does."""
    in_time: int
    late: int
    """Done after their limit."""
    lapsed: int
    """Not done by their limit; some of them were done late."""
    reported_late: int
    """Of the lapsed: the unit's own report came after the limit."""


class LapseLine(Frozen):
    index: int
    case: str | None
    unit: str | None
    duty: str
    person: str | None
    cause: str | None
    due_at: str | None
    late_by_seconds: float | None
    stood_in: str | None
    found_at: Instant


class TrendLine(Frozen):
    day: str
    reports: int
    by_category: dict[str, int]
    by_level: dict[str, int]
    by_area: dict[str, int]


class Timeliness(Frozen):
    units: tuple[UnitTimeliness, ...]
    checkpoint: CheckpointView


class Lapses(Frozen):
    lapses: tuple[LapseLine, ...]
    checkpoint: CheckpointView


class Trend(Frozen):
    days: tuple[TrendLine, ...]
    checkpoint: CheckpointView


class Projections:
    def __init__(self, reader: TrailReader, zone: ZoneInfo) -> None:
        self._reader, self._zone = reader, zone

    async def _all(self, what: Filter) -> AsyncIterator[tuple[list[Entry], CheckpointView]]:
        cursor: str | None = None
        while True:
            page = await self._reader.search(what, cursor=cursor, limit=_PAGE, order=Order.OLDEST)
            yield list(page.entries), page.checkpoint
            cursor = page.next
            if cursor is None:
                return

    async def _decisions(self, what: Filter) -> AsyncIterator[tuple[list[tuple[Entry, list[dict[str, Any]]]], CheckpointView]]:
        """Decisions with their effects; a decision stored twice under one id counts once."""
        seen: set[str] = set()
        async for entries, checkpoint in self._all(what):
            payloads = await self._reader.payloads([entry.index for entry in entries])
            found: list[tuple[Entry, list[dict[str, Any]]]] = []
            for entry in entries:
                payload = payloads.get(entry.index)
                envelope = payload.envelope if payload else {}
                name = str(envelope.get("id", entry.index))
                if name in seen:
                    continue
                seen.add(name)
                found.append((entry, effects_of(envelope)))
            yield found, checkpoint

    async def timeliness(self, since: datetime | None, until: datetime | None, unit: str | None) -> Timeliness:
        tally: defaultdict[str, Counter[str]] = defaultdict(Counter)
        checkpoint: CheckpointView | None = None
        async for entries, checkpoint in self._all(Filter(kind=Kind.REPORTED, since=since, until=until, unit=unit)):  # noqa: B007 - used below
            for entry in entries:
                tally[entry.unit or "-"]["cases"] += 1
        async for decisions, checkpoint in self._decisions(Filter(kind=Kind.DECIDED, since=since, until=until, unit=unit)):  # noqa: B007
            for entry, effects in decisions:
                for effect in effects:
                    owing = str(effect.get("unit") or entry.unit or "-")
                    if unit is None or owing == unit:
                        _count(tally[owing], effect)
        assert checkpoint is not None
        names = [name for name in UnitTimeliness.model_fields if name != "unit"]
        units = [UnitTimeliness(unit=unit, **{name: counts[name] for name in names}) for unit, counts in sorted(tally.items())]
        return Timeliness(units=tuple(units), checkpoint=checkpoint)

    async def lapses(self, since: datetime | None, until: datetime | None, unit: str | None) -> Lapses:
        lines: list[LapseLine] = []
        checkpoint: CheckpointView | None = None
        async for decisions, checkpoint in self._decisions(Filter(lapse=True, since=since, until=until, unit=unit)):  # noqa: B007 - used below
            for entry, effects in decisions:
                lines += [
                    LapseLine(
                        index=entry.index,
                        case=entry.case,
                        unit=effect.get("unit") or entry.unit,
                        duty=str(effect.get("duty")),
                        found_at=entry.time,
                        **{name: effect.get(name) for name in ("person", "cause", "due_at", "late_by_seconds", "stood_in")},
                    )
                    for effect in effects
                    if effect.get("kind") == "lapsed"
                ]
        assert checkpoint is not None
        return Lapses(lapses=tuple(lines), checkpoint=checkpoint)

    async def trend(self, since: datetime | None, until: datetime | None, unit: str | None) -> Trend:
        days: defaultdict[str, list[Entry]] = defaultdict(list)
        checkpoint: CheckpointView | None = None
        async for entries, checkpoint in self._all(Filter(kind=Kind.REPORTED, since=since, until=until, unit=unit)):  # noqa: B007 - used below
            for entry in entries:
                days[entry.time.astimezone(self._zone).date().isoformat()].append(entry)
        assert checkpoint is not None

        def by(field: str, entries: list[Entry]) -> dict[str, int]:
            return dict(sorted(Counter(str(getattr(entry, field) or "-") for entry in entries).items()))

        lines = [
            TrendLine(
                day=day,
                reports=len(entries),
                by_category=by("category", entries),
                by_level=by("level", entries),
                by_area=by("area", entries),
            )
            for day, entries in sorted(days.items())
        ]
        return Trend(days=tuple(lines), checkpoint=checkpoint)


def _count(counts: Counter[str], effect: dict[str, Any]) -> None:
    match effect.get("kind"):
        case "opened":
            counts["duties"] += 1
        case "discharged":
            counts["late" if (effect.get("late_by_seconds") or 0) > 0 else "in_time"] += 1
        case "lapsed":
            counts["lapsed"] += 1
            counts["reported_late"] += effect.get("cause") == "reported_late"
        case _:
            pass
