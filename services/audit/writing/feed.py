"""The facts as the broker holds them: handed out by the audit's durable, or fetched by their sequence where
some are missing.

Invariant: it acknowledges only what it is told to, and never holds more than two batches. One request brings
a whole batch straight from the connection: a framework's batch waits its whole timeout to fill, the client's
own pull costs four times as much.
"""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.audit.records.record import BrokerMessage
from shared import streams
from shared.broker.append import append
from shared.broker.connection import inbox_prefix
from shared.broker.exchange import ConflictError
from shared.broker.revisions import Readable, last_readable
from shared.broker.stored import StoredMessage, asking, message_at
from shared.broker.times import hand_out
from shared.broker.walk import walk
from shared.broker.write import write
from shared.concurrent import happens
from shared.facts import rfc3339
from shared.facts.authenticity import MESSAGE_ID
from shared.subjects import CHECKPOINT, TRAIL_WRITER

_EPOCH = "epoch"
_FILL = 0.1
"""Seconds to wait for more facts after the first of a batch: each batch costs the store some 10 ms, however
small it is.
"""
_OPEN_FOR = 3.0
"""Seconds a request stays open; after a restart of the broker the next one is made that much later at
most.
"""
_WRITER_ANSWERS = 1.0
"""Seconds within which whoever writes the trail says so; a busy machine takes tenths of one."""
_BYTES = 8 * 1024 * 1024
_PAUSE = 0.2
"""Seconds after a request that was refused."""
_TIME_IS_OVER = "408"
_LOST_TRIES = 10
"""A replica that lags answers "not found" too: ask again before a fact counts as lost."""
_NEXT = f"$JS.API.CONSUMER.MSG.NEXT.{streams.FACTS}.{streams.AUDIT_DURABLE}"
_USER = "audit"


class Delivered(NamedTuple):
    message: BrokerMessage
    reply: str
    pending: int
    """How many more the durable had to hand out after it."""


@dataclass(frozen=True)
class StreamNow:
    created: str
    first: int
    last: int
    deleted: int


class Feed:
    """`user`: whose inbox may be used; a reader beside the audit (`verify --broker`) has its own."""

    def __init__(self, connection: Callable[[], Client], user: str = _USER) -> None:
        self._connection = connection
        self._prefix = inbox_prefix(user).decode()
        self._inbox = f"{self._prefix}.{secrets.token_hex(11)}"
        self._subscription: Subscription | None = None
        self._claims: Subscription | None = None
        self._ready: deque[Delivered] = deque()
        self._some, self._full = asyncio.Event(), asyncio.Event()
        self._limit = 1
        self._due = 0
        """How many the open request may still bring."""
        self._open_until = self._not_before = 0.0
        self._requests = 0

    def _js(self) -> Any:
        return self._connection().jetstream(timeout=5.0)

    async def stream(self) -> StreamNow:
        info = await self._js().stream_info(streams.FACTS)
        return StreamNow(
            rfc3339(info.created), info.state.first_seq, info.state.last_seq, info.state.num_deleted or 0
        )

    async def handed_out(self) -> int:
        """The last sequence the durable has given to anyone: up to it we may wait for a redelivery in
        vain.
        """
        info = await self._js().consumer_info(streams.FACTS, streams.AUDIT_DURABLE)
        return info.delivered.stream_seq if info.delivered else 0

    # --- handed out
    # -----------------------------------------------------------------------------------------------------

    async def next(self, limit: int, wait: float) -> list[Delivered]:
        """Facts in the order they came; empty after `wait` seconds without one."""
        if self._subscription is None:
            self._subscription = await self._connection().subscribe(f"{self._inbox}.*", cb=self._arrived)
        self._limit = limit
        deadline = time.monotonic() + wait
        while not self._ready:
            await self._ask(limit)
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            self._some.clear()
            await happens(self._some, min(left, _PAUSE if self._due <= 0 else _OPEN_FOR))
        if len(self._ready) < limit:
            await self._ask(limit, len(self._ready))
            self._full.clear()
            await happens(self._full, _FILL)
        count = min(limit, len(self._ready))
        await self._ask(limit, len(self._ready) - count)
        # Nothing is waited for from here on: what is taken out is handed on.
        return [self._ready.popleft() for _ in range(count)]

    async def _ask(self, limit: int, here: int = 0) -> None:
        """Ask for the next batch, unless one is still to come or is here."""
        now = time.monotonic()
        if here >= limit or now < self._not_before or (self._due > 0 and now < self._open_until):
            return
        self._due, self._open_until, self._requests = limit, now + _OPEN_FOR + 1, self._requests + 1
        request = {"batch": limit, "expires": int(_OPEN_FOR * 1e9), "max_bytes": _BYTES}
        await self._connection().publish(
            _NEXT, json.dumps(request).encode(), reply=f"{self._inbox}.{self._requests}"
        )

    async def _arrived(self, raw: Msg) -> None:
        if not raw.reply:
            self._ended(raw)
            return
        self._due -= 1
        self._ready.append(_delivered(raw))
        self._some.set()
        if len(self._ready) >= self._limit:
            self._full.set()

    def _ended(self, status: Msg) -> None:
        """The broker has closed a request: by itself when its time is over or all has come, else there is
        something wrong.
        """
        if status.subject != f"{self._inbox}.{self._requests}":
            return
        if self._due > 0 and (status.headers or {}).get("Status") != _TIME_IS_OVER:
            self._not_before = time.monotonic() + _PAUSE
        self._due = 0
        self._some.set()

    async def close(self) -> None:
        """Leave the durable; what was handed out and not acknowledged goes to whoever asks next."""
        if self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            await self.release(list(self._ready))
            self._ready.clear()
            self._due = 0
            await subscription.unsubscribe()
        if self._claims is not None:
            told, self._claims = self._claims, None
            await told.unsubscribe()

    async def ack(self, delivered: Sequence[Delivered]) -> None:
        connection = self._connection()
        for message in delivered:
            await connection.publish(message.reply, b"")

    async def release(self, delivered: Sequence[Delivered]) -> None:
        """Give back what will not be taken: another sequencer has it at once instead of after the
        ack_wait.
        """
        for message in delivered:
            await self._connection().publish(message.reply, b"-NAK")

    # --- fetched
    # --------------------------------------------------------------------------------------------------------

    async def fetch_range(self, start: int, end: int) -> dict[int, BrokerMessage]:
        """Facts of sequence [start, end) by sequence, those the broker answers with at once: ask `fetch` for
        one that is missing.
        """
        messages: dict[int, BrokerMessage] = {}
        async with aclosing(
            walk(self._connection, streams.FACTS, ">", after=start - 1, batch=end - start)
        ) as stored:
            async for message in stored:
                if message.sequence >= end:
                    break
                messages[message.sequence] = _message(message)
        return messages

    async def fetch(self, sequence: int) -> BrokerMessage | None:
        """One fact by its sequence; None where the broker really has lost it."""
        for _ in range(_LOST_TRIES):
            message = await message_at(asking(self._connection, 5), streams.FACTS, sequence)
            if message is not None:
                return _message(message)
            now = await self.stream()
            if sequence < now.first or now.deleted:
                return None
            await asyncio.sleep(0.2)
        return None

    # --- the one writer
    # -------------------------------------------------------------------------------------------------

    async def take_epoch(self) -> int:
        """Become the one writer: the newest epoch is the rightful one."""
        while True:
            before = await self._epoch()
            epoch = (before.value or 0) + 1
            with suppress(ConflictError):
                await write(
                    self._connection(), streams.TRAIL, _EPOCH, str(epoch).encode(), over=before.revision
                )
                return epoch

    async def epoch(self) -> int:
        """0 where there is none."""
        return (await self._epoch()).value or 0

    async def _epoch(self) -> Readable[int]:
        return await last_readable(self._js(), streams.TRAIL, _EPOCH, int)

    async def writer(self) -> int | None:
        """The epoch of whoever writes the trail; None where nobody does. Raises TimeoutError where somebody
        should, and does not answer.
        """
        try:
            answer = await self._connection().request(TRAIL_WRITER, b"", timeout=_WRITER_ANSWERS)
        except nats.errors.NoRespondersError:
            return None
        return int(answer.data)

    async def write_as(self, epoch: int, works: Callable[[], bool], superseded: Callable[[], None]) -> None:
        """Tell whoever asks from now on, and whoever wrote before. `works`: whether the trail is written just
        now; `superseded`: told when a newer one writes.
        """

        async def on_claim(message: Msg) -> None:
            if message.reply and works():
                await message.respond(str(epoch).encode())
            elif message.data and int(message.data) > epoch:
                superseded()

        connection = self._connection()
        self._claims = await connection.subscribe(TRAIL_WRITER, cb=on_claim)
        await connection.publish(TRAIL_WRITER, str(epoch).encode())

    async def append(self, subject: str, raw: bytes, message_id: str) -> int:
        """Put a fact of the audit's own on record. Returns its sequence."""
        return (await append(self._connection(), subject, raw, message_id)).seq

    async def announce(self, note: str) -> None:
        """Tell whoever listens of a new checkpoint; the store and /checkpoint have it whether or not anyone
        hears.
        """
        await self._connection().publish(CHECKPOINT, note.encode())


def _delivered(raw: Msg) -> Delivered:
    place = hand_out(raw.reply)
    headers = raw.headers or {}
    message = BrokerMessage(
        place.sequence, raw.subject, headers.get(MESSAGE_ID, ""), place.at, raw.data, headers
    )
    return Delivered(message, raw.reply, place.pending)


def _message(stored: StoredMessage) -> BrokerMessage:
    message_id = stored.headers.get(MESSAGE_ID, "")
    return BrokerMessage(stored.sequence, stored.subject, message_id, stored.at, stored.data, stored.headers)
