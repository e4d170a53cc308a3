"""The latest deliveries of all replicas, kept in memory for the API and for receipts that come back with a reference.

Invariant: it follows the bucket DELIVERIES from `keep` entries back and never holds more than that; what is older is read from
the bucket by its case.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, DeliverPolicy

from services.notifier.record import Sheet
from shared.broker import unless_cancelled
from shared.streams import DELIVERIES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STREAM = f"KV_{DELIVERIES}"
PREFIX = f"$KV.{DELIVERIES}."


class Recent:
    def __init__(self, connection: Callable[[], Client], *, keep: int = 2000) -> None:
        self._connection, self._keep = connection, keep
        self._raw: OrderedDict[str, bytes] = OrderedDict()
        self._by_reference: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._next = 0

    def newest_first(self) -> Iterator[Sheet]:
        return (Sheet.read(raw) for raw in reversed(list(self._raw.values())))

    def notice_of_reference(self, channel: str, reference: str) -> str | None:
        return self._by_reference.get((channel, reference))

    async def of_case(self, case: str) -> list[Sheet]:
        """All sheets of one case on record, newest first."""
        js = self._connection().jetstream(timeout=3)
        config = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT, inactive_threshold=30)
        subscription = await js.subscribe(f"{PREFIX}{case}.>", stream=STREAM, ordered_consumer=True, config=config)
        sheets: list[Sheet] = []
        seen = 0
        try:
            pending = (await subscription.consumer_info()).num_pending or 0
            pending += subscription.delivered
            while seen < pending:
                message = await subscription.next_msg(timeout=3)
                seen += 1
                if _is_sheet(message):
                    sheets.append(Sheet.read(message.data))
                if message.metadata.num_pending == 0:
                    break
        finally:
            await subscription.unsubscribe()
        return sheets[::-1]

    async def follow(self) -> None:
        """The service's task. A consumer that went with the broker's restart is made again from where it stood."""
        while True:
            try:
                await self._follow_until_lost()
            except (NatsError, OSError, TimeoutError) as error:
                unless_cancelled()
                log.warning("deliveries_not_followed", error=str(error) or type(error).__name__, next="again in a second")
            await asyncio.sleep(1)

    async def _follow_until_lost(self) -> None:
        connection = self._connection()
        js = connection.jetstream(timeout=3)
        if not self._next:
            state = (await js.stream_info(STREAM)).state
            self._next = max(state.first_seq, state.last_seq - self._keep + 1, 1)
        connects = connection.stats["reconnects"]
        config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._next)
        subscription = await js.subscribe(f"{PREFIX}>", stream=STREAM, ordered_consumer=True, config=config)
        try:
            while connection.stats["reconnects"] == connects:
                with suppress(NatsTimeoutError):
                    self._take(await subscription.next_msg(timeout=1))
        finally:
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()

    def _take(self, message: Msg) -> None:
        self._next = message.metadata.sequence.stream + 1
        key = message.subject.removeprefix(PREFIX)
        self._raw.pop(key, None)
        if not _is_sheet(message):
            return
        self._raw[key] = message.data
        # Only peeked at here; checked whole when it is asked for.
        for record in (record for bundle in orjson.loads(message.data)["bundles"] for record in bundle):
            delivery = record["delivery"]
            if reference := delivery.get("reference"):
                self._by_reference[delivery["channel"], reference] = delivery["notice"]
        for kept in (self._raw, self._by_reference):
            while len(kept) > self._keep:
                kept.popitem(last=False)


def _is_sheet(message: Msg) -> bool:
    """Not a deletion, not the mark of a used link."""
    return bool(message.data) and not message.subject.rpartition(".")[2].startswith("=")
