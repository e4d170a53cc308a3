"""The facts as the broker holds them, pulled from the audit's durable in batches, or one by one where one is missing.

Invariant: it acknowledges only what it is told to. A plain pull, not a FastStream batch: that one waits its whole timeout
for a batch to fill (20 wake-ups a second for 50 ms of delay); here the first fact of a batch wakes us and the rest come with it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError

from services.audit.record import Message
from shared import streams
from shared.facts import rfc3339
from shared.subjects import CHECKPOINT

_EPOCH = "epoch"
_V1_TOKENS = 9
_FILL = 0.15
"""Seconds to wait for more facts after the first of a batch: each batch costs the store some 10 ms, however small it is."""
_LOST_TRIES = 10
"""A replica that lags answers "not found" too: ask again before a fact counts as lost."""


@dataclass(frozen=True)
class Delivered:
    message: Message
    handle: Msg


@dataclass(frozen=True)
class StreamNow:
    created: str
    first: int
    last: int
    deleted: int


class Feed:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._pull: Any = None

    def _js(self, timeout: float = 5.0) -> Any:
        return self._connection().jetstream(timeout=timeout)

    async def stream(self) -> StreamNow:
        info = await self._js().stream_info(streams.FACTS)
        return StreamNow(rfc3339(info.created), info.state.first_seq, info.state.last_seq, info.state.num_deleted or 0)

    async def handed_out(self) -> int:
        """The last sequence the durable has given to anyone: up to it we may wait for a redelivery in vain."""
        info = await self._js().consumer_info(streams.FACTS, streams.AUDIT_DURABLE)
        return info.delivered.stream_seq if info.delivered else 0

    async def next(self, limit: int, wait: float) -> list[Delivered]:
        """Facts in the order they came; empty after `wait` seconds without one."""
        if self._pull is None:
            self._pull = await self._js().pull_subscribe_bind(durable=streams.AUDIT_DURABLE, stream=streams.FACTS)
        try:
            first: list[Msg] = await self._pull.fetch(1, timeout=wait)
        except nats.errors.TimeoutError:
            return []
        try:
            more: list[Msg] = await self._pull.fetch(limit - 1, timeout=_FILL) if limit > 1 else []
        except nats.errors.Error:
            more = []
        return [Delivered(_message(handle), handle) for handle in (*first, *more)]

    async def close(self) -> None:
        """Leave the durable. Before the connection is drained: the client counts some status messages of a pull as never
        done, and its drain would wait half a minute for them."""
        if self._pull is not None:
            pull, self._pull = self._pull, None
            await pull.unsubscribe()

    async def ack(self, delivered: Sequence[Delivered]) -> None:
        for one in delivered:
            await one.handle.ack()

    async def release(self, delivered: Sequence[Delivered]) -> None:
        """Give back what will not be taken: another sequencer has it at once instead of after the ack_wait."""
        for one in delivered:
            await one.handle.nak()

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

    async def announce(self, note: str) -> None:
        """Tell whoever listens of a new checkpoint; the store and /checkpoint have it whether or not anyone hears."""
        await self._connection().publish(CHECKPOINT, note.encode())


def _message(handle: Msg) -> Message:
    headers = handle.headers or {}
    return Message(handle.metadata.sequence.stream, handle.subject, headers.get("Nats-Msg-Id", ""), stored_at(handle.reply), handle.data)


def stored_at(reply: str) -> datetime:
    """The broker's time to the microsecond, cut off as when the same fact is fetched (the client's own goes through a float)."""
    tokens = reply.split(".")
    seconds, nanos = divmod(int(tokens[7 if len(tokens) == _V1_TOKENS else 9]), 10**9)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=nanos // 1000)
