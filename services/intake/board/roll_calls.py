"""What the last roll calls came to, across all units that the reader may see. Pure.

Invariant: it is worked out of the cases as they stand and the directory of now; nobody counts twice, and whoever
has left the directory not at all.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from services.intake.board.card import Card
from shared.case import ROLL_CALL
from shared.case.roll_call import Reach, RollCallAnswer, UnitRollCall, WayState, dark_posts, roll_call_of
from shared.directory import Directory, Person, Post
from shared.ids import CaseId, PersonId, UnitId

NOT_REACHED = (Reach.UNREACHABLE, Reach.SILENT, Reach.NOT_SENT)


@dataclass(frozen=True)
class RollCallRow:
    """A unit with people who can be asked, and its last roll call, if there was one."""

    unit: UnitId
    case: CaseId
    last: UnitRollCall | None
    next_at: datetime | None
    people: int
    """Whom a roll call would ask now."""

    @property
    def called(self) -> tuple[RollCallAnswer, ...]:
        return self.last.called if self.last is not None else ()

    def count(self, reach: Reach) -> int:
        return sum(one.reach == reach for one in self.called)

    @property
    def is_going_on(self) -> bool:
        return self.last is not None and not self.last.is_over

    @property
    def missing(self) -> tuple[RollCallAnswer, ...]:
        """Who was not reached, those whom no channel reaches first."""
        by_reach = {reach: place for place, reach in enumerate(NOT_REACHED)}
        return tuple(
            sorted((one for one in self.called if one.reach in by_reach), key=lambda one: by_reach[one.reach])
        )


@dataclass(frozen=True)
class RollCalls:
    rows: tuple[RollCallRow, ...]
    directory: Directory
    of_all: bool
    """The reader may know of every unit; otherwise of those of the rows."""

    @cached_property
    def reach(self) -> dict[PersonId, Reach]:
        return {one.person: one.reach for row in self.rows for one in row.called}

    @cached_property
    def counts(self) -> Counter[Reach]:
        return Counter(self.reach.values())

    @property
    def asked(self) -> int:
        return len(self.reach)

    @property
    def answered(self) -> int:
        return self.counts[Reach.ANSWERED]

    @property
    def people(self) -> int:
        return sum(row.people for row in self.rows)

    @cached_property
    def partly(self) -> list[tuple[UnitId, RollCallAnswer]]:
        """Who answered though a channel of theirs does not work."""
        return [(row.unit, one) for row in self.rows for one in row.called if one.is_partly_reached]

    @cached_property
    def by_channel(self) -> dict[str, Counter[WayState]]:
        channels: dict[str, Counter[WayState]] = {}
        for row in self.rows:
            for one in row.called:
                for channel, state in one.ways.items():
                    channels.setdefault(channel, Counter())[state] += 1
        return dict(sorted(channels.items()))

    @cached_property
    def without_channel(self) -> list[Person]:
        # A unit in which nobody has a channel has no case of its own.
        return [
            person
            for person in self.directory.people
            if not person.channels and (self.of_all or person.unit in self._units)
        ]

    @cached_property
    def dark_posts(self) -> list[Post]:
        """Nobody who answers for it could be reached: the warning before it matters."""
        return [
            post for post in dark_posts(self.directory, self.reach) if self.of_all or post.unit in self._units
        ]

    @cached_property
    def _units(self) -> frozenset[UnitId]:
        return frozenset(row.unit for row in self.rows)


def roll_calls(cards: Iterable[Card], directory: Directory, *, of_all: bool) -> RollCalls:
    """The units with most people who were not reached first."""
    people = Counter(person.unit for person in directory.people if person.channels)
    rows = [_row(card, directory, people) for card in cards if card.watch == ROLL_CALL]
    rows.sort(key=lambda row: (-len(row.missing), row.last is None, row.unit))
    return RollCalls(tuple(row for row in rows if row.people or row.last is not None), directory, of_all)


async def roll_calls_beside(cards: Iterable[Card], directory: Directory, *, of_all: bool) -> RollCalls:
    """Worked out beside the event loop: to read the cases of two thousand units takes most of a second, and
    reports are taken meanwhile.
    """
    watching: Sequence[Card] = [card for card in cards if card.watch == ROLL_CALL]
    return await asyncio.to_thread(roll_calls, watching, directory, of_all=of_all)


def _row(card: Card, directory: Directory, people: Counter[UnitId]) -> RollCallRow:
    case = card.lean
    last = roll_call_of(case)
    if last is not None:
        known = tuple([one for one in last.called if one.person in directory.people_by_id])
        last = UnitRollCall(unit=last.unit, began_at=last.began_at, due_at=last.due_at, called=known)
    return RollCallRow(
        case.report.unit,
        case.id,
        last,
        min((opening.at for opening in case.openings), default=None),
        people[case.report.unit],
    )
