"""The directory as it is now, followed at run time: `live.now` is always a whole valid one.

Invariant: it only ever moves forward in revision. Before the first value, and where the broker is away, the last one known stays (at
first that of the file). A consumer that went with the broker's restart is made again; besides, the key is read every half minute,
so that nothing missed lasts.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, DeliverPolicy

from shared.broker import unless_cancelled
from shared.directory.kept import CURRENT, Kept
from shared.directory.whole import Directory
from shared.streams import DIRECTORY

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STREAM = f"KV_{DIRECTORY}"
SUBJECT = f"$KV.{DIRECTORY}.{CURRENT}"
LOOK_AGAIN = 30.0
TIMEOUT = 3.0


class LiveDirectory:
    """Give it as `Callable[[], Directory]`, or read `now`. `open` belongs to a service's `prepare`, `run` to its `tasks`."""

    def __init__(self, first: Directory, connection: Callable[[], Client]) -> None:
        self.now = first
        self.revision = 0
        """0 while `now` is the file's."""
        self.listeners: list[Callable[[Directory], None]] = []
        """Called with each new directory, at once."""
        self._connection = connection

    def __call__(self) -> Directory:
        return self.now

    async def open(self) -> None:
        """Take what is there. Raises where the bucket does not answer; an empty one leaves the file's."""
        found = await self._connection().request(f"$JS.API.DIRECT.GET.{STREAM}.{SUBJECT}", b"", timeout=TIMEOUT)
        status = (found.headers or {}).get("Status")
        if found.data and status is None:
            self.take(found.data)
        elif status not in (None, "404"):
            raise NatsError(f"the bucket {DIRECTORY} answers {status}")

    async def check(self) -> None:
        """For readiness: the bucket is there."""
        await self._connection().jetstream(timeout=TIMEOUT).stream_info(STREAM)

    def take(self, raw: bytes) -> None:
        """A value of the key. One that can't be read is said and left aside."""
        try:
            kept = Kept.read(raw)
        except ValueError as error:
            log.error("directory_unreadable", error=str(error)[:500], next="the last one stays; see the bucket's history")
            return
        self.put(kept)

    def put(self, kept: Kept) -> None:
        if kept.revision <= self.revision:
            return
        self.now, self.revision = kept.directory, kept.revision
        log.info("directory", revision=kept.revision, version=kept.directory.version, people=len(kept.directory.people))
        for listener in self.listeners:
            listener(self.now)

    async def run(self) -> None:
        """For as long as the service lives."""
        while True:
            try:
                await self._follow_until_lost()
            except (NatsError, OSError, TimeoutError) as error:
                unless_cancelled()
                log.warning("directory_not_followed", error=str(error) or type(error).__name__, next="again in a second")
            await asyncio.sleep(1)

    async def _follow_until_lost(self) -> None:
        connection = self._connection()
        connects, loop = connection.stats["reconnects"], asyncio.get_running_loop()
        config = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        js = connection.jetstream(timeout=TIMEOUT)
        subscription = await js.subscribe(SUBJECT, stream=STREAM, ordered_consumer=True, config=config)
        looked = loop.time()
        try:
            while connection.stats["reconnects"] == connects:
                with suppress(NatsTimeoutError):
                    self.take((await subscription.next_msg(timeout=1)).data)
                if loop.time() - looked > LOOK_AGAIN:
                    looked = loop.time()
                    await self.open()
        finally:
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()
