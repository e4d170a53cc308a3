"""What waits until a gateway takes again: a gateway that is away is not a person who is dark.

Invariant: no message ends by the gateway's trouble, nor by ours, before its time is over: it ends when it is
taken, when its address is refused, or when nobody needs it any more. While nothing is taken one message is
tried at a time, those first that have been tried least, and of them the newest; as soon as one is taken all
others go, the newest first. What waits is nowhere but here and in the decision, which the broker hands out
again after a crash.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier.channels import Message, Trouble
from services.notifier.delivery.carried import Carried, Interrupted
from services.notifier.retry import RetryPolicy

SHORTEST_REST = 0.2
"""Seconds between two tries of a gateway that takes nothing, however many new messages come."""
LONGEST_WAIT = timedelta(days=3)
"""A mailbox that refuses for weeks does not gather what has a limit of weeks: by then the person knows
otherwise.
"""
AT_LEAST = timedelta(hours=1)
"""From now, however late the decision comes here."""
OVER = "its time was over before the gateway took it"
NOT_NEEDED = "not sent any more: what it asked for was done meanwhile, or the case has ended"


def wait_ends(answered_until: datetime, decided_at: datetime, now: datetime) -> datetime:
    """Until when a message may wait; `answered_until`: as long as what it asks can be answered. Pure."""
    return max(min(answered_until, decided_at + LONGEST_WAIT), now + AT_LEAST)


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a message may wait for its gateway, and what is done about it meanwhile."""

    until: datetime
    asked_at: datetime
    """When it was decided: the newest goes first."""
    is_needed: Callable[[], Awaitable[bool]] = _always
    """Asked before each later try."""
    on_away: Callable[[], None] = lambda: None
    """Called once, when the gateway has not taken it at first."""


@dataclass(eq=False)
class WaitingForGateway:
    message: Message
    addresses: tuple[str, ...]
    patience: Patience
    last: Carried
    tries: int = 0
    ended: asyncio.Future[Carried] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, carried: Carried) -> None:
        if not self.ended.done():
            self.ended.set_result(carried)


class Backlog:
    """Of one channel. `once`: tries a message's addresses in order, each once."""

    def __init__(
        self,
        once: Callable[[Message, tuple[str, ...]], Awaitable[Carried]],
        retry: RetryPolicy,
        at_once: int,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        self._once, self._retry, self._at_once = once, retry, at_once
        self._clock, self._stopping = clock, stopping
        self._waiting: list[WaitingForGateway] = []
        self._is_away = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_away(self) -> bool:
        """Whether the gateway took nothing the last time: a new message waits its turn at once."""
        return self._is_away and bool(self._waiting)

    def took(self) -> None:
        """The gateway has taken something, or answered about an address: whatever waits may go."""
        if self._is_away:
            self._is_away = False
            self._news.set()

    async def outlast(
        self, message: Message, addresses: tuple[str, ...], patience: Patience, last: Carried
    ) -> Carried:
        """How it ended, with all attempts and the time of the first. Raises Interrupted when the service
        stops.
        """
        waiting = WaitingForGateway(message, addresses, patience, last)
        self._is_away = self._is_away or last.trouble is Trouble.GATEWAY
        self._waiting.append(waiting)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name=f"backlog-{message.channel}")
        try:
            return await waiting.ended
        finally:
            with suppress(ValueError):
                self._waiting.remove(waiting)

    async def _work(self) -> None:
        pause = self._retry.first.total_seconds()
        try:
            while self._waiting:
                await self._rest(pause)
                left = [waiting for waiting in self._waiting if not waiting.ended.done()]
                if not left:
                    continue
                if await self._try(min(left, key=lambda waiting: (waiting.tries, _age(waiting)))):
                    pause = self._retry.first.total_seconds()
                    await self._let_go()
                else:
                    pause = min(pause * self._retry.factor, self._retry.cap.total_seconds())
        except BaseException as error:
            for waiting in self._waiting:
                if not waiting.ended.done():
                    waiting.ended.set_exception(error)
            if not isinstance(error, Interrupted):
                raise

    async def _rest(self, pause: float) -> None:
        """Until `pause` seconds are over or something new is known. Raises Interrupted."""
        await self._stop_or_news(SHORTEST_REST, news=False)
        await self._stop_or_news(max(pause - SHORTEST_REST, 0), news=True)
        self._news.clear()

    async def _stop_or_news(self, seconds: float, *, news: bool) -> None:
        events = [self._stopping, *([self._news] if news else [])]
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._stopping.is_set():
            raise Interrupted

    async def _let_go(self) -> None:
        """All that waits, the newest first, as long as it is taken."""
        queue = sorted(self._waiting, key=_age)
        while queue and not self._is_away:
            now, queue = queue[: self._at_once], queue[self._at_once :]
            tries = await asyncio.gather(*map(self._try, now), return_exceptions=True)
            if fault := next((end for end in tries if isinstance(end, BaseException)), None):
                raise fault

    async def _try(self, waiting: WaitingForGateway) -> bool:
        """Whether the gateway takes again, as far as this message tells."""
        if waiting.ended.done():
            return False
        if self._clock() >= waiting.patience.until:
            over = f"{OVER}; the last try: {waiting.last.error}"
            waiting.end(waiting.last.given_up(over, self._clock()))
            return False
        if not await waiting.patience.is_needed():
            waiting.end(waiting.last.given_up(NOT_NEEDED, self._clock(), is_spared=True))
            return False
        waiting.tries += 1
        carried = await self._once(waiting.message, waiting.addresses)
        waiting.last = carried.after(waiting.last)
        if carried.trouble in (None, Trouble.ADDRESS):
            waiting.end(waiting.last)
            return True
        self._is_away = self._is_away or carried.trouble is Trouble.GATEWAY
        return False


def _age(waiting: WaitingForGateway) -> float:
    """The newest first."""
    return -waiting.patience.asked_at.timestamp()
