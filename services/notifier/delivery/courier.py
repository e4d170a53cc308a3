"""One channel at work: its gateways in their order, trying again as its retry policy says; what none of them
takes then waits until one does.

Invariant: `carry` ends with an outcome, or with Interrupted when the service stops between two attempts; an
attempt that has begun is always seen to its end, since nobody knows what an interrupted one did.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.notifier.channel_file import Configured
from services.notifier.channels import Message, TransportError, Trouble
from services.notifier.delivery.carried import Carried, Interrupted
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.outlasting import Backlog, Patience
from shared.concurrent import happens
from shared.directory.addresses import masked

AWAY = "the gateway took nothing a moment ago"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Courier:
    def __init__(
        self,
        configured: Configured,
        line: Sequence[GatewayAtWork],
        metrics: Metrics,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        """`line`: the channel's own gateway, and those that carry its messages where that takes nothing."""
        self.name, self.form, self.line = configured.name, configured.config.form, tuple(line)
        self._retry = configured.config.retry
        self._metrics, self._clock, self._stopping = metrics, clock, stopping
        self._backlog = Backlog(self._each_once, self._retry, configured.config.at_once, clock, stopping)

    def fault(self) -> str:
        """Why the channel takes nothing, in words; empty where one of its gateways takes."""
        faults = [gateway.taking.fault(self._clock()) for gateway in self.line]
        return f"{self.name} {faults[0]}" if all(faults) else ""

    @property
    def waiting(self) -> int:
        """Messages that wait for the gateway to take again."""
        return len(self._backlog)

    async def carry(
        self, message: Message, addresses: tuple[str, ...], patience: Patience | None = None
    ) -> Carried:
        """Try the addresses in order until one takes it. The person's addresses are the trouble only where it
        was so at each; where they are not, it waits as long as `patience` says. Raises Interrupted.
        """
        if patience is not None and self._backlog.is_away:
            now = self._clock()
            carried = Carried(addresses[0], 0, now, now, error=AWAY, trouble=Trouble.GATEWAY)
        else:
            carried = await self._through(addresses, partial(self._to, message, self._clock()))
        if patience is None or not carried.is_away:
            return carried
        patience.on_away()
        return await self._backlog.outlast(message, addresses, patience, carried)

    async def _each_once(self, message: Message, addresses: tuple[str, ...]) -> Carried:
        self._metrics.retries.labels(self.name).inc()
        return await self._through(addresses, partial(self._attempt, message, self._clock(), 1))

    async def _through(
        self, addresses: tuple[str, ...], carry_to: Callable[[str], Awaitable[Carried]]
    ) -> Carried:
        attempts, carried = 0, None
        trouble: Trouble | None = None
        for address in addresses:
            carried = await carry_to(address)
            attempts += carried.attempts
            if carried.error is None:
                return replace(carried, attempts=attempts)
            if trouble in (None, Trouble.ADDRESS):
                trouble = carried.trouble
        assert carried is not None, "a route without an address is not carried"
        return replace(carried, attempts=attempts, trouble=trouble)

    async def _to(self, message: Message, began: datetime, address: str) -> Carried:
        attempt = 0
        while True:
            attempt += 1
            carried = await self._attempt(message, began, attempt, address)
            if carried.trouble is not Trouble.GATEWAY:
                return carried
            wait = self._retry.wait_after(attempt, roll=random.random(), asked_pause=carried.pause)  # noqa: S311
            if wait is None:
                return carried
            await self.rest(wait)
            self._metrics.retries.labels(self.name).inc()

    async def _attempt(self, message: Message, began: datetime, attempt: int, address: str) -> Carried:
        """One try of one address; `attempt` is its number, from 1. Where a gateway takes nothing, the next of
        the line gets the message at once; where it refuses the address, none does.
        """
        failures: list[TransportError] = []
        for gateway, is_at_any_rate in self._to_try():
            try:
                taken = await gateway.take(replace(message, to=address), unless_at_rest=not is_at_any_rate)
            except TransportError as failure:
                failures.append(failure)
                log.warning(
                    "attempt_failed",
                    channel=gateway.name,
                    to=masked(address),
                    attempt=attempt,
                    reason=failure.reason,
                    trouble=failure.trouble,
                )
                if failure.trouble is Trouble.ADDRESS:
                    self._backlog.took()
                    break
            else:
                self._backlog.took()
                return Carried(
                    address,
                    attempt,
                    began,
                    self._clock(),
                    reference=str(taken) or None,
                    reply=taken.reply or None,
                    gateway=gateway.name if gateway is not self.line[0] else None,
                )
        return self._failed(failures, address, attempt, began)

    def _to_try(self) -> Iterator[tuple[GatewayAtWork, bool]]:
        """Those of the line that are not at rest; all at any rate where all are, since then the backlog says
        when.
        """
        if len(self.line) == 1:
            yield self.line[0], True
            return
        tried = 0
        for gateway in self.line:
            if gateway.breaker.lets_through(self._clock()):
                tried += 1
                yield gateway, False
        if not tried:
            yield from ((gateway, True) for gateway in self.line)

    def _failed(self, failures: list[TransportError], address: str, attempt: int, began: datetime) -> Carried:
        """The address is the trouble only where a gateway says so; else that one passes counts before that
        somebody of ours has to mend another.
        """
        of_each = {failure.trouble: failure for failure in reversed(failures)}
        weighs = next(
            of_each[trouble]
            for trouble in (Trouble.ADDRESS, Trouble.GATEWAY, Trouble.OURS)
            if trouble in of_each
        )
        return Carried(
            address,
            attempt,
            began,
            self._clock(),
            error=weighs.reason,
            trouble=weighs.trouble,
            pause=weighs.after,
        )

    async def rest(self, wait: timedelta) -> None:
        """Raises Interrupted when the service stops meanwhile."""
        if await happens(self._stopping, wait.total_seconds()):
            raise Interrupted
