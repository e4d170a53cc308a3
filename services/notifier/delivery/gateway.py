"""One gateway of the channel file at work: at most so many hand-overs at once, whether it takes anything, and
whether it is tried at all where another one could carry its messages.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from services.notifier.channel_file import Configured
from services.notifier.channels import (
    REFERENCE_LENGTH,
    Channel,
    ChannelConfig,
    Message,
    Taken,
    TransportError,
    Trouble,
    gateway_words,
)
from services.notifier.delivery.breaker import Breaker
from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.gateway_turns import ORDINARY_SHARE, GatewayTurns, RateLimit
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.taking import GatewayTaking

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AT_REST = "the gateway took nothing from those before it"


def limits_of(config: ChannelConfig) -> list[RateLimit]:
    spans = ((config.per_second, 1.0, 1.0), (config.per_minute, 60.0, ORDINARY_SHARE))
    return [RateLimit(most, seconds, share) for most, seconds, share in spans if most is not None]


class GatewayAtWork:
    def __init__(
        self,
        configured: Configured,
        channel: Channel,
        metrics: Metrics,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        self.name = configured.name
        self.taking, self.breaker = GatewayTaking(), Breaker()
        self.turns = GatewayTurns(configured.config.at_once, limits_of(configured.config), stopping)
        self._channel, self._metrics, self._clock, self._stopping = channel, metrics, clock, stopping

    async def take(self, message: Message, *, unless_at_rest: bool = False) -> Taken:
        """Hand it over, once. Raises TransportError, also where it has come to rest before the message's turn
        and another gateway may carry it; or Interrupted when the service stops.
        """
        async with self.turns.turn(message):
            if self._stopping.is_set():
                raise Interrupted
            if unless_at_rest and self.breaker.is_at_rest(self._clock()):
                raise TransportError(AT_REST, Trouble.GATEWAY)
            began = time.perf_counter()
            try:
                taken = await self._channel.deliver(message)
            except TransportError as failure:
                self._failed(message, failure)
                raise
            except (
                Exception
            ) as error:  # a channel with a fault of its own must not lose the notice: its chain moves on
                log.exception("channel_fault", channel=self.name)
                fault = TransportError(
                    f"the channel {self.name} has a fault ({type(error).__name__}): see the log", Trouble.OURS
                )
                self._failed(message, fault)
                raise fault from error
            finally:
                self._metrics.attempts.labels(self.name).observe(time.perf_counter() - began)
            self.taking.took(self._clock())
            self.breaker.took()
            return Taken(
                gateway_words(taken or "", REFERENCE_LENGTH), taken.reply if isinstance(taken, Taken) else ""
            )

    def _failed(self, message: Message, failure: TransportError) -> None:
        is_gateways = failure.trouble is not Trouble.ADDRESS
        self.taking.failed(message.to, failure.reason, self._clock(), failure.trouble)
        if is_gateways:
            self.breaker.failed(self._clock(), roll=random.random(), asked_pause=failure.after)  # noqa: S311
        else:
            self.breaker.took()

    async def close(self) -> None:
        await self._channel.close()
