"""How a service is connected to the broker: for as long as it lives, through every restart of the broker.

Invariant: a connection that closes for good ends the process (a FastStream subscriber would spin on it for
ever), and a publish that the broker's permissions deny is heard of.
"""

import asyncio
import logging
import os
from typing import Any, cast

import nats
import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from prometheus_client import CollectorRegistry

from shared.broker.forever import AWAY
from shared.broker.telemetry import metrics, traces
from shared.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CONNECTION_LOST_EXIT = 70


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
            except AWAY:
                await asyncio.sleep(0.2)


def service_broker(
    settings: Settings, user: str, stopping: Stopping, registry: CollectorRegistry
) -> NatsBroker:
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
        middlewares=(metrics(registry, user), *traces(settings.traces_url, user)),
    )
