"""Whose turn it is at a gateway: so many hand-overs at once, and no more in a second or a minute than it
takes.

Invariant: in no second and no minute does it get more than its entry says, and what is ordinary leaves a
fifth of a minute's room to what is gravest. Of what waits for its turn the gravest goes first, and of what is
alike the newest.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from services.notifier.channels import Message
from services.notifier.delivery.carried import Interrupted
from shared.facts import Purpose
from shared.vocabulary import Level

NEEDS = {Level.I: 0, Level.II: 1, None: 1, Level.III: 2, Level.IV: 3}
"""What has no level may be the gravest there is."""

GRAVEST = 0
ORDINARY_SHARE = 0.8
"""Of a minute's room; the rest is kept free for the gravest."""

EXERCISE = 4
"""Behind everything that is in earnest."""


def need_of(message: Message) -> tuple[int, float]:
    """The least goes first. Pure."""
    if message.exercise:
        return EXERCISE, -message.at.timestamp()
    need = GRAVEST if message.purpose is Purpose.UNDECIDED else NEEDS[message.level]
    return need, -message.at.timestamp()


class RateLimit:
    """At most `most` in any `seconds`, by whatever clock the caller has; what is ordinary goes only where
    fewer than `share` of these went. Pure but for its memory.
    """

    def __init__(self, most: int, seconds: float, share: float = 1.0) -> None:
        self._seconds, self._most, self._ordinary = seconds, most, max(1, int(most * share))
        self._last: deque[float] = deque(maxlen=most)

    def wait(self, now: float, *, is_gravest: bool = False) -> float:
        """Seconds until the next may go."""
        room = self._most if is_gravest else self._ordinary
        if len(self._last) < room:
            return 0.0
        return max(0.0, self._last[-room] + self._seconds - now)

    def note(self, now: float) -> None:
        self._last.append(now)


@dataclass
class GatewayTurns:
    at_once: int
    limits: Sequence[RateLimit]
    stopping: asyncio.Event
    _in_work: int = 0
    _waiting: list[tuple[tuple[int, float], int, asyncio.Future[None]]] = field(
        default_factory=list[tuple[tuple[int, float], int, "asyncio.Future[None]"]]
    )
    _numbers: Callable[[], int] = field(default_factory=lambda: count().__next__)
    _timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, message: Message) -> AsyncGenerator[None]:
        """Raises Interrupted where the service stops before it comes."""
        comes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (need_of(message), self._numbers(), comes))
        self._let_in()
        try:
            await self._until(comes)
            yield
        finally:
            if comes.done() and not comes.cancelled():
                self._in_work -= 1
            else:
                comes.cancel()
            self._let_in()

    async def _until(self, comes: asyncio.Future[None]) -> None:
        if not comes.done():
            stops = asyncio.create_task(self.stopping.wait())
            try:
                await asyncio.wait([comes, stops], return_when=asyncio.FIRST_COMPLETED)
            finally:
                stops.cancel()
        if self.stopping.is_set():
            raise Interrupted

    def _let_in(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._in_work < self.at_once:
            if self._waiting[0][-1].done():  # nobody waits for it any more
                heappop(self._waiting)
                continue
            now = loop.time()
            is_gravest = self._waiting[0][0][0] == GRAVEST
            waits = (limit.wait(now, is_gravest=is_gravest) for limit in self.limits)
            if wait := max(waits, default=0.0):
                self._wake(now + wait)
                return
            *_, comes = heappop(self._waiting)
            self._in_work += 1
            for limit in self.limits:
                limit.note(now)
            comes.set_result(None)

    def _wake(self, at: float) -> None:
        """What is gravest may go sooner than what waited before it came."""
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._again)

    def _again(self) -> None:
        self._timer = None
        self._let_in()
