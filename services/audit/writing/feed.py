"""The facts as the broker holds them: handed out by the audit's durable, or fetched by their sequence where some are missing.

Invariant: it acknowledges only what it is told to, and never holds more than two batches. One request brings a whole batch
straight from the connection: a framework's batch waits its whole timeout to fill, the client's own pull costs four times as much.
"""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError

from services.audit.records.record import Message
from shared import streams
from shared.broker import append, inbox_prefix
from shared.facts import rfc3339
from shared.subjects import CHECKPOINT

_EPOCH = "epoch"
_V1_TOKENS = 9
_FILL = 0.1
"""Seconds to wait for more facts after the first of a batch: each batch costs the store some 10 ms, however small it is."""
_OPEN_FOR = 3.0
"""Seconds a request stays open; after a restart of the broker the next one is made that much later at most."""
_BYTES = 8 * 1024 * 1024
_PAUSE = 0.2
"""Seconds after a request that was refused."""
_TIME_IS_OVER = "408"
_LOST_TRIES = 10
"""A replica that lags answers "not found" too: ask again before a fact counts as lost."""
_NEXT = f"$JS.API.CONSUMER.MSG.NEXT.{streams.FACTS}.{streams.AUDIT_DURABLE}"
_DIRECT = f"$JS.API.DIRECT.GET.{streams.FACTS}"
_USER = "audit"


class Delivered(NamedTuple):
    message: Message
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
        self._ready: deque[Delivered] = deque()
        self._some, self._full = asyncio.Event(), asyncio.Event()
        self._wanted = 1
        self._due = 0
        """How many the open request may still bring."""
        self._open_until = self._not_before = 0.0
        self._asked = 0

    def _js(self, timeout: float = 5.0) -> Any:
        return self._connection().jetstream(timeout=timeout)

    async def stream(self) -> StreamNow:
        info = await self._js().stream_info(streams.FACTS)
        return StreamNow(rfc3339(info.created), info.state.first_seq, info.state.last_seq, info.state.num_deleted or 0)

    async def handed_out(self) -> int:
        """The last sequence the durable has given to anyone: up to it we may wait for a redelivery in vain."""
        info = await self._js().consumer_info(streams.FACTS, streams.AUDIT_DURABLE)
        return info.delivered.stream_seq if info.delivered else 0

    # --- handed out -----------------------------------------------------------------------------------------------------

    async def next(self, limit: int, wait: float) -> list[Delivered]:
        """Facts in the order they came; empty after `wait` seconds without one."""
        if self._subscription is None:
            self._subscription = await self._connection().subscribe(f"{self._inbox}.*", cb=self._arrived)
        self._wanted = limit
        deadline = time.monotonic() + wait
        while not self._ready:
            await self._ask(limit)
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            self._some.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _PAUSE if self._due <= 0 else _OPEN_FOR)):
                    await self._some.wait()
        if len(self._ready) < limit:
            await self._ask(limit, len(self._ready))
            self._full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_FILL):
                    await self._full.wait()
        count = min(limit, len(self._ready))
        await self._ask(limit, len(self._ready) - count)
        # Nothing is waited for from here on: what is taken out is handed on.
        return [self._ready.popleft() for _ in range(count)]

    async def _ask(self, limit: int, here: int = 0) -> None:
        """Ask for the next batch, unless one is still to come or is here."""
        now = time.monotonic()
        if here >= limit or now < self._not_before or (self._due > 0 and now < self._open_until):
            return
        self._due, self._open_until, self._asked = limit, now + _OPEN_FOR + 1, self._asked + 1
        request = {"batch": limit, "expires": int(_OPEN_FOR * 1e9), "max_bytes": _BYTES}
        await self._connection().publish(_NEXT, json.dumps(request).encode(), reply=f"{self._inbox}.{self._asked}")

    async def _arrived(self, raw: Msg) -> None:
        if not raw.reply:
            self._ended(raw)
            return
        self._due -= 1
        self._ready.append(_delivered(raw))
        self._some.set()
        if len(self._ready) >= self._wanted:
            self._full.set()

    def _ended(self, status: Msg) -> None:
        """The broker has closed a request: by itself when its time is over or all has come, else there is something wrong."""
        if status.subject != f"{self._inbox}.{self._asked}":
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
            await subscription.unsubscribe()

    async def ack(self, delivered: Sequence[Delivered]) -> None:
        connection = self._connection()
        for one in delivered:
            await connection.publish(one.reply, b"")

    async def release(self, delivered: Sequence[Delivered]) -> None:
        """Give back what will not be taken: another sequencer has it at once instead of after the ack_wait."""
        for one in delivered:
            await self._connection().publish(one.reply, b"-NAK")

    # --- fetched --------------------------------------------------------------------------------------------------------

    async def fetch_range(self, start: int, end: int) -> dict[int, Message]:
        """Facts of sequence [start, end) by sequence, those the broker answers with at once: ask `fetch` for one that is missing."""
        answers: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = f"{self._prefix}.{secrets.token_hex(11)}"
        connection = self._connection()
        subscription = await connection.subscribe(inbox, cb=answers.put)
        found: dict[int, Message] = {}
        try:
            request = {"seq": start, "batch": end - start, "max_bytes": _BYTES}
            await connection.publish(_DIRECT, json.dumps(request).encode(), reply=inbox)
            while True:
                async with asyncio.timeout(5):
                    answer = await answers.get()
                headers = answer.headers or {}
                if "Nats-Sequence" not in headers:
                    return found
                message = _fetched(headers, answer.data)
                if message.sequence < end:
                    found[message.sequence] = message
        finally:
            await subscription.unsubscribe()

    async def fetch(self, sequence: int) -> Message | None:
        """One fact by its sequence; None where the broker really has lost it."""
        for _ in range(_LOST_TRIES):
            try:
                found = await self._js().get_msg(streams.FACTS, seq=sequence, direct=True)
                headers: dict[str, str] = found.headers or {}
                return Message(sequence, found.subject, headers.get("Nats-Msg-Id", ""), found.time, found.data or b"")
            except NotFoundError:
                now = await self.stream()
                if sequence < now.first or now.deleted:
                    return None
                await asyncio.sleep(0.2)
        return None

    # --- the one writer -------------------------------------------------------------------------------------------------

    async def take_epoch(self) -> int:
        """Become the one writer: the newest epoch is the rightful one."""
        bucket = await self._js().key_value(streams.TRAIL)
        while True:
            try:
                held = await bucket.get(_EPOCH)
                epoch = int(held.value) + 1
                await bucket.update(_EPOCH, str(epoch).encode(), last=held.revision)
            except KeyNotFoundError:
                epoch = 1
                try:
                    await bucket.create(_EPOCH, b"1")
                except KeyWrongLastSequenceError:
                    continue
            except KeyWrongLastSequenceError:
                continue
            return epoch

    async def epoch(self) -> int:
        bucket = await self._js().key_value(streams.TRAIL)
        return int((await bucket.get(_EPOCH)).value)

    async def append(self, subject: str, raw: bytes, message_id: str) -> int:
        """Put a fact of the audit's own on record. Returns its sequence."""
        return (await append(self._connection(), subject, raw, message_id)).seq

    async def announce(self, note: str) -> None:
        """Tell whoever listens of a new checkpoint; the store and /checkpoint have it whether or not anyone hears."""
        await self._connection().publish(CHECKPOINT, note.encode())


def _delivered(raw: Msg) -> Delivered:
    """From the reply subject: the client's own metadata takes twice as long and puts the time through a float."""
    tokens = raw.reply.split(".")
    sequence, nanos, pending = (tokens[5], tokens[7], tokens[8]) if len(tokens) == _V1_TOKENS else (tokens[7], tokens[9], tokens[10])
    message_id = (raw.headers or {}).get("Nats-Msg-Id", "")
    return Delivered(Message(int(sequence), raw.subject, message_id, _at(int(nanos)), raw.data), raw.reply, int(pending))


def _at(nanos: int) -> datetime:
    """The broker's time to the microsecond, cut off as when the same fact is fetched."""
    seconds, nanos = divmod(nanos, 10**9)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=nanos // 1000)


def _fetched(headers: dict[str, str], data: bytes) -> Message:
    at = datetime.fromisoformat(headers["Nats-Time-Stamp"])
    return Message(int(headers["Nats-Sequence"]), headers["Nats-Subject"], headers.get("Nats-Msg-Id", ""), at, data)
