"""Duty rosters: who is on shift when, by rotation and by override.

Invariant: shifts leave no gap and do not overlap between `since` and `ends`. A shift begins at a time of the
wall clock, so that one of 24 hours lasts 23 or 25 where the clock is changed; an override cuts the shifts it
touches, the last one declared winning. Pure: every moment is an argument.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from shared.directory.span import OwnRosterId, PersonRef, PostRef, Reason, Span, UnitRef
from shared.facts import Frozen, Name
from shared.facts.bounds import Day, Term, WallTime, at_most
from shared.ids import PersonId
from shared.message import N_, said


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, or one too long
        raise ValueError(
            said(N_("no time zone %(name)s: write one such as Asia/Shanghai"), name=repr(name[:60]))
        ) from None
    return name


class Override(Span):
    """`person` stands in from `from` until `until`: an exchange, an illness, a reinforced watch."""

    person: PersonRef
    leader: PersonRef | None = None
    """None: the leader of the shift stays."""
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's watch without a break. `number` counts the rotation's shifts; an override's parts have the
    number they cut.
    """

    roster: str
    number: int
    person: PersonId
    leader: PersonId | None
    starts_at: datetime
    ends_at: datetime
    override: bool = False
    reason: str = ""


class Roster(Frozen):
    id: OwnRosterId
    name: Name
    unit: UnitRef
    post: PostRef
    """The post that whoever is on shift holds."""
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    starts: WallTime = time(8, 30)
    """Wall clock."""
    hours: Annotated[int, Field(ge=1, le=168)] = 24
    rotation: Annotated[tuple[PersonRef, ...], Field(min_length=1), at_most(400)]
    since: Day
    """The first of the rotation begins on this day."""
    ends: Day | None = None
    """The last day on which a shift begins; None: goes on."""
    leaders: Annotated[tuple[PersonRef, ...], at_most(400)] = ()
    """Rotation of the leaders on duty (带班领导)."""
    sign_in_within: Annotated[Term, Field(gt=timedelta(0))] | None = timedelta(minutes=15)
    """How long after its start a shift must be signed in; None asks for no sign-in."""
    overrides: Annotated[tuple[Override, ...], at_most(400)] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def start_of(self, number: int) -> datetime:
        """When shift `number` begins, UTC."""
        wall = datetime.combine(self.since, self.starts) + number * timedelta(hours=self.hours)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def bounds_at(self, at: datetime) -> tuple[int, datetime, datetime]:
        """(number, start, end) of the rotation's shift that `at` falls in; the number is negative before the
        roster begins.
        """
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        number = (wall - datetime.combine(self.since, self.starts)) // timedelta(hours=self.hours)
        begins, ends = self.start_of(number), self.start_of(number + 1)
        # Where the clock is changed, the same wall time may belong to a neighbour.
        while begins > at:
            number, begins, ends = number - 1, self.start_of(number - 1), begins
        while ends <= at:
            number, begins, ends = number + 1, ends, self.start_of(number + 2)
        return number, begins, ends

    @property
    def count(self) -> int | None:
        """How many shifts there are; None: no end."""
        if self.ends is None:
            return None
        return max(0, -((self.since - self.ends - timedelta(days=1)) // timedelta(hours=self.hours)))

    def shift_at(self, at: datetime) -> Shift | None:
        """Who is on duty at `at`; None before the roster begins and after its end."""
        number, begins, ends = self.bounds_at(at)
        if number < 0 or (self.count is not None and number >= self.count):
            return None
        return next(shift for shift in self._parts(number, begins, ends) if shift.ends_at > at)

    def next_shift(self, after: datetime) -> Shift | None:
        """The first shift that begins later than `after`; None where the roster ends before one does."""
        number = max(0, self.bounds_at(after)[0])
        while self.count is None or number < self.count:
            for shift in self.parts_of(number):
                if shift.starts_at > after:
                    return shift
            number += 1
        return None

    def shifts(self, since: datetime, until: datetime) -> Iterator[Shift]:
        """Every shift that has a moment in `since` … `until`, in order."""
        number = max(0, self.bounds_at(since)[0])
        while (self.count is None or number < self.count) and self.start_of(number) < until:
            yield from (
                shift for shift in self.parts_of(number) if shift.ends_at > since and shift.starts_at < until
            )
            number += 1

    def parts_of(self, number: int) -> list[Shift]:
        """Shift `number` of the rotation, cut where an override begins or ends inside it."""
        return self._parts(number, self.start_of(number), self.start_of(number + 1))

    def _parts(self, number: int, begins: datetime, ends: datetime) -> list[Shift]:
        leader = self.leaders[number % len(self.leaders)] if self.leaders else None
        whole = Shift(self.id, number, self.rotation[number % len(self.rotation)], leader, begins, ends)
        touching = [
            override for override in self.overrides if override.since < ends and override.until > begins
        ]
        if not touching:
            return [whole]
        cuts = {whole.starts_at, whole.ends_at}
        cuts |= {
            at
            for override in touching
            for at in (override.since, override.until)
            if whole.starts_at < at < whole.ends_at
        }
        edges = sorted(at.astimezone(UTC) for at in cuts)
        parts: list[Shift] = []
        for edge, following in pairwise(edges):
            stand_in = next((override for override in reversed(touching) if override.covers(edge)), None)
            part = _part(whole, stand_in, edge, following)
            if parts and (parts[-1].person, parts[-1].leader, parts[-1].override) == (
                part.person,
                part.leader,
                part.override,
            ):
                part = _part(whole, stand_in, parts.pop().starts_at, following)
            parts.append(part)
        return parts


def _part(whole: Shift, stand_in: Override | None, begins: datetime, ends: datetime) -> Shift:
    if stand_in is None:
        return Shift(whole.roster, whole.number, whole.person, whole.leader, begins, ends)
    leader = stand_in.leader if stand_in.leader else whole.leader
    return Shift(
        whole.roster,
        whole.number,
        stand_in.person,
        leader,
        begins,
        ends,
        override=True,
        reason=stand_in.reason,
    )
