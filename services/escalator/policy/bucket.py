"""Where the versions are kept: the KV bucket POLICIES, `text.<digest>` for the YAML and `version.<digest>` for where it stands.

Invariant: a text is written before the version that names it and never again; a version changes by compare-and-set alone. Every
policy a case began under stays, so that no later one changes under it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError

from shared.streams import POLICIES

STREAM = f"KV_{POLICIES}"
PREFIX = f"$KV.{POLICIES}."
TEXT, VERSION = "text.", "version."
TIMEOUT = 3.0


class TakenError(RuntimeError):
    """Somebody else has written the key meanwhile: read it again."""


class PolicyStore(Protocol):
    async def read(self, key: str) -> tuple[bytes, int] | None:
        """(value, revision); None where there is none."""
        ...

    async def write(self, key: str, raw: bytes, revision: int) -> None:
        """Over exactly `revision` (0: it must not be there). Raises TakenError."""
        ...

    def follow(self) -> AsyncIterator[tuple[str, bytes] | None]:
        """Every key as it is and as it changes; None once all that was there has been told, and while nothing changes."""
        ...


class BucketStore:
    """The bucket of the broker."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection

    async def read(self, key: str) -> tuple[bytes, int] | None:
        bucket = await self._connection().jetstream(timeout=TIMEOUT).key_value(POLICIES)
        try:
            entry = await bucket.get(key)
        except KeyNotFoundError:
            return None
        return entry.value or b"", entry.revision or 0

    async def write(self, key: str, raw: bytes, revision: int) -> None:
        bucket = await self._connection().jetstream(timeout=TIMEOUT).key_value(POLICIES)
        try:
            await bucket.update(key, raw, last=revision)
        except KeyWrongLastSequenceError:
            raise TakenError(key) from None

    async def follow(self) -> AsyncIterator[tuple[str, bytes] | None]:
        """Ends when the connection was lost: an ordered consumer may have gone with the broker."""
        connection = self._connection()
        connects = connection.stats["reconnects"]
        config = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
        js = connection.jetstream(timeout=TIMEOUT)
        subscription = await js.subscribe(f"{PREFIX}>", stream=STREAM, ordered_consumer=True, config=config)
        try:
            ahead = (await subscription.consumer_info()).num_pending or 0
            if not ahead:
                yield None
            while connection.stats["reconnects"] == connects:
                try:
                    message = await subscription.next_msg(timeout=1)
                except NatsTimeoutError:
                    yield None
                    continue
                yield message.subject.removeprefix(PREFIX), message.data
                if not message.metadata.num_pending:
                    yield None
        finally:
            with suppress(NatsError, OSError, asyncio.CancelledError):
                await subscription.unsubscribe()
