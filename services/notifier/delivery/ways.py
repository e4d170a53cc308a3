"""How the ways to a person stand while one notice goes out: whether another one is needed.

Invariant: another way is taken where the gateways of the ways that were chosen took nothing, and none of them
got through; where a number itself is refused the escalator's chain goes on instead.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from services.notifier.delivery.record import DeliveryOutcome, Sheet
from services.notifier.delivery.routes import Leg
from shared.ids import NoticeId


class WaysToPerson:
    """`channels`: those of one notice that have no outcome yet; `is_through`: one of the others got through."""

    def __init__(self, channels: Iterable[str], *, is_through: bool = False) -> None:
        self._unsaid, self._is_through, self._is_away = set(channels), is_through, False
        self._known = asyncio.Event()
        self._look()

    def away(self, channel: str) -> None:
        """Its gateway takes nothing at the moment."""
        self._is_away = True
        self._unsaid.discard(channel)
        self._look()

    def ended(self, channel: str, *, is_through: bool) -> None:
        self._is_through |= is_through
        self._unsaid.discard(channel)
        self._look()

    async def is_other_needed(self) -> bool:
        """Once each has got through, been refused, or found its gateway away."""
        await self._known.wait()
        return self._is_away and not self._is_through

    def _look(self) -> None:
        if self._is_through or not self._unsaid:
            self._known.set()


def ways_of(done: Sheet, legs: Sequence[Leg]) -> dict[NoticeId, WaysToPerson]:
    """How the ways stand of each notice that has a channel without an outcome."""
    channels: defaultdict[NoticeId, list[str]] = defaultdict(list)
    for notice, route in legs:
        channels[notice.id].append(route.channel)
    through = {
        record.delivery.notice for record in done.records() if record.outcome is DeliveryOutcome.DELIVERED
    }
    return {notice: WaysToPerson(named, is_through=notice in through) for notice, named in channels.items()}


class Seat:
    """A place among the decisions in work; whoever waits for a gateway gives it to the next."""

    def __init__(self, room: asyncio.Semaphore) -> None:
        self._room, self._is_taken = room, True

    def leave(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._room.release()

    async def take_again(self) -> None:
        if not self._is_taken:
            await self._room.acquire()
            self._is_taken = True
