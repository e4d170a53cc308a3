"""People with every way to reach them, the posts they hold, and why a post is held by whom at a given moment.

Invariant: a duty is owed to a post; who answers for it is decided at the moment it is asked, always by the same order: the shift
of the post's roster, the holder, the deputies in turn. When nobody of these is there, the holder answers all the same.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from shared.directory.span import Id, Span
from shared.facts import Frozen, Name
from shared.vocabulary import Language


class ChannelAddress(Frozen):
    """Where a person is reached: `channel` is a name of the notifier's channel file (voice, sms, email …)."""

    channel: Id
    address: Annotated[str, StringConstraints(min_length=3, max_length=200)]


class Absence(Span):
    """A time in which a person does not answer for the posts they hold: leave, illness, a journey."""

    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class Person(Frozen):
    id: Id
    name: Name
    unit: str
    language: Language = Language.ZH
    channels: tuple[ChannelAddress, ...] = ()
    """In the order in which they are tried."""
    absences: tuple[Absence, ...] = ()


class Post(Frozen):
    id: Id
    name: Name
    unit: str
    holder: str
    deputies: tuple[str, ...] = ()
    """Who answers while the holder is absent: the first of them who is not."""
    roster: str | None = None
    """Whoever is on this roster's shift holds the post; the holder where nobody is."""


class Holding(StrEnum):
    """Why somebody holds a post at a moment."""

    HOLDER = "holder"
    DEPUTY_FOR_ABSENT_HOLDER = "deputy_for_absent_holder"
    ON_ROSTER = "on_roster"
    ROSTER_OVERRIDE = "roster_override"
    LEADER_ON_DUTY = "leader_on_duty"
    """Who is on the shift is absent: its leader answers."""
    HOLDER_THOUGH_ABSENT = "holder_though_absent"
    """Nobody else is left. `gaps` warns of it beforehand."""
