"""One configured channel at work: at most so many hand-overs at once, trying again as its retry policy says;
what the gateway does not take then waits until it does.

Invariant: `carry` ends with an outcome, or with Interrupted when the service stops between two attempts; an
attempt that has begun is always seen to its end, since nobody knows what an interrupted one did.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.notifier.channel_file import Configured
from services.notifier.channels import (
    REFERENCE_LENGTH,
    Channel,
    Message,
    Reference,
    TransportError,
    Trouble,
    gateway_words,
)
from services.notifier.delivery.carried import Carried, Interrupted
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.outlasting import Backlog, Patience
from services.notifier.delivery.taking import GatewayTaking
from shared.concurrent import happens
from shared.directory.addresses import masked

AWAY = "the gateway took nothing a moment ago"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Courier:
    def __init__(
        self,
        configured: Configured,
        channel: Channel,
        metrics: Metrics,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        self.name, self.form = configured.name, configured.config.form
        self._retry = configured.config.retry
        self._turn = asyncio.Semaphore(configured.config.at_once)
        self._channel, self._metrics, self._clock, self._stopping = channel, metrics, clock, stopping
        self._taking = GatewayTaking()
        self._backlog = Backlog(self._each_once, self._retry, configured.config.at_once, clock, stopping)

    def fault(self) -> str:
        """Why the channel takes nothing, in words; empty where it takes."""
        why = self._taking.fault(self._clock())
        return f"{self.name} {why}" if why else ""

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
            await self._pause(wait)
            self._metrics.retries.labels(self.name).inc()

    async def _attempt(self, message: Message, began: datetime, attempt: int, address: str) -> Carried:
        """One try of one address; `attempt` is its number, from 1."""
        try:
            reference = await self._once(replace(message, to=address))
        except TransportError as failure:
            log.warning(
                "attempt_failed",
                channel=self.name,
                to=masked(address),
                attempt=attempt,
                reason=failure.reason,
                trouble=failure.trouble,
            )
            if failure.trouble is Trouble.ADDRESS:
                self._backlog.took()
            return Carried(
                address,
                attempt,
                began,
                self._clock(),
                error=failure.reason,
                trouble=failure.trouble,
                pause=failure.after,
            )
        self._backlog.took()
        return Carried(address, attempt, began, self._clock(), reference=reference)

    async def _once(self, message: Message) -> Reference | None:
        async with self._turn:
            if self._stopping.is_set():
                raise Interrupted
            began = time.perf_counter()
            try:
                reference = await self._channel.deliver(message)
                self._taking.took()
                return gateway_words(reference, REFERENCE_LENGTH) or None if reference else None
            except TransportError as failure:
                self._taking.failed(
                    message.to,
                    failure.reason,
                    self._clock(),
                    is_gateways=failure.trouble is not Trouble.ADDRESS,
                )
                raise
            except (
                Exception
            ) as error:  # a channel with a fault of its own must not lose the notice: its chain moves on
                log.exception("channel_fault", channel=self.name)
                raise TransportError(
                    f"the channel {self.name} has a fault ({type(error).__name__}): see the log",
                    Trouble.OURS,
                ) from error
            finally:
                self._metrics.attempts.labels(self.name).observe(time.perf_counter() - began)

    async def _pause(self, wait: timedelta) -> None:
        if await happens(self._stopping, wait.total_seconds()):
            raise Interrupted

    async def close(self) -> None:
        await self._channel.close()
