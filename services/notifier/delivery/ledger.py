"""The notifier's memory across restarts: the bucket DELIVERIES, and the facts made from it.

Invariant: an outcome is recorded after it is done, its fact is appended after it is recorded, and both are
repeated until the broker has them: whatever happens in between, the record says what was done and the fact
can be made again from it.
"""

from collections.abc import Callable
from datetime import timedelta

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PubAck

from services.notifier.delivery.record import Sheet
from shared.broker.append import append
from shared.broker.exchange import ConflictError
from shared.broker.forever import until_done
from shared.broker.revisions import last_readable
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.facts import Fact
from shared.facts.aside import Aside
from shared.ids import CaseId
from shared.on_record import on_record
from shared.streams import DELIVERIES
from shared.subjects import fact_subject

TIMEOUT = 5.0
STORED_WITHIN = timedelta(minutes=10)
"""A fact was stored so soon after what it tells of; one that is not on record by then was never told."""


class DeliveryLedger:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._ask = asking(connection, TIMEOUT)

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

        return await until_done(look, "not_looked_up")

    async def change(
        self, key: str, change: Callable[[Sheet | None], Sheet], stored: tuple[Sheet | None, int]
    ) -> tuple[Sheet, int]:
        """Record the changed sheet; where somebody else has written meanwhile (a receipt, another notifier),
        change what they left.
        """
        while True:
            sheet, revision = stored
            changed = change(sheet)
            raw = changed.write()

            try:
                return changed, await self.put(key, raw, over=revision)
            except ConflictError:
                stored = await self.sheet(key)

    async def raw(self, key: str) -> bytes | None:
        """What stands under `key`. Raises where the broker does not answer."""
        return (await self.stored(key))[0]

    async def stored(self, key: str) -> tuple[bytes | None, int]:
        """The same and its revision. Raises where the broker does not answer."""
        stored = await value_of(self._ask, DELIVERIES, key)
        if stored is None:
            return None, 0
        return None if stored.is_deletion else stored.data, stored.sequence

    async def put(self, key: str, value: bytes, *, over: int | None = None) -> int:
        """Returns the revision. Raises ConflictError where the key is no longer at revision `over`."""
        return await until_done(
            lambda: write(self._connection(), DELIVERIES, key, value, over=over), "not_recorded"
        )

    async def tell(self, case: CaseId, fact: Fact) -> PubAck:
        """Append `fact`, however long the broker is away."""
        raw, subject = fact.write(), fact_subject(case, fact.kind)
        return await until_done(
            lambda: append(self._connection(), subject, raw, fact.id), "not_told", kind=fact.kind
        )

    async def append(self, fact: Aside) -> PubAck:
        """The fact about a decision that is set aside, however long the broker is away."""
        return await until_done(
            lambda: append(self._connection(), fact.subject, fact.raw, fact.id), "not_told", kind="rejected"
        )

    async def tell_again(self, case: CaseId, fact: Fact) -> None:
        """Append what was told before or should have been: once, however long ago that was, and whatever the
        broker has forgotten.
        """
        subject = fact_subject(case, fact.kind)

        async def is_told() -> bool:
            recorded = await on_record(self._connection, subject, fact.id, fact.time, for_long=STORED_WITHIN)
            return recorded is not None

        if not await until_done(is_told, "not_looked_up"):
            await self.tell(case, fact)

    def _jetstream(self) -> JetStreamContext:
        return self._connection().jetstream(timeout=TIMEOUT)
