"""Makes the order of FACTS the order of the trail: record i is fact i + 1, gapless, whatever dies when.

Invariant: the position of truth is the last record in the store. What is at or below it is compared, never written again;
what lies beyond the next is fetched first; payload comes before record, record before tile, tile before checkpoint, and
a fact is acknowledged when its record is on disk. Killed between any two of these, the next start finishes what was begun.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

import nats.errors
import structlog

from services.audit import builder, merkle
from services.audit.actors import Seen
from services.audit.builder import CaseHead, Source, opened
from services.audit.compare import differences
from services.audit.feed import Delivered, Feed
from services.audit.merkle import Edge
from services.audit.metrics import Metrics
from services.audit.record import Message, Rec
from services.audit.signer import CheckpointSigner, RefusedError
from services.audit.trail import STREAM, Payload, StoreError, TakenError, Trail
from services.audit.tree import StoredTree

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
T = TypeVar("T")

_HEADS = 20_000
"""Cases whose last record is kept in memory; another one is looked up."""
_PATIENCE = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries while store or broker do not answer."""
_IDLE = 5.0
_CUT_SHORT = 2_048
"""More than any batch has: so far beyond the last record a dead sequencer's payloads may lie."""
_FAULTS_KEPT = 20


class Sequencer:
    def __init__(
        self,
        feed: Feed,
        trail: Trail,
        signer: CheckpointSigner,
        clock: Callable[[], datetime],
        metrics: Metrics,
        *,
        batch: int,
        pace: timedelta,
        heartbeat: timedelta,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.status = "waiting: not started yet"
        self.faults: list[str] = []
        self._feed, self._trail, self._signer, self._clock, self._metrics = feed, trail, signer, clock, metrics
        self._batch, self._pace, self._heartbeat, self._step = batch, pace, heartbeat, step
        self._tree = StoredTree(trail)
        self._edge = Edge()
        self._begun = self._stale = self._contested = False
        self._heads: OrderedDict[str, CaseHead] = OrderedDict()
        self._seen = Seen()
        self._source = Source(STREAM, "", 0)
        self._doubtful = 0
        """Up to this index payloads may lie without their records: those of a batch that was cut short."""
        self._sealed_at: datetime | None = None

    def check(self) -> None:
        """Raises where the trail is not being written. A fault found is an alarm, but the work goes on."""
        if self.status != "working":
            raise RuntimeError(self.status)

    def words(self) -> str:
        """How it stands, for people."""
        return f"{self.status}; alarm: {self.faults[-1]}" if self.faults else self.status

    async def run(self) -> None:
        """Until cancelled. A refusal ends the writing; reading goes on, and readiness says why."""
        delivered: list[Delivered] = []
        try:
            await self._persist(self._begin)
            while True:
                delivered = await self._persist(self._pull)
                if delivered:
                    await self._persist(lambda: self._take(delivered))  # noqa: B023 - awaited before the next turn
                await self._persist(self._seal_if_due)
        except RefusedError as error:
            self.status = f"halted: {error}"
            log.critical("trail_halted", why=str(error))
            with suppress(nats.errors.Error, OSError):
                await self._feed.release(delivered)

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Try until it is done, for as long as store or broker need to come back."""
        tries = 0
        while True:
            try:
                if self._contested:
                    await self._still_ours()
                if self._stale and self._begun:
                    await self._reload()
                done = await work()
            except TakenError as error:
                log.warning("record_taken", why=str(error))
                self._contested = self._stale = True
            except (StoreError, nats.errors.Error, OSError, TimeoutError) as error:
                self._stale = True
                self.status = f"waiting: {error or type(error).__name__}"
                log.warning("trail_waits", why=str(error)[:300] or type(error).__name__, tries=tries)
                await asyncio.sleep(_PATIENCE[min(tries, len(_PATIENCE) - 1)])
                tries += 1
            else:
                if self.status != "working":
                    self.status = "working"
                    log.info("trail_goes_on", size=self._edge.size, epoch=self._source.epoch)
                return done

    async def _still_ours(self) -> None:
        newest = await self._feed.epoch()
        if newest != self._source.epoch:
            raise RefusedError(
                f"another sequencer (epoch {newest}) writes this trail, this one was epoch {self._source.epoch}: stop one of the two"
            )
        self._contested = False

    # --- beginning ------------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        stream = await self._feed.stream()
        await self._trail.prepare()
        size = await self._trail.size(await self._signer.begin(self._tree))
        if size > stream.last:
            raise RefusedError(
                f"the trail has {size} facts, the broker only {stream.last}: it was replaced by an older copy. Restore the newer one"
            )
        if size:
            await self._same_stream(size, stream.created)
        await self._load(size)
        if self._signer.last is None:
            # Before the first fact is taken: from then on a missing state file means a lost one.
            await self._seal()
        self._source = Source(STREAM, stream.created, await self._feed.take_epoch())
        self._begun, self._stale = True, False
        # What the durable gave to a sequencer that died comes again only after a while: fetch it now.
        await self._append_up_to(await self._feed.handed_out())
        log.info("trail_begun", size=self._edge.size, epoch=self._source.epoch, behind=stream.last - self._edge.size)

    async def _same_stream(self, size: int, created: str) -> None:
        last = await self._trail.entry(size - 1)
        assert last is not None
        rec = Rec.read(last.rec)
        if rec.created != created:
            raise RefusedError(
                f"the trail is of the stream {rec.stream} made at {rec.created}, the broker's was made at {created}: "
                "restore that stream, or begin a new trail (other databases)"
            )

    async def _load(self, size: int) -> None:
        if missing := await self._tree.missing_tiles(size):
            await self._trail.insert_tiles([(tile, merkle.fold(tile.hashes)) for tile in missing])
        self._edge = await self._tree.edge(size)
        self._heads.clear()
        self._doubtful = size + _CUT_SHORT
        self._metrics.records.set(size)

    async def _reload(self) -> None:
        """After anything that leaves open what the store did: ask it."""
        await self._load(await self._trail.size(self._edge.size))
        self._stale = False

    # --- facts ----------------------------------------------------------------------------------------------------------

    async def _pull(self) -> list[Delivered]:
        return await self._feed.next(self._batch, self._rest())

    async def _take(self, delivered: Sequence[Delivered]) -> None:
        by_sequence = {one.message.sequence: one.message for one in delivered}
        messages = [by_sequence[sequence] for sequence in sorted(by_sequence)]
        size = self._edge.size
        await self._compare([message for message in messages if message.sequence <= size])
        fresh = [message for message in messages if message.sequence > size]
        if fresh:
            await self._append_up_to(fresh[-1].sequence, {message.sequence: message for message in fresh})
        await self._feed.ack(delivered)

    async def _append_up_to(self, last: int, at_hand: dict[int, Message] | None = None) -> None:
        at_hand = at_hand or {}
        while (start := self._edge.size + 1) <= last:
            end = min(last + 1, start + self._batch)
            messages: list[Message] = []
            for sequence in range(start, end):
                message = at_hand.get(sequence) or await self._feed.fetch(sequence)
                messages.append(message or self._lost(sequence, messages[-1].time if messages else self._clock()))
            await self._append(messages)

    def _lost(self, sequence: int, time: datetime) -> Message:
        log.critical("fact_lost", sequence=sequence, next="the broker has lost it; the trail records the gap")
        self._metrics.gaps.inc()
        return Message(sequence, "", "", time, None)

    async def _append(self, messages: Sequence[Message]) -> None:
        read = [opened(message) for message in messages]
        heads = await self._heads_of({one.case for one in read})
        actors = await self._trail.make_authors(one.principal for one in read if one.principal is not None)
        now, start = self._clock(), messages[0].sequence - 1
        kept = await self._kept(range(start, start + len(messages)), messages) if start < self._doubtful else {}
        built = builder.build_all(messages, dict(heads), self._source, actors, now, kept, self._seen, already=read)
        self._step("built")
        while taken := await self._trail.insert_payloads(
            [one.payload for one in built if one.payload.raw is not None and one.payload.index not in kept]
        ):
            found = await self._kept(taken, messages)
            if not found:
                raise RefusedError(f"the payloads stored from record {taken[0]} on hold nothing: they were altered; find out by whom")
            kept |= found
            built = builder.build_all(messages, dict(heads), self._source, actors, now, kept, self._seen)
        self._step("payloads")
        await self._trail.insert_entries([one.entry for one in built])
        self._step("entries")
        edge = self._edge.copy()
        filled = [tile for one in built for tile in edge.append(one.entry.leaf)]
        await self._trail.insert_tiles([(tile, merkle.fold(tile.hashes)) for tile in filled])
        self._step("tiles")
        self._edge = edge
        for one in built:
            self._heads[one.case] = one.head
            self._heads.move_to_end(one.case)
        while len(self._heads) > _HEADS:
            self._heads.popitem(last=False)
        self._metrics.records.set(edge.size)
        done = self._clock()
        for message in messages:
            self._metrics.lag.observe(max(0.0, (done - message.time).total_seconds()))

    async def _heads_of(self, cases: set[str]) -> dict[str, CaseHead]:
        heads = {case: self._heads[case] for case in cases if case in self._heads}
        unknown = [case for case in cases if case and case not in heads]
        found = await self._trail.lasts_of(unknown) if unknown else {}
        if "" in cases and "" not in heads and (last := await self._trail.last_of("")) is not None:
            found[""] = last
        heads |= {case: builder.head_of(entry) for case, entry in found.items()}
        return heads

    async def _kept(self, taken: Sequence[int], messages: Sequence[Message]) -> dict[int, Payload]:
        """Payloads a crash left without their records: ours to finish, if they are the same facts."""
        kept = await self._trail.payloads(taken)
        for message in messages:
            payload = kept.get(message.sequence - 1)
            if payload is not None and payload.raw != message.raw:
                raise RefusedError(
                    f"the store already holds another payload for record {payload.index} than the broker's fact {message.sequence}: "
                    "one of the two was altered; find out which before going on"
                )
        return kept

    async def _compare(self, messages: Sequence[Message]) -> None:
        """Facts delivered again must be what the trail has of them; where not, that is an alarm, not an error."""
        if not messages:
            return
        for words in await differences(self._trail, messages):
            log.critical("trail_fault", what=words)
            self._metrics.faults.inc()
            self.faults = [*self.faults, words][-_FAULTS_KEPT:]

    # --- checkpoints ----------------------------------------------------------------------------------------------------

    def _rest(self) -> float:
        """Seconds until the next checkpoint may have to be signed, at most a while."""
        if self._sealed_at is None or self._signer.last is None:
            return 0.01
        wait = self._pace if self._edge.size > self._signer.last.size else self._heartbeat
        return min(_IDLE, max(0.01, (self._sealed_at + wait - self._clock()).total_seconds()))

    async def _seal_if_due(self) -> None:
        now, last = self._clock(), self._signer.last
        if last is not None and self._sealed_at is not None:
            wait = self._pace if self._edge.size > last.size else self._heartbeat
            if now - self._sealed_at < wait:
                return
        await self._seal()

    async def _seal(self) -> None:
        now = self._clock()
        await self._signer.seal(self._edge.size, self._edge.root(), now)
        self._sealed_at = now
        self._metrics.sealed.set(self._edge.size)
        self._metrics.sealed_at.set(now.timestamp())
