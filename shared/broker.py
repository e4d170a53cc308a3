"""How a service is connected to the broker: for as long as it lives, through every restart of the broker.

Invariant: a connection that closes for good ends the process (a FastStream subscriber would spin on it for
ever), and a publish that the broker's permissions deny is heard of.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any, cast

import msgspec
import nats
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.subscriber.usecases.basic import LogicSubscriber
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, PubAck

from shared.facts.authenticity import MESSAGE_ID, distrust_envelope
from shared.settings import Settings
from shared.stillness import STILL_AFTER, Stillness, queue_of
from shared.stored import Ask, asking, message_at
from shared.streams import FACTS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CONNECTION_LOST_EXIT = 70
PUBLISH_TIMEOUT = 5.0
"""Seconds to wait for the broker to say that a fact is stored."""


class Stopping:
    """Tells a wanted end of the connection from an unwanted one."""

    def __init__(self) -> None:
        self.wanted = False


def inbox_prefix(user: str) -> bytes:
    """Each user hears answers under its own prefix alone (config/nats.conf)."""
    return f"_INBOX.{user}".encode()


def heed_only_the_brokers_status() -> None:
    """A status of the broker (no more messages, a heartbeat) answers a pull and bears no reply subject;
    whatever a durable hands out bears one. nats-py goes by the header `Status` alone, which anybody may set:
    such a message would be dropped unread, never acknowledged, and enough of them would fill a durable. Safe
    to repeat.
    """

    def status_of(message: Msg | None) -> str | None:
        return (
            None if message is None or message.reply or not message.headers else message.headers.get("Status")
        )

    JetStreamContext.is_status_msg = staticmethod(status_of)  # pyright: ignore[reportAttributeAccessIssue]


def outlive_late_answers() -> None:
    """Whoever gives up waiting for a PONG (readiness does, after two seconds) leaves a cancelled future
    behind. When the broker answers after all, nats-py fails at that future and never reads the connection
    again: a broker that stood still for three seconds would be lost to every service for a minute, until the
    pings go unanswered. Safe to repeat.
    """
    Client._process_pong = _heard  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


_process_pong = Client._process_pong  # pyright: ignore[reportPrivateUsage]


async def _heard(client: Client) -> None:
    waiting = cast(list[asyncio.Future[bool]], client._pongs)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    if waiting and waiting[0].done():
        waiting[0] = asyncio.get_running_loop().create_future()
    await _process_pong(client)


def connect_options(settings: Settings, user: str, stopping: Stopping | None = None) -> dict[str, Any]:
    outlive_late_answers()

    async def on_error(error: Exception) -> None:
        log.error("broker_error", error=str(error), kind=type(error).__name__)

    async def on_disconnect() -> None:
        if stopping is None or stopping.wanted:
            return
        log.warning("broker_lost", url=settings.nats_url, next="reconnecting for as long as it takes")

    async def on_reconnect() -> None:
        log.info("broker_back", url=settings.nats_url)

    options: dict[str, Any] = {
        "servers": settings.nats_url.split(","),
        "name": f"fenghuo-{user}",
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.5,
        "ping_interval": 20,
        "max_outstanding_pings": 3,
        "inbox_prefix": inbox_prefix(user),
        "error_cb": on_error,
        "disconnected_cb": on_disconnect,
        "reconnected_cb": on_reconnect,
    }
    if settings.nats_credentials is not None:
        options["nkeys_seed"] = str(settings.nats_credentials)
    return options


async def connect(settings: Settings, user: str, *, timeout: float | None = None) -> Client:
    """A plain connection, for commands and tests. `timeout` seconds to find the broker; None waits for
    ever.
    """
    options = connect_options(settings, user)
    async with asyncio.timeout(timeout):
        while True:
            try:
                return await nats.connect(**options, connect_timeout=2)
            except (OSError, NatsError):
                await asyncio.sleep(0.2)


def service_broker(settings: Settings, user: str, stopping: Stopping) -> NatsBroker:
    """The FastStream broker of a service; not connected yet."""
    heed_only_the_brokers_status()

    async def on_closed() -> None:
        if not stopping.wanted:
            log.critical("broker_connection_closed", next="this process ends, its supervisor starts it again")
            os._exit(CONNECTION_LOST_EXIT)

    return NatsBroker(
        **connect_options(settings, user, stopping),
        closed_cb=on_closed,
        graceful_timeout=15.0,
        logger=logging.getLogger("fenghuo.subscribers"),
        apply_types=False,
    )


async def _whole(message: NatsMessage) -> NatsMessage:
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
        decoder=_whole,
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


class TakenIdError(NatsError):
    """The fact is not stored: a message that is no authentic fact was stored under its id before."""

    def __init__(self, message_id: str, sequence: int) -> None:
        super().__init__(
            f"fact {sequence} is not authentic and has taken the id {message_id}: nothing was stored, tell the operator"
        )


async def append(connection: Client, subject: str, raw: bytes, message_id: str) -> PubAck:
    """Append one fact, stored once however often it is repeated within the dedupe window. Raises after
    PUBLISH_TIMEOUT seconds, and TakenIdError where a forgery lies under its id: the broker drops the fact
    then, and "stored" would be untrue.
    """
    ack = await connection.jetstream().publish(
        subject, raw, timeout=PUBLISH_TIMEOUT, stream=FACTS, headers={MESSAGE_ID: message_id}
    )
    if ack.duplicate and not await is_authentic(asking(lambda: connection, PUBLISH_TIMEOUT), ack.seq):
        raise TakenIdError(message_id, ack.seq)
    return ack


async def is_authentic(ask: Ask, sequence: int) -> bool:
    """Whether what was stored at `sequence` under an id of ours is a fact: then it is this very one, said
    before a crash.
    """
    stored = await message_at(ask, FACTS, sequence)
    if stored is None:
        return True
    try:
        envelope = msgspec.json.decode(stored.data, type=dict[str, Any])
    except msgspec.MsgspecError:
        return False
    return distrust_envelope(stored.subject, stored.headers, envelope) is None


def unless_cancelled() -> None:
    """For the `except` of whoever follows a stream for good: nats-py turns the cancellation of a waiting
    `next_msg` into a lost connection where that closes at the same time, and the follower would go on for
    ever. Raises CancelledError then.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
