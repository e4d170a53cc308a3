"""Whose turn it is at a gateway: so many hand-overs at once, and no more in a second or a minute than it takes.

Invariant: in no second and no minute does it get more than its entry says. Of what waits for its turn the gravest
goes first, and of what is alike the newest.
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

EXERCISE = 4
"""Behind everything that is in earnest."""


def need_of(message: Message) -> tuple[int, float]:
    """The least goes first. Pure."""
    if message.exercise:
        return EXERCISE, -message.at.timestamp()
    need = 0 if message.purpose is Purpose.UNDECIDED else NEEDS[message.level]
    return need, -message.at.timestamp()


class RateLimit:
    """At most `most` in any `seconds`, by whatever clock the caller has. Pure but for its memory."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._last: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until the next may go."""
        if len(self._last) < (self._last.maxlen or 0):
            return 0.0
        return max(0.0, self._last[0] + self._seconds - now)

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
            if wait := max((limit.wait(now) for limit in self.limits), default=0.0):
                if self._timer is None:
                    self._timer = loop.call_later(wait, self._again)
                return
            *_, comes = heappop(self._waiting)
            self._in_work += 1
            for limit in self.limits:
                limit.note(now)
            comes.set_result(None)

    def _again(self) -> None:
        self._timer = None
        self._let_in()
