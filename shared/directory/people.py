"""People with every way to reach them, the posts they hold, and why a post is held by whom at a given moment.

Invariant: a duty is owed to a post; who answers for it is decided at the moment it is asked, always by the
same order: the shift of the post's roster, the holder, the deputies in turn. When nobody of these is there,
the holder answers all the same.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from shared.directory.span import Id, OwnPersonId, OwnPostId, PersonRef, Reason, RosterRef, Span, UnitRef
from shared.facts import Frozen, Name
from shared.facts.bounds import PLAIN_LINE, at_most
from shared.vocabulary import Language, Role


class ChannelAddress(Frozen):
    """Where a person is reached: `channel` is a name of the notifier's channel file (voice, sms, email …)."""

    channel: Id
    address: Annotated[str, StringConstraints(min_length=3, max_length=200), PLAIN_LINE]


class Absence(Span):
    """A time in which a person does not answer for the posts they hold: leave, illness, a journey."""

    reason: Reason = ""


class Person(Frozen):
    id: OwnPersonId
    name: Name
    unit: UnitRef
    language: Language = Language.ZH
    channels: Annotated[tuple[ChannelAddress, ...], at_most(20)] = ()
    """In the order in which they are tried."""
    absences: Annotated[tuple[Absence, ...], at_most(200)] = ()
    roles: Annotated[tuple[Role, ...], at_most(20)] | None = None
    """What a token of theirs may be used for now. None: the directory does not say, and the token's role
    holds.
    """


class Post(Frozen):
    id: OwnPostId
    name: Name
    unit: UnitRef
    holder: PersonRef
    deputies: Annotated[tuple[PersonRef, ...], at_most(20)] = ()
    """Who answers while the holder is absent: the first of them who is not."""
    roster: RosterRef | None = None
    """Whoever is on this roster's shift holds the post; the holder where nobody is."""


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
