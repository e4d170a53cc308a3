"""A roll call: everybody of a unit is asked whether they can be reached, and what came of it. Pure.

Invariant: nobody answers for silence here; what is told of a person is what became of the messages to them, and
whether they answered.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from shared.case.case import Case
from shared.case.duty import ROLL_CALL, Duty, DutyState, Lit
from shared.directory import Directory, Post
from shared.facts import Value
from shared.ids import PersonId, UnitId


class Reach(StrEnum):
    """What came of asking one person."""

    ANSWERED = "answered"
    WAITING = "waiting"
    """There is time to answer still."""
    SILENT = "silent"
    """A message is there, and no answer came in time."""
    UNREACHABLE = "unreachable"
    """No channel got a message to them."""
    NOT_SENT = "not_sent"
    """Nothing is known of any message to them: the failure is ours."""


class WayState(StrEnum):
    """What became of the message over one channel."""

    ARRIVED = "arrived"
    HANDED_OVER = "handed_over"
    NOT_DELIVERED = "not_delivered"
    UNKNOWN = "unknown"
    """Nothing was heard of it yet."""


class RollCallAnswer(Value, frozen=True, kw_only=True):
    """One person in a roll call."""

    person: PersonId
    reach: Reach
    ways: dict[str, WayState]
    """By channel, in the person's order."""
    opened_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def is_partly_reached(self) -> bool:
        """They answered, and a channel of theirs does not work."""
        return self.reach is Reach.ANSWERED and WayState.NOT_DELIVERED in self.ways.values()


class UnitRollCall(Value, frozen=True, kw_only=True):
    """The last roll call of a unit."""

    unit: UnitId
    began_at: datetime
    due_at: datetime
    called: tuple[RollCallAnswer, ...]

    def of(self, reach: Reach) -> tuple[PersonId, ...]:
        return tuple([one.person for one in self.called if one.reach is reach])

    @property
    def is_over(self) -> bool:
        """Nobody's answer is waited for any more."""
        return not any(one.reach is Reach.WAITING for one in self.called)


def roll_call_of(case: Case) -> UnitRollCall | None:
    """None of a case that calls no roll, or has not yet."""
    if case.standing is None or case.standing.watch != ROLL_CALL:
        return None
    return made_of(case.holder, case.duties)


def made_of(unit: UnitId, duties: Iterable[Duty]) -> UnitRollCall | None:
    asked = [duty for duty in duties if duty.lit]
    if not asked:
        return None
    return UnitRollCall(
        unit=unit,
        began_at=min(duty.opened_at for duty in asked),
        due_at=max(duty.due_at for duty in asked),
        called=tuple([called(duty) for duty in asked]),
    )


def called(duty: Duty) -> RollCallAnswer:
    lit = duty.lit[-1]
    return RollCallAnswer(
        person=duty.bearer,
        reach=reach_of(duty, lit),
        ways={channel: _way(lit, channel) for channel in lit.channels},
        opened_at=lit.opened_at,
        answered_at=lit.answered_at,
    )


def reach_of(duty: Duty, lit: Lit) -> Reach:
    """An answer after the limit is an answer all the same."""
    if lit.answered_at is not None or duty.state is DutyState.DISCHARGED:
        return Reach.ANSWERED
    if duty.is_owed:
        return Reach.WAITING
    if lit.delivered or lit.arrived:
        return Reach.SILENT
    return Reach.UNREACHABLE if lit.failed else Reach.NOT_SENT


def _way(lit: Lit, channel: str) -> WayState:
    if channel in lit.arrived:
        return WayState.ARRIVED
    if channel in lit.delivered:
        return WayState.HANDED_OVER
    return WayState.NOT_DELIVERED if channel in lit.failed else WayState.UNKNOWN


def dark_posts(directory: Directory, reach: Mapping[PersonId, Reach]) -> list[Post]:
    """The posts of which nobody who could answer for them did: holder, deputies, whoever stands on the roster. Of whom
    nothing is known is held to answer; whoever has no channel never does.
    """
    return [
        post
        for post in directory.posts
        if all(_is_dark(directory, who, reach) for who in _people_of(directory, post))
    ]


def _people_of(directory: Directory, post: Post) -> set[PersonId]:
    people = {post.holder, *post.deputies}
    roster = directory.rosters_by_id.get(post.roster) if post.roster is not None else None
    if roster is not None:
        people |= {*roster.rotation, *roster.leaders}
    return people


def _is_dark(directory: Directory, who: PersonId, reach: Mapping[PersonId, Reach]) -> bool:
    person = directory.people_by_id.get(who)
    if person is None or not person.channels:
        return True
    return reach.get(who) in (Reach.SILENT, Reach.UNREACHABLE)
