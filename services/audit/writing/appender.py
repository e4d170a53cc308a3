"""Facts into records, two batches at once: while one is being written, the next is built and its payloads are
stored.

Invariant: records are written in order by one task alone, each after its payload and before its tile; a fact
stays at hand until its record is on disk, and is acknowledged then. Anything that goes wrong ends both tasks:
whoever called asks the store how far it came and begins again from there, with what is at hand.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import nats.errors
import structlog

from services.audit.records import builder
from services.audit.records.actors import RecentIds
from services.audit.records.builder import Built, ReadMessage, WriterStream, opened
from services.audit.records.keeping import KEEPING_KINDS
from services.audit.records.payloads import Payload
from services.audit.records.record import BrokerMessage
from services.audit.store.calls import TakenError
from services.audit.store.entries import STREAM
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from services.audit.writing.feed import Delivered, Feed
from services.audit.writing.heads import Heads
from services.audit.writing.metrics import Metrics
from services.audit.writing.pace import CatchUpPace
from services.audit.writing.same_history import differences, stay_the_same
from services.audit.writing.signer import CheckpointSigner, RefusedError
from shared.concurrent import run_all
from shared.facts.aside import Odd, aside, is_of_a_lane, may_be_set_aside
from shared.facts.authors import SOURCES, Author
from shared.facts.cause import Cause
from shared.facts.distrust import WORDS
from shared.tlog import merkle
from shared.tlog.merkle import Edge

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_IDLE = 5.0
_CUT_SHORT = 4_096
"""More than any two batches have: so far beyond the last record a dead sequencer's payloads may lie."""
_SLICE = 128
"""Facts built between two moments for whoever else waits: 5 ms."""
_BATCH_BYTES = 8 * 1024 * 1024
_FAULTS_KEPT = 20
SOURCE = SOURCES[Author.AUDIT][0]


class _Batch(NamedTuple):
    messages: Sequence[BrokerMessage]
    built: list[Built]
    odd: list[ReadMessage]
    """Those that are no authentic facts."""


class Appender:
    """`every`: a checkpoint is signed this often while facts arrive; `heartbeat`: when none do. `moved`: told
    after each success.
    """

    def __init__(
        self,
        feed: Feed,
        trail: Trail,
        signer: CheckpointSigner,
        clock: Callable[[], datetime],
        metrics: Metrics,
        pace: CatchUpPace,
        *,
        batch: int,
        every: timedelta,
        heartbeat: timedelta,
        step: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        self.faults: list[str] = []
        self.source = WriterStream(STREAM, "", 0)
        self._feed, self._trail, self._signer, self._clock, self._metrics, self._pace = (
            feed,
            trail,
            signer,
            clock,
            metrics,
            pace,
        )
        self._limit, self._every, self._heartbeat, self._step, self._moved = (
            batch,
            every,
            heartbeat,
            step,
            moved,
        )
        self._edge = Edge()
        self._heads = Heads(trail)
        self._recent_ids = RecentIds()
        self._prepared = self._fetch_to = self._doubtful = 0
        self._at_hand: dict[int, Delivered] = {}
        """Handed out, by sequence, until the record is on disk."""
        self._built: asyncio.Queue[_Batch] = asyncio.Queue(1)
        self._sealed_at: datetime | None = None
        self._superseded = asyncio.Event()

    @property
    def size(self) -> int:
        """Records known to be on disk."""
        return self._edge.size

    async def load(self, tree: StoredTree, size: int) -> None:
        """Take the store as it is. Tiles a crash left out are written first."""
        if missing := await tree.missing_tiles(size):
            await self._trail.tiles.insert([(tile, merkle.fold(tile.hashes)) for tile in missing])
        self._edge = await tree.edge(size)
        self._heads.forget()
        self._prepared, self._doubtful = size, size + _CUT_SHORT
        self._metrics.records.set(size)
        self._pace.recorded(size)

    def own(self, source: WriterStream, fetch_to: int) -> None:
        """From now on records are written as `source`. Facts up to `fetch_to` are fetched, not waited for."""
        self.source, self._fetch_to = source, fetch_to
        self._superseded.clear()

    def supersede(self) -> None:
        """A newer sequencer writes: this one writes nothing more."""
        self._superseded.set()

    async def release(self) -> None:
        await self._feed.release(list(self._at_hand.values()))
        self._at_hand.clear()

    async def append(self) -> None:
        """Until something goes wrong."""
        self._built = asyncio.Queue(1)
        await run_all(self._prepare_on(), self._write_on(), self._end_superseded())

    async def _end_superseded(self) -> None:
        await self._superseded.wait()
        raise TakenError("a newer sequencer writes this trail")

    # --- building
    # -------------------------------------------------------------------------------------------------------

    async def _prepare_on(self) -> None:
        while True:
            if messages := await self._messages():
                batch = await self._prepare(messages)
                self._prepared = messages[-1].sequence
                await self._built.put(batch)

    async def _messages(self) -> list[BrokerMessage]:
        """The next facts in order, without a hole."""
        await self._check_redelivered()
        start = self._prepared + 1
        last = max(self._fetch_to, max(self._at_hand, default=0))
        if last < start:
            for delivery in await self._feed.next(self._limit, _IDLE):
                self._at_hand[delivery.message.sequence] = delivery
                self._pace.stream_has(delivery.message.sequence + delivery.pending)
            return []
        end = min(last + 1, start + self._limit)
        missing = [sequence for sequence in range(start, end) if sequence not in self._at_hand]
        fetched = await self._feed.fetch_range(missing[0], missing[-1] + 1) if missing else {}
        messages: list[BrokerMessage] = []
        size = 0
        for sequence in range(start, end):
            delivered = self._at_hand.get(sequence)
            message = (
                delivered.message if delivered else fetched.get(sequence) or await self._feed.fetch(sequence)
            )
            message = message or self._lost(sequence, messages[-1].time if messages else self._clock())
            size += len(message.raw or b"")
            if messages and size > _BATCH_BYTES:
                break
            messages.append(message)
        return messages

    async def _check_redelivered(self) -> None:
        """Facts delivered again must be what the trail has of them; where not, that is an alarm, not an
        error.
        """
        again = sorted(sequence for sequence in self._at_hand if sequence <= self._edge.size)
        if not again:
            return
        delivered = [self._at_hand[sequence] for sequence in again]
        for words in await differences(self._trail, [delivery.message for delivery in delivered]):
            log.critical("trail_fault", what=words)
            self._metrics.faults.inc()
            self.faults = [*self.faults, words][-_FAULTS_KEPT:]
            await stay_the_same(self._trail, self._feed, self._edge.size)
        await self._feed.ack(delivered)
        for sequence in again:
            self._at_hand.pop(sequence, None)

    def _lost(self, sequence: int, time: datetime) -> BrokerMessage:
        log.critical("fact_lost", sequence=sequence, next="the broker has lost it; the trail records the gap")
        self._metrics.gaps.inc()
        return BrokerMessage(sequence, "", "", time, None)

    async def _prepare(self, messages: Sequence[BrokerMessage]) -> _Batch:
        """Build the records and store their payloads."""
        start = messages[0].sequence - 1
        kept = await self._left(messages) if start < self._doubtful else {}
        read = [opened(message) for message in messages]
        odd = [part for part in read if part.distrust is not None]
        built = await self._build(read, kept)
        self._step("built")
        while refused := await self._trail.payloads.insert(
            [
                record.payload
                for record in built
                if record.payload.raw is not None and record.payload.index not in kept
            ]
        ):
            payloads = await self._kept(refused, messages)
            if not payloads:
                raise RefusedError(
                    f"the payloads stored from record {refused[0]} on hold nothing: they were altered; find out by whom"
                )
            kept |= payloads
            built = await self._build([opened(message) for message in messages], kept)
        self._heads.move_on({record.case: record.head for record in built})
        self._step("payloads")
        if keeping := [
            record.entry.index for record in built if record.entry.fields["kind"] in KEEPING_KINDS
        ]:
            await self._trail.acts.insert(keeping)
        return _Batch(messages, built, odd)

    async def _build(self, read: Sequence[ReadMessage], kept: dict[int, Payload]) -> list[Built]:
        heads = await self._heads.of({message.case for message in read})
        actors = await self._trail.payloads.make_authors(
            {message.principal for message in read if message.principal is not None}
        )
        now, built = self._clock(), list[Built]()
        for at in range(0, len(read), _SLICE):
            part = read[at : at + _SLICE]
            messages = [delivery.message for delivery in part]
            built += builder.build_all(
                messages, heads, self.source, actors, now, kept, self._recent_ids, already=part
            )
            await asyncio.sleep(0)
        return built

    async def _left(self, messages: Sequence[BrokerMessage]) -> dict[int, Payload]:
        """A dead sequencer's payloads lie without a hole from the last record on: where the next has none,
        nothing was left. To ask for each of thousands costs the store as much as to write them. One missed
        after all is found when its chunk is inserted, or lies there twice, and the record says which
        counts.
        """
        first = next((message for message in messages if message.raw is not None), None)
        if first is None:
            return {}
        if not await self._kept([first.sequence - 1], messages):
            self._doubtful = 0
            return {}
        return await self._kept([message.sequence - 1 for message in messages], messages)

    async def _kept(self, indexes: Sequence[int], messages: Sequence[BrokerMessage]) -> dict[int, Payload]:
        """Payloads a crash left without their records: ours to finish, if they are the same facts."""
        kept = await self._trail.payloads.at(indexes)
        for message in messages:
            payload = kept.get(message.sequence - 1)
            if payload is not None and payload.raw != message.raw:
                raise RefusedError(
                    f"the store already holds another payload for record {payload.index} than the broker's fact {message.sequence}: "
                    "one of the two was altered; find out which before going on"
                )
        return kept

    # --- writing
    # --------------------------------------------------------------------------------------------------------

    async def _write_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._rest()):
                    batch = await self._built.get()
            except TimeoutError:
                pass
            else:
                await self._write(batch)
                self._built.task_done()
            await self._seal_if_due()

    async def _set_aside(self, odd: Sequence[ReadMessage]) -> None:
        """Before their records are written, so that a crash in between repeats it: the broker stores it
        once.
        """
        for message, case, why in (
            (odd_message.message, odd_message.case, odd_message.distrust) for odd_message in odd
        ):
            assert why is not None
            self._metrics.distrusted.labels(why).inc()
            log.critical(
                "message_not_authentic", subject=message.subject, sequence=message.sequence, reason=WORDS[why]
            )
            if is_of_a_lane(message.subject) or not may_be_set_aside(message.subject):
                continue
            stored = Odd(
                message.subject,
                message.sequence,
                message.time,
                message.raw or b"",
                message.headers or {},
                case,
            )
            fact = aside(
                stored,
                SOURCE,
                f"set aside by the audit: not authentic: {WORDS[why]}",
                cause=Cause.NOT_AUTHENTIC,
                distrust=why,
            )
            await self._feed.append(fact.subject, fact.raw, fact.id)

    async def _write(self, batch: _Batch) -> None:
        await self._set_aside(batch.odd)
        await self._trail.entries.insert([record.entry for record in batch.built])
        self._step("entries")
        edge = self._edge.copy()
        filled = [tile for record in batch.built for tile in edge.append(record.entry.leaf)]
        await self._trail.tiles.insert([(tile, merkle.fold(tile.hashes)) for tile in filled])
        self._step("tiles")
        self._edge = edge
        done_with = [
            self._at_hand.pop(written.sequence)
            for written in batch.messages
            if written.sequence in self._at_hand
        ]
        self._metrics.records.set(edge.size)
        self._pace.recorded(edge.size)
        done = self._clock()
        for message in batch.messages:
            self._metrics.lag.observe(max(0.0, (done - message.time).total_seconds()))
        await self._feed.ack(done_with)
        self._moved()

    # --- checkpoints
    # ----------------------------------------------------------------------------------------------------

    def _wait(self) -> timedelta:
        assert self._signer.last is not None
        return self._every if self._edge.size > self._signer.last.size else self._heartbeat

    def _rest(self) -> float:
        """Seconds until the next checkpoint may have to be signed, at most a while."""
        if self._sealed_at is None or self._signer.last is None:
            return 0.01
        return min(_IDLE, max(0.01, (self._sealed_at + self._wait() - self._clock()).total_seconds()))

    async def _seal_if_due(self) -> None:
        if (
            self._signer.last is None
            or self._sealed_at is None
            or self._clock() - self._sealed_at >= self._wait()
        ):
            await self.seal()
            self._moved()

    async def seal(self) -> None:
        # Silence is signed too while the broker is away: what it has then is compared when it is back.
        with suppress(nats.errors.Error, OSError, TimeoutError):
            await stay_the_same(self._trail, self._feed, self._edge.size)
        now = self._clock()
        await self._signer.seal(self._edge.size, self._edge.root(), now)
        self._sealed_at = now
        self._metrics.sealed.set(self._edge.size)
        self._metrics.sealed_at.set(now.timestamp())
