"""One configured channel at work: at most so many hand-overs at once, trying again as its retry policy says.

Invariant: `carry` ends with an outcome, or with Interrupted when the service stops between two attempts; an
attempt that has begun is always seen to its end, since nobody knows what an interrupted one did.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

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
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.taking import GatewayTaking
from shared.concurrent import happens
from shared.directory.addresses import masked

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Interrupted(Exception):
    """The service stops; whoever delivers this next begins again."""


@dataclass(frozen=True, slots=True)
class Carried:
    """How it ended: `error` None means handed over."""

    address: str
    attempts: int
    first_tried_at: datetime
    done_at: datetime
    reference: Reference | None = None
    error: str | None = None
    trouble: Trouble | None = None
    """Whose trouble the error is."""


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

    def fault(self) -> str:
        """Why the channel takes nothing, in words; empty where it takes."""
        why = self._taking.fault(self._clock())
        return f"{self.name} {why}" if why else ""

    async def carry(self, message: Message, addresses: tuple[str, ...]) -> Carried:
        """Try the addresses in order until one takes it. The person's addresses are the trouble only where it
        was so at each.
        """
        began, attempts, carried = self._clock(), 0, None
        trouble: Trouble | None = None
        for address in addresses:
            carried = await self._to(replace(message, to=address), began)
            attempts += carried.attempts
            if carried.error is None:
                return replace(carried, attempts=attempts)
            if trouble in (None, Trouble.ADDRESS):
                trouble = carried.trouble
        assert carried is not None, "a route without an address is not carried"
        return replace(carried, attempts=attempts, trouble=trouble)

    async def _to(self, message: Message, began: datetime) -> Carried:
        attempt = 0
        while True:
            attempt += 1
            try:
                reference = await self._once(message)
            except TransportError as failure:
                wait = (
                    self._retry.wait_after(attempt, roll=random.random(), asked_pause=failure.after)  # noqa: S311
                    if failure.retry
                    else None
                )
                log.warning(
                    "attempt_failed",
                    channel=self.name,
                    to=masked(message.to),
                    attempt=attempt,
                    reason=failure.reason,
                    trouble=failure.trouble,
                    again_in=wait.total_seconds() if wait is not None else None,
                )
                if wait is None:
                    return Carried(
                        message.to,
                        attempt,
                        began,
                        self._clock(),
                        error=failure.reason,
                        trouble=failure.trouble,
                    )
                await self._pause(wait)
                self._metrics.retries.labels(self.name).inc()
            else:
                return Carried(message.to, attempt, began, self._clock(), reference=reference)

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
