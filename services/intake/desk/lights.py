"""A person who was called, as the desk shows them: answered, waiting, dark, not reached; and how far each message came.

Invariant: whoever no call has reached is never called dark.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.case import Duty, Lit
from shared.facts import Name
from shared.ids import PersonId
from shared.web.names import Names


class PersonLight(StrEnum):
    """How a person who was told stands."""

    ANSWERED = "answered"
    DARK = "dark"
    UNREACHED = "unreached"
    """No call has got through: that is no silence of theirs."""
    WAITING = "waiting"
    ENDED = "ended"
    """The duty was settled before they answered."""


class Sent(StrEnum):
    """How far a message has come on a channel."""

    TRYING = "trying"
    HANDED_OVER = "handed_over"
    """The gateway has it."""
    ARRIVED = "arrived"
    """The gateway says that the telephone has it."""
    FAILED = "failed"
    """It could not be handed over."""
    UNDELIVERED = "undelivered"
    """The gateway had it and says that it did not arrive."""
    SPARED = "spared"
    """Its turn did not come: it was answered before."""


@dataclass(frozen=True)
class LitView:
    person: PersonId
    name: Name
    post: Name
    at: datetime
    light: PersonLight
    since: datetime | None
    channels: tuple[tuple[str, Sent], ...]
    handed_over_at: datetime | None
    arrived_at: datetime | None
    opened_at: datetime | None
    may_log_call: bool


PROMISE = (
    PersonLight.ANSWERED,
    PersonLight.WAITING,
    PersonLight.DARK,
    PersonLight.UNREACHED,
    PersonLight.ENDED,
)
"""Somebody lit for several duties stands as in the most hopeful of them."""


def most_hopeful(views: Iterable[LitView]) -> LitView:
    return min(views, key=lambda view: PROMISE.index(view.light))


def light_of(lit: Lit, duty: Duty) -> tuple[PersonLight, datetime | None]:
    """How they stand, and since when."""
    if lit.answered_at is not None:
        return PersonLight.ANSWERED, lit.answered_at
    if lit.dark_at is not None:
        return PersonLight.DARK if lit.is_reached else PersonLight.UNREACHED, lit.dark_at
    if duty.is_owed:
        return PersonLight.WAITING, lit.at
    return PersonLight.ENDED, None


def lit_view(lit: Lit, duty: Duty, names: Names, *, logs_calls: bool) -> LitView:
    light, since = light_of(lit, duty)
    return LitView(
        person=lit.person,
        name=names.person(lit.person),
        post=names.post(lit.post),
        at=lit.at,
        light=light,
        since=since,
        channels=tuple(_sent(lit)),
        handed_over_at=lit.handed_over_at,
        arrived_at=lit.arrived_at if lit.arrived else None,
        opened_at=lit.opened_at,
        may_log_call=logs_calls and duty.is_owed and lit.answered_at is None,
    )


def _sent(lit: Lit) -> Iterable[tuple[str, Sent]]:
    for channel in dict.fromkeys((*lit.channels, *lit.delivered, *lit.failed)):
        if channel in lit.arrived:
            yield channel, Sent.ARRIVED
        elif channel in lit.delivered:
            yield channel, Sent.HANDED_OVER
        elif channel in lit.undelivered:
            yield channel, Sent.UNDELIVERED
        elif channel in lit.spared:
            yield channel, Sent.SPARED
        else:
            yield channel, Sent.FAILED if channel in lit.failed else Sent.TRYING
