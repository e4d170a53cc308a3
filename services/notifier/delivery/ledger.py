"""The notifier's memory across restarts: the bucket DELIVERIES, and the facts made from it.

Invariant: an outcome is recorded after it is done, its fact is appended after it is recorded, and both are
repeated until the broker has them: whatever happens in between, the record says what was done and the fact
can be made again from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from nats.aio.client import Client
from nats.errors import BadSubjectError, MaxPayloadError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import InvalidKeyError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from services.notifier.delivery.record import Sheet
from shared.broker.append import append
from shared.broker.revisions import last_readable
from shared.broker.stored import asking, value_of
from shared.broker.walk import WalkError
from shared.facts import Fact
from shared.facts.aside import Aside
from shared.ids import CaseId
from shared.on_record import on_record
from shared.streams import DELIVERIES
from shared.subjects import fact_subject

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")
LONGEST_WAIT = 5.0
"""Seconds between two attempts to store."""
TIMEOUT = 5.0
WILL_NEVER_BE_DONE = (BadSubjectError, InvalidKeyError, MaxPayloadError)
"""The client itself refuses them, each time."""
STORED_WITHIN = timedelta(minutes=10)
"""A fact was stored so soon after what it tells of; one that is not on record by then was never told."""


class Ledger:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._ask = asking(connection, TIMEOUT)
        self._bucket: KeyValue | None = None

    async def open(self) -> None:
        """Raises while the bucket is not there."""
        self._bucket = await self._jetstream().key_value(DELIVERIES)

    async def check(self) -> None:
        """The bucket answers, now."""
        await self._jetstream().stream_info(f"KV_{DELIVERIES}")

    async def sheet(self, key: str) -> tuple[Sheet | None, int]:
        """What is on record under `key` and its revision, however long the broker is away: not knowing is not
        the same as nothing.
        """

        async def look() -> tuple[Sheet | None, int]:
            stored = await value_of(self._ask, DELIVERIES, key)
            if stored is None or stored.is_deletion:
                return None, stored.sequence if stored is not None else 0
            try:
                return Sheet.read(stored.data), stored.sequence
            except ValueError:
                # With nothing readable left nobody knows what went out: we prefer a second call to a missed
                # one.
                before = await last_readable(self._jetstream(), DELIVERIES, key, Sheet.read)
                return before.value, before.revision

        return await _until_done(look, what="look up")

    async def change(
        self, key: str, change: Callable[[Sheet | None], Sheet], known: tuple[Sheet | None, int]
    ) -> tuple[Sheet, int]:
        """Record the changed sheet; where somebody else has written meanwhile (a receipt, another notifier),
        change what they left.
        """
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
        stored = await value_of(self._ask, DELIVERIES, key)
        return None if stored is None or stored.is_deletion else stored.data

    async def put(self, key: str, value: bytes) -> None:
        async def store() -> int:
            return await self._opened().put(key, value)

        await _until_done(store, what="record")

    async def tell(self, case: CaseId, fact: Fact) -> PubAck:
        """Append `fact`, however long the broker is away."""
        raw, subject = fact.write(), fact_subject(case, fact.kind)
        return await _until_done(lambda: append(self._connection(), subject, raw, fact.id), what=fact.kind)

    async def append(self, fact: Aside) -> PubAck:
        """The fact about a decision that is set aside, however long the broker is away."""
        return await _until_done(
            lambda: append(self._connection(), fact.subject, fact.raw, fact.id), what="rejected"
        )

    async def tell_again(self, case: CaseId, fact: Fact) -> None:
        """Append what was told before or should have been: once, however long ago that was, and whatever the
        broker has forgotten.
        """
        subject = fact_subject(case, fact.kind)

        async def is_told() -> bool:
            found = await on_record(self._connection, subject, fact.id, fact.time, for_long=STORED_WITHIN)
            return found is not None

        if not await _until_done(is_told, what="look up"):
            await self.tell(case, fact)

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
        except (KeyWrongLastSequenceError, *WILL_NEVER_BE_DONE):
            raise
        except (NatsError, WalkError, OSError, TimeoutError) as error:
            log.warning(
                "broker_did_not_answer", what=what, error=str(error) or type(error).__name__, again_in=wait
            )
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
