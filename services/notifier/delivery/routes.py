"""Over which channels, to which addresses one notice goes. Pure.

Invariant: every channel the notice names gets an outcome. A person who has none of them is chosen over
whatever they do have: a second call rather than a missed one.
"""

from collections.abc import Collection
from dataclasses import dataclass

from shared.directory import Person
from shared.facts import Notice

NO_CHANNEL = "none"
"""Stands in the record for a person who can't be chosen in any way."""


@dataclass(frozen=True, slots=True)
class Route:
    """One channel of a notice: addresses to try in order, or the obstacle and what to do about it."""

    channel: str
    addresses: tuple[str, ...] = ()
    obstacle: str | None = None
    is_beside: bool = False
    """Nothing relies on it: `delivery/beside.py`."""


Leg = tuple[Notice, Route]
"""One notice on one channel."""


def routes(
    notice: Notice, person: Person | None, configured: Collection[str], beside: Collection[str] = ()
) -> tuple[Route, ...]:
    """`beside`: channels of the file that nothing may rely on, and that stand in `configured` therefore not."""
    named = tuple(dict.fromkeys(notice.channels))
    if person is None:
        remedy = f"{notice.person} is not in the directory the notifier reads: add the person there"
        return tuple(Route(channel, obstacle=remedy) for channel in named or (NO_CHANNEL,))
    chosen = tuple(_route(channel, person, configured, beside) for channel in named)
    if any(route.addresses for route in chosen):
        return chosen
    return (*chosen, *other_routes(person, named, configured)) or (
        Route(NO_CHANNEL, obstacle=f"{person.id} has no address at all: add one in the directory"),
    )


def other_routes(person: Person, chosen: Collection[str], configured: Collection[str]) -> tuple[Route, ...]:
    """Every other channel on which the person has an address, in their own order."""
    channels = dict.fromkeys(entry.channel for entry in person.channels if entry.channel not in chosen)
    others = (_route(channel, person, configured) for channel in channels)
    return tuple(route for route in others if route.addresses)


def every_route(person: Person, configured: Collection[str]) -> tuple[Route, ...]:
    """All channels of the person in their own order, also those that nothing here carries."""
    return tuple(
        _route(channel, person, configured)
        for channel in dict.fromkeys(entry.channel for entry in person.channels)
    )


def _route(channel: str, person: Person, configured: Collection[str], beside: Collection[str] = ()) -> Route:
    if channel in beside:
        return Route(
            channel,
            obstacle=f"{channel} is a way beside others, which people choose on the desk: name another channel",
        )
    if channel not in configured:
        return Route(
            channel,
            obstacle=f"the channel {channel} is not configured: add it to the channel file (FENGHUO_CHANNELS)",
        )
    addresses = tuple(entry.address for entry in person.channels if entry.channel == channel)
    if not addresses:
        return Route(channel, obstacle=f"{person.id} has no {channel} address: add one in the directory")
    return Route(channel, addresses)
