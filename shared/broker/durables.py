"""A service's part in a durable that bootstrap made: it subscribes, and its readiness knows whether the durable
is there and moves.

Invariant: nothing is declared here, and a message is handed on as it is stored.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.subscriber.usecases.basic import LogicSubscriber
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from shared.broker.connection import inbox_prefix
from shared.broker.stillness import STILL_AFTER, Stillness, queue_of


async def whole(message: NatsMessage) -> NatsMessage:
    """Handlers take the message as it is stored: its bytes are the record, and a bad one must be kept, not
    dropped by a parser.
    """
    return message


def subscribe_durable(
    broker: NatsBroker, user: str, *, stream: str, durable: str, pull: PullSub
) -> LogicSubscriber[Any]:
    """A subscriber on a durable that bootstrap made; acknowledged by hand.

    Decorate `async def handler(message: NatsMessage) -> None` with what this returns; `message.raw_message`
    has bytes and metadata.
    """
    return broker.subscriber(
        subject="",
        stream=JStream(stream, declare=False),
        durable=durable,
        config=ConsumerConfig(),
        pull_sub=pull,
        ack_policy=AckPolicy.MANUAL,
        inbox_prefix=inbox_prefix(user) + b".",
        decoder=whole,
    )


def check_durables(
    connection: Callable[[], Client], pairs: list[tuple[str, str]], still: timedelta = STILL_AFTER
) -> Callable[[], Awaitable[None]]:
    """A readiness check: every durable is really there (a deleted one is not recreated, and a ping stays
    true), and none has stood still for `still` while something waited in it that somebody could have done.
    """
    stillness = Stillness()

    async def check() -> None:
        js = connection().jetstream(timeout=2)
        for stream, durable in pairs:
            queue = queue_of(await js.consumer_info(stream, durable))
            if (seconds := stillness.seconds(durable, queue, monotonic())) > still.total_seconds():
                raise RuntimeError(
                    f"{stream}/{durable} stands still: {queue.waiting} wait, nothing was done with for {seconds:.0f} s"
                )

    return check
