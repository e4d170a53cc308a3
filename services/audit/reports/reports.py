"""The reports as they are asked for: one pass over the trail for all of them, and its result kept while it
still holds.

Invariant: an answer holds up to the checkpoint it names. One count runs at a time, so that memory stays
bounded however many ask.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail, checkpoint_view
from services.audit.records.actors import RecentIds
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from services.audit.reports import outcomes
from services.audit.reports.answering import Answering, Fields
from services.audit.reports.area_asked import AskedArea
from services.audit.reports.counting import Counting
from services.audit.reports.figures import ALL
from services.audit.reports.reading import ReportedFact, counts, first_at, pages, read, stands
from services.audit.reports.supervised import Supervised
from services.audit.reports.views import (
    Answer,
    FigureRecords,
    Holding,
    Lapses,
    Reachability,
    Resolution,
    Timeliness,
    Trend,
)
from services.audit.reports.window import Window
from shared.directory import Directory
from shared.forms import NO_FORMS, Forms
from shared.message import N_, said

A = TypeVar("A", bound=Answer)
_KEPT = 3
_BEGINNING, _LATELY = 100, 500
"""Of a matter that began before: so many of its first records are read, and so many of its last before the
window.
"""
_FULLY = 86_400
"""Seconds before the window in which all facts are read, not only those that say how things stand: calls are
answered within hours.
"""


_FIELDS: dict[type[Answer], Callable[[Answering], Fields]] = {
    Timeliness: lambda answering: {
        "units": answering.units(),
        "leaders": answering.leaders(),
        "levels": answering.duties_by("level"),
        "categories": answering.duties_by("category"),
        "areas": answering.duties_by("area"),
        "rules": answering.duties_by("rule"),
        "channels": answering.duties_by("channel"),
        "whole": answering.duties("duty", ALL),
    },
    Holding: lambda answering: {
        "units": answering.holders("holder"),
        "tasks": answering.holders("task_holder"),
        "chains": answering.chains(),
    },
    Reachability: lambda answering: {
        "whole": answering.reach("reach", ALL),
        "channels": answering.reach_by("reach_channel"),
        "people": answering.reach_by("reach_person"),
        "held": answering.figures.count("reach", ALL, "held"),
    },
    Resolution: lambda answering: {
        "whole": answering.matter("matter", ALL),
        "kinds": answering.matters_by("kind"),
        "levels": answering.matters_by("level"),
        "categories": answering.matters_by("category"),
        "areas": answering.matters_by("area"),
        "units": answering.matters_by("unit"),
    },
    Trend: lambda answering: {
        "days": answering.days(),
        "hours": answering.counts("hour"),
        "weekdays": answering.counts("weekday"),
        "places": answering.counts("place", most_first=True),
        "topics": answering.counts("topic", most_first=True),
        "units": answering.counts("reporter", most_first=True),
    },
    Supervised: Answering.supervised,
}
"""What the reports of the documents are made of; another one says it in its declaration."""


class Counted:
    """A window counted up to a checkpoint."""

    def __init__(self, window: Window, signed: SignedCheckpoint, counting: Counting) -> None:
        self.window, self.signed, self.counting = window, signed, counting

    def heading(self) -> dict[str, Any]:
        return {
            "checkpoint": checkpoint_view(self.signed),
            "since": self.window.since,
            "until": self.window.until,
            "asked_units": tuple(sorted(self.window.units)) if self.window.units is not None else None,
            "exercises_left_out": self.counting.exercises,
            "facts": self.counting.records,
        }

    def answer(
        self,
        answer: type[A],
        fields: Callable[[Answering], Fields] | None = None,
        *,
        records: bool = False,
    ) -> A:
        """What every report says of itself, and what this one is made of: `fields`, or as the table has it.
        With `records` each figure names those it was counted from.
        """
        answering = Answering(self.counting, with_records=records)
        return answer(**self.heading(), **(fields or _FIELDS[answer])(answering))


class Reports:
    def __init__(
        self,
        reader: TrailReader,
        zone: ZoneInfo,
        forms: Forms = NO_FORMS,
        directory: Callable[[], Directory] | None = None,
    ) -> None:
        self.reader, self.zone, self.forms = reader, zone, forms
        self._directory = directory
        self._kept: OrderedDict[Window, Counted] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    @property
    def directory(self) -> Directory | None:
        """That of now; None where there is none."""
        return self._directory() if self._directory is not None else None

    async def counted(self, window: Window) -> Counted:
        """All figures of the window, up to the last checkpoint, or to an earlier one by which the window had
        ended already.
        """
        # Asked before the turn is waited for: where the store does not answer, everybody hears so at the same
        # time.
        signed = await self.reader.checkpoints.newest()
        async with self._one_at_a_time:
            kept = self._kept.get(window)
            if kept is not None and (kept.signed.size >= signed.size or _had_ended(window, kept.signed)):
                self._kept.move_to_end(window)
                return kept
            self._kept.pop(window, None)
            while len(self._kept) >= _KEPT:
                self._kept.popitem(last=False)
            counted = Counted(window, signed, await self._count(window, signed))
            self._kept[window] = counted
            return counted

    async def _count(self, window: Window, signed: SignedCheckpoint) -> Counting:
        reader, size, recent = self.reader, signed.size, RecentIds()
        counting = Counting(window, self.zone, AskedArea(self.directory, None).path_to)
        start = await first_at(reader, size, window.begins) if window.since else 0
        fully = (
            await first_at(
                reader, size, datetime.fromtimestamp(max(window.start.timestamp() - _FULLY, 0), UTC)
            )
            if window.since
            else 0
        )
        end = min(await first_at(reader, size, window.until) + 1, size) if window.until else size
        for low, high, is_needed in (
            (start, min(max(fully, start), end), stands),
            (min(max(fully, start), end), end, counts),
        ):
            async for page in pages(reader, low, high, is_needed, recent):
                await self._take(counting, page, start)
        signed_at = datetime.fromisoformat(signed.time)
        counting.finish(min(window.until, signed_at) if window.until else signed_at)
        return counting

    async def _take(self, counting: Counting, page: list[ReportedFact], start: int) -> None:
        for fact in page:
            if counting.window.until is not None and fact.at > counting.window.until:
                continue
            if fact.case and fact.number > 1 and fact.case not in counting.matters:
                for earlier in await self._before(fact, start):
                    counting.take(earlier)
            counting.take(fact)

    async def _before(self, fact: ReportedFact, start: int) -> list[ReportedFact]:
        """How a matter that began before stood: its first records, and its last ones before that."""
        first = await self.reader.records.part_of_case(fact.case, 1, min(fact.number, _BEGINNING + 1))
        last = await self.reader.records.part_of_case(
            fact.case, max(_BEGINNING + 1, fact.number - _LATELY), fact.number
        )
        stored: list[StoredRecord] = [
            entry for entry in (*first, *last) if entry.index < start and stands(entry)
        ]
        return await read(self.reader, stored)

    # The answers

    async def answer(
        self,
        answer: type[A],
        window: Window,
        fields: Callable[[Answering], Fields] | None = None,
        *,
        records: bool = False,
    ) -> A:
        return (await self.counted(window)).answer(answer, fields, records=records)

    async def lapses(self, window: Window) -> Lapses:
        return await self.lapses_of(await self.counted(window))

    async def lapses_of(self, counted: Counted) -> Lapses:
        size = (await self.reader.checkpoints.newest()).size
        lines = await outcomes.lines_of(self.reader, counted.counting.lapses, size)
        return Lapses(**counted.heading(), lapses=lines, cut=counted.counting.fates.cut)

    async def records(self, window: Window, figure: str) -> FigureRecords:
        """Raises NotInTrail for a name that is no figure of this window."""
        counted = await self.counted(window)
        counted_figure = counted.counting.figures.named(figure)
        if counted_figure is None:
            raise NotInTrail(
                said(
                    N_(
                        "%(figure)s is no figure of this window: take `figure` of a line, and a field of it behind a slash"
                    ),
                    figure=repr(figure),
                )
            )
        return FigureRecords(
            **counted.heading(),
            figure=figure,
            count=counted_figure.count,
            indexes=tuple(counted_figure.records()),
        )


def _had_ended(window: Window, signed: SignedCheckpoint) -> bool:
    """What is stored later lies after the window."""
    return window.until is not None and datetime.fromisoformat(signed.time) > window.until
