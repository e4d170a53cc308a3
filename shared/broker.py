"""How a service is connected to the broker: for as long as it lives, through every restart of the broker.

Invariant: a connection that closes for good ends the process (a FastStream subscriber would spin on it for ever), and a
publish that the broker's permissions deny is heard of.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

import nats
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.subscriber.usecases.basic import LogicSubscriber
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, ConsumerInfo, PubAck

from shared.settings import Settings

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


def connect_options(settings: Settings, user: str, stopping: Stopping | None = None) -> dict[str, Any]:
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
    """A plain connection, for commands and tests. `timeout` seconds to find the broker; None waits for ever."""
    options = connect_options(settings, user)
    async with asyncio.timeout(timeout):
        while True:
            try:
                return await nats.connect(**options, connect_timeout=2)
            except (OSError, NatsError):
                await asyncio.sleep(0.2)


def service_broker(settings: Settings, user: str, stopping: Stopping) -> NatsBroker:
    """The FastStream broker of a service; not connected yet."""

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
    """Handlers take the message as it is stored: its bytes are the record, and a bad one must be kept, not dropped by a parser."""
    return message


def subscribe_durable(broker: NatsBroker, user: str, *, stream: str, durable: str, pull: PullSub) -> LogicSubscriber[Any]:
    """A subscriber on a durable that bootstrap made; acknowledged by hand.

    Decorate `async def handler(message: NatsMessage) -> None` with what this returns; `message.raw_message` has bytes and metadata.
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


def check_durables(connection: Callable[[], Client], pairs: list[tuple[str, str]]) -> Callable[[], Any]:
    """A readiness check: every durable is really there (a deleted one is not recreated, and a ping stays true)."""

    async def check() -> list[ConsumerInfo]:
        js = connection().jetstream(timeout=2)
        return [await js.consumer_info(stream, durable) for stream, durable in pairs]

    return check


async def append(connection: Client, subject: str, raw: bytes, message_id: str) -> PubAck:
    """Append one fact, stored once however often it is repeated within the dedupe window. Raises after PUBLISH_TIMEOUT seconds."""
    return await connection.jetstream().publish(subject, raw, timeout=PUBLISH_TIMEOUT, stream="FACTS", headers={"Nats-Msg-Id": message_id})


def broker_time(message: Msg) -> Any:
    """When the broker stored it, aware, UTC: the only clock that decides in time or late."""
    return message.metadata.timestamp


def unless_cancelled() -> None:
    """For the `except` of whoever follows a stream for good: nats-py turns the cancellation of a waiting `next_msg` into a lost
    connection where that closes at the same time, and the follower would go on for ever. Raises CancelledError then."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
