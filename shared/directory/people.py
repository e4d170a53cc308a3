"""People with every way to reach them, the posts they hold, and why a post is held by whom at a given moment.

Invariant: a duty is owed to a post; who answers for it is decided at the moment it is asked, always by the
same order: the shift of the post's roster, the holder, the deputies in turn. When nobody of these is there,
the holder answers all the same.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.directory.span import (
    AreaRef,
    Id,
    OwnPersonId,
    OwnPostId,
    PersonRef,
    PostRef,
    Reason,
    RosterRef,
    Span,
    UnitRef,
)
from shared.facts import Frozen, Name
from shared.facts.bounds import PLAIN_LINE, at_most
from shared.message import N_, said
from shared.vocabulary import Category, Language, ReportKind, Role

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(minutes=30)


def _sensible(give_up: timedelta) -> timedelta:
    if not SHORTEST <= give_up <= LONGEST:
        raise ValueError(N_("is no time to give a channel up: write one from PT10S to PT30M, such as PT2M"))
    return give_up


class ChannelAddress(Frozen):
    """Where a person is reached: `channel` is a name of the notifier's channel file (voice, sms, email …)."""

    channel: Id
    address: Annotated[str, StringConstraints(min_length=3, max_length=200), PLAIN_LINE]
    give_up: Annotated[timedelta, AfterValidator(_sensible)] | None = None
    """How long this channel is given before the person's next one is tried, where nobody has answered. None:
    both go at once. Of level I and II, and of what is sensitive, all go at once in any case.
    """


LONGEST_QUIET = timedelta(hours=12)
DAY = timedelta(days=1)
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Of the city's own clock: `22:00`."""


class QuietHours(Frozen):
    """Every day from `from` until `until` what only informs waits, and so does a reminder whose limit comes later
    (`services/notifier/delivery/quiet.py`); what is grave or has to be done before goes out all the same.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    since: Annotated[ClockTime, Field(alias="from")]
    until: ClockTime
    channels: Annotated[tuple[Id, ...], at_most(20)] = ()
    """None: all of the person's."""

    @property
    def length(self) -> timedelta:
        return (_of_day(self.until) - _of_day(self.since)) % DAY

    @model_validator(mode="after")
    def is_a_night(self) -> Self:
        if not timedelta(0) < self.length <= LONGEST_QUIET:
            raise ValueError(
                said(
                    N_("quiet from %(since)s to %(until)s: write two different times at most 12 hours apart"),
                    since=self.since,
                    until=self.until,
                )
            )
        return self

    def end(self, at: datetime, zone: tzinfo) -> datetime | None:
        """When the quiet hours end that `at` lies in; None where it lies in none."""
        local = at.astimezone(zone)
        for day in (local.date() - DAY, local.date()):
            begins = datetime.combine(day, time.fromisoformat(self.since), zone)
            last = day if self.since < self.until else day + DAY
            ends = datetime.combine(last, time.fromisoformat(self.until), zone)
            if begins.astimezone(UTC) <= at < ends.astimezone(UTC):
                return ends.astimezone(UTC)
        return None


def _of_day(clock: str) -> timedelta:
    hours, _, minutes = clock.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


class Absence(Span):
    """A time in which a person does not answer for the posts they hold: leave, illness, a journey."""

    reason: Reason = ""


class Person(Frozen):
    id: OwnPersonId
    name: Name
    unit: UnitRef
    language: Language = Language.ZH
    channels: Annotated[tuple[ChannelAddress, ...], at_most(20)] = ()
    """In the order in which they are tried: several addresses of one channel one after the other, the channels
    at once where none says when it is given up.
    """
    absences: Annotated[tuple[Absence, ...], at_most(200)] = ()
    quiet: QuietHours | None = None
    """None: everything comes at any hour."""
    exercises: bool | None = None
    """Whether they have agreed to be rung in exercises. None: as their unit says."""
    roles: Annotated[tuple[Role, ...], at_most(20)] | None = None
    """What a token of theirs may be used for now. None: the directory does not say, and the token's role
    holds.
    """

    @property
    def give_ups(self) -> dict[str, timedelta]:
        """By channel, where it has one."""
        return {
            entry.channel: entry.give_up for entry in reversed(self.channels) if entry.give_up is not None
        }


class Post(Frozen):
    """With a portfolio 分管领域 (谁分管谁负责): the leader in charge of these `kinds`, `categories` and `topics`, in
    these `areas`, wherever a policy or a chain names the post it `stands_for`.
    """

    id: OwnPostId
    name: Name
    unit: UnitRef
    holder: PersonRef
    deputies: Annotated[tuple[PersonRef, ...], at_most(20)] = ()
    """Who answers while the holder is absent: the first of them who is not."""
    roster: RosterRef | None = None
    """Whoever is on this roster's shift holds the post; the holder where nobody is."""
    stands_for: PostRef | None = None
    """`gov_in_charge`, say. Whatever no portfolio has stays with that post itself, which may name its own."""
    kinds: tuple[ReportKind, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: Annotated[tuple[Id, ...], at_most(100)] = ()
    """One of the three must fit the matter: a topic counts before a kind, a kind before a category."""
    areas: Annotated[tuple[AreaRef, ...], at_most(100)] = ()
    """With all within them; none: everywhere. The smallest counts first."""

    @property
    def has_portfolio(self) -> bool:
        return bool(self.kinds or self.categories or self.topics or self.areas)

    @model_validator(mode="after")
    def is_in_charge_of_something(self) -> Self:
        if self.stands_for is not None and not self.has_portfolio:
            raise ValueError(
                said(
                    N_(
                        "stands_for %(stands_for)s without a portfolio: name kinds, categories, topics or areas"
                    ),
                    stands_for=self.stands_for,
                )
            )
        return self


class WhyHolder(StrEnum):
    """Why somebody holds a post at a moment."""

    HOLDER = "holder"
    DEPUTY_FOR_ABSENT_HOLDER = "deputy_for_absent_holder"
    ON_ROSTER = "on_roster"
    ROSTER_OVERRIDE = "roster_override"
    LEADER_ON_DUTY = "leader_on_duty"
    """Who is on the shift is absent: its leader answers."""
    HOLDER_THOUGH_ABSENT = "holder_though_absent"
    """Nobody else is left. `gaps` warns of it beforehand."""
