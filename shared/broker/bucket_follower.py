"""A bucket of the broker, followed for as long as a service lives: all that is in it, then every change, in
the order it was made.

Invariant: a follower counts as current only when everything that was in the bucket at the start has been
*read* here (that the broker has sent it is not enough), and no change is missed without noticing. The
consumer numbers what it delivers and beats when idle; a gap, a silence, a reconnect or another bucket makes
the follower begin again after the last entry it has passed on, or from the start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared.broker.forever import forever
from shared.broker.revisions import revisions
from shared.concurrent import happens
from shared.formats import NewerError, NewerSeen, refuse_newer_bytes

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 3.0
HEARTBEAT = 1.0
SILENCE = 3 * HEARTBEAT
"""Seconds without a word after which the consumer counts as lost."""
LOOK = 0.25
"""Seconds between two looks at whether the connection is still the same."""
AGAIN = 0.2
OF_AN_ENTRY = "$JS.ACK."
"""What the reply subject of an entry begins with; a heartbeat bears none, flow control another."""


@dataclass(frozen=True, slots=True)
class BucketEntry:
    """A key as it was put or taken away."""

    key: str
    revision: int
    value: bytes | None
    """None for one that was taken away."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class BucketFollower:
    """`open` belongs to a service's `prepare`, `run` to its `tasks`, `check` to its readiness."""

    def __init__(
        self,
        bucket: str,
        connection: Callable[[], Client],
        take: Callable[[BucketEntry], None],
        *,
        keys: Sequence[str] = (">",),
        newest: int | None = None,
        steps_back: bool = True,
        forget: Callable[[], None] | None = None,
        on_current: Callable[[bool], None] | None = None,
    ) -> None:
        """`take` hears each entry once, in order, and raises ValueError for a value that can't be read: the
        last revision of the key that can be is taken in its place (`steps_back`). `newest`: only so many of
        the last entries are told at the start. `forget` is called where the bucket is another one than
        before, `on_current` when the follower becomes current, and when it may not be any more.
        """
        self._bucket, self._connection, self._take, self._keys = bucket, connection, take, tuple(keys)
        self._stream, self._prefix = f"KV_{bucket}", f"$KV.{bucket}."
        self._newest, self._steps_back, self._forget, self._on_current = (
            newest,
            steps_back,
            forget,
            on_current,
        )
        self._bucket_made: datetime | None = None
        self.passed_on = 0
        """The revision of the last entry taken."""
        self.is_current = False
        self._newer = NewerSeen()

    async def open(self) -> None:
        """Returns when all that is in the bucket at this moment has been taken; also beside `run`, and again
        and again. Raises NatsError, OSError or TimeoutError where the bucket does not answer.
        """
        await self._follow(until_current=True)

    async def run(self) -> None:
        """For as long as the service lives."""
        await forever(self._follow_on, "bucket_not_followed", every=AGAIN, bucket=self._bucket)

    async def _follow_on(self) -> None:
        try:
            await self._follow(until_current=False)
        finally:
            self._say(current=False)

    async def check(self) -> None:
        """For readiness."""
        await self._newer.check()
        if not self.is_current:
            raise RuntimeError(f"not all of the bucket {self._bucket} is read yet")

    # One consumer, from its making to its loss

    async def _follow(self, *, until_current: bool) -> None:
        client = self._connection()
        connects = client.stats["reconnects"]
        js = client.jetstream(timeout=TIMEOUT)
        target = await self._last_at_the_start(js)
        thread = _Thread(self._entry_of, self._connection, target, self.passed_on)
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox, cb=thread.hear)
        try:
            made = await js.add_consumer(self._stream, self._consumer(inbox))
            delivered = made.delivered.consumer_seq if made.delivered else 0
            thread.count_from(delivered + (made.num_pending or 0))
            while client.stats["reconnects"] == connects and thread.speaks():
                await thread.wait(LOOK)
                if thread.is_told:
                    self._say(current=True)
                    if until_current:
                        return
        finally:
            if client.is_connected:
                await subscription.unsubscribe()
        if thread.newer is not None:
            self._newer.saw(f"a value of the bucket {self._bucket}", thread.newer)
            raise thread.newer
        if until_current:
            raise NatsError(f"the bucket {self._bucket} was lost while it was read")
        log.warning(
            "bucket_lost", bucket=self._bucket, revision=self.passed_on, next="following anew from there"
        )

    async def _last_at_the_start(self, js: JetStreamContext) -> int:
        """The revision up to which all must have been read; 0 where only some keys are followed, or none is
        there.
        """
        info = await js.stream_info(self._stream)
        if info.created != self._bucket_made or info.state.last_seq < self.passed_on:
            if self._bucket_made is not None and self._forget is not None:
                self._forget()
            self._bucket_made = info.created
            self.passed_on = max(0, info.state.last_seq - self._newest) if self._newest is not None else 0
        return info.state.last_seq if info.state.messages and self._keys == (">",) else 0

    def _consumer(self, inbox: str) -> ConsumerConfig:
        resume = self.passed_on > 0
        subjects = [f"{self._prefix}{key}" for key in self._keys]
        return ConsumerConfig(
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE if resume else DeliverPolicy.LAST_PER_SUBJECT,
            opt_start_seq=self.passed_on + 1 if resume else None,
            filter_subject=subjects[0] if len(subjects) == 1 else None,
            filter_subjects=subjects if len(subjects) > 1 else None,
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            flow_control=True,
            idle_heartbeat=HEARTBEAT,
            inactive_threshold=5,
            mem_storage=True,
            num_replicas=1,
        )

    def _say(self, *, current: bool) -> None:
        if current != self.is_current:
            self.is_current = current
            if current:
                log.info("bucket_read", bucket=self._bucket, revision=self.passed_on)
            if self._on_current is not None:
                self._on_current(current)

    # One entry

    async def _entry_of(self, message: Msg) -> None:
        """Pass it on; two consumers may tell the same one."""
        revision, headers = message.metadata.sequence.stream, message.headers or {}
        if revision <= self.passed_on:
            return
        gone = "KV-Operation" in headers or "Nats-Marker-Reason" in headers or not message.data
        entry = BucketEntry(
            message.subject.removeprefix(self._prefix), revision, None if gone else message.data, headers
        )
        refuse_newer_bytes(entry.value)
        try:
            self._take(entry)
        except ValueError as error:
            log.error(
                "entry_unreadable",
                bucket=self._bucket,
                key=entry.key,
                revision=revision,
                error=str(error)[:300],
            )
            if self._steps_back:
                await self._take_an_earlier(entry)
        self.passed_on = max(revision, self.passed_on)

    async def _take_an_earlier(self, unreadable: BucketEntry) -> None:
        """The last revision of the key that can be read; where none is left, what was taken before stays."""
        js = self._connection().jetstream(timeout=TIMEOUT)
        for kept in reversed(await revisions(js, self._bucket, unreadable.key)):
            if kept.revision >= unreadable.revision:
                continue
            try:
                self._take(BucketEntry(unreadable.key, kept.revision, kept.value, kept.headers))
            except ValueError:
                continue
            log.warning(
                "stepped_back",
                bucket=self._bucket,
                key=unreadable.key,
                unreadable=unreadable.revision,
                taken=kept.revision,
            )
            return


class _Thread:
    """What one consumer has told so far, and whether it can be trusted that nothing is missing."""

    def __init__(
        self,
        take: Callable[[Msg], Awaitable[None]],
        connection: Callable[[], Client],
        target: int,
        passed_on: int,
    ) -> None:
        self._take, self._connection, self._target = take, connection, target
        self._total: int | None = None
        self._read = 0
        self._revision = passed_on
        self._heard = asyncio.get_running_loop().time()
        self._news = asyncio.Event()
        self._is_idle = False
        self._is_broken = False
        self.newer: NewerError | None = None
        """What can't be read yet: nothing behind it is told before it can."""

    @property
    def is_told(self) -> bool:
        """Whether all that was there when the consumer was made has been read."""
        counted = self._total is not None and self._read >= self._total and self._revision >= self._target
        return not self._is_broken and (counted or self._is_idle)

    def count_from(self, total: int) -> None:
        self._total = total
        self._news.set()

    def speaks(self) -> bool:
        return not self._is_broken and asyncio.get_running_loop().time() - self._heard < SILENCE

    async def wait(self, seconds: float) -> None:
        """Until something may have changed, at most `seconds`."""
        if await happens(self._news, seconds):
            self._news.clear()

    async def hear(self, message: Msg) -> None:
        self._heard = asyncio.get_running_loop().time()
        headers = message.headers or {}
        if headers.get("Status") == "100" and not message.reply.startswith(
            OF_AN_ENTRY
        ):  # anybody may set the header
            await self._beat(message, headers)
            return
        sequence = message.metadata.sequence
        if sequence.consumer != self._read + 1:
            self._break()
            return
        if self._is_broken:
            return
        try:
            await self._take(message)
        except NewerError as error:
            self.newer = error
            self._break()
            return
        self._read += 1
        self._revision = sequence.stream
        if self.is_told:
            self._news.set()

    async def _beat(self, message: Msg, headers: Mapping[str, str]) -> None:
        """A heartbeat says the last number delivered; or flow control asks whether we keep up."""
        if message.reply:
            await message.respond(b"")
            return
        if stalled := headers.get("Nats-Consumer-Stalled"):
            await self._connection().publish(stalled)
            return
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) != self._read:
            self._break()
        elif last is not None and self._total is not None:
            self._is_idle = True
            self._news.set()

    def _break(self) -> None:
        self._is_broken = True
        self._news.set()
