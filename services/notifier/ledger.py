"""The notifier's memory across restarts: the bucket DELIVERIES, and the facts made from it.

Invariant: an outcome is recorded after it is done, its fact is appended after it is recorded, and both are repeated until the
broker has them: whatever happens in between, the record says what was done and the fact can be made again from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from services.notifier.record import Sheet
from shared.broker import append
from shared.facts import Fact
from shared.ids import CaseId
from shared.streams import DELIVERIES
from shared.subjects import fact_subject

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")
LONGEST_WAIT = 5.0
"""Seconds between two attempts to store."""
TIMEOUT = 5.0


class Ledger:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._bucket: KeyValue | None = None

    async def open(self) -> None:
        """Raises while the bucket is not there."""
        self._bucket = await self._jetstream().key_value(DELIVERIES)

    async def check(self) -> None:
        """The bucket answers, now."""
        await self._jetstream().stream_info(f"KV_{DELIVERIES}")

    async def sheet(self, key: str) -> tuple[Sheet | None, int]:
        """What is on record under `key` and its revision, however long the broker is away: not knowing is not the same as nothing."""

        async def look() -> tuple[Sheet | None, int]:
            try:
                entry = await self._opened().get(key)
            except KeyNotFoundError:
                return None, 0
            return Sheet.read(entry.value or b""), entry.revision or 0

        return await _until_done(look, what="look up")

    async def change(self, key: str, change: Callable[[Sheet | None], Sheet], known: tuple[Sheet | None, int]) -> tuple[Sheet, int]:
        """Record the changed sheet; where somebody else has written meanwhile (a receipt, another notifier), change what they left."""
        while True:
            sheet, revision = known
            changed = change(sheet)
            raw = changed.write()

            async def store(raw: bytes = raw, last: int = revision) -> int:
                return await self._opened().update(key, raw, last=last)

            try:
                return changed, await _until_done(store, what="record")
            except KeyWrongLastSequenceError:
                known = await self.sheet(key)

    async def raw(self, key: str) -> bytes | None:
        """What stands under `key`. Raises where the broker does not answer."""
        try:
            return (await self._opened().get(key)).value
        except KeyNotFoundError:
            return None

    async def put(self, key: str, value: bytes) -> None:
        async def store() -> int:
            return await self._opened().put(key, value)

        await _until_done(store, what="record")

    async def tell(self, case: CaseId, fact: Fact) -> PubAck:
        """Append `fact`, however long the broker is away."""
        raw, subject = fact.write(), fact_subject(case, fact.kind)
        return await _until_done(lambda: append(self._connection(), subject, raw, fact.id), what=fact.kind)

    def _jetstream(self) -> JetStreamContext:
        return self._connection().jetstream(timeout=TIMEOUT)

    def _opened(self) -> KeyValue:
        assert self._bucket is not None, "open comes first"
        return self._bucket


async def _until_done(act: Callable[[], Awaitable[T]], *, what: str) -> T:
    wait = 0.1
    while True:
        try:
            return await act()
        except KeyWrongLastSequenceError:
            raise
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("broker_did_not_answer", what=what, error=str(error) or type(error).__name__, again_in=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
