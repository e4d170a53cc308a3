"""Makes the order of FACTS the order of the trail: record i is fact i + 1, gapless, whatever dies when.

Invariant: the position of truth is the last record in the store. What is at or below it is compared, never
written again; what lies beyond the next is fetched first; payload comes before record, record before tile,
tile before checkpoint, and a fact is acknowledged when its record is on disk. Killed between any two of
these, the next start finishes what was begun. Of several the one of the newest epoch writes: the others stand
by, ask it every half second, and one takes over when it is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import nats.errors
import structlog

from services.audit.records.builder import WriterStream
from services.audit.store.calls import StoreError, TakenError
from services.audit.store.entries import STREAM
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from services.audit.writing.appender import Appender
from services.audit.writing.feed import Feed
from services.audit.writing.metrics import Metrics
from services.audit.writing.pace import CatchUpPace
from services.audit.writing.same_history import stay_the_same
from services.audit.writing.signer import CheckpointSigner, RefusedError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PATIENCE = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries while store or broker do not answer."""
_STANDS_BY = "standing by"
_ASKED_EVERY = 0.5
"""Seconds between two questions who writes the trail."""
_MISSED = 3
"""Questions without an answer in a row, after which nobody does."""
_LOOKED_EVERY = 60.0
"""Seconds between two looks of one that stands by at what was signed."""
_SAID_EVERY = 20
"""Tries between two log lines of a long wait: a line in a hundred seconds."""


class _ElsewhereError(Exception):
    """A newer sequencer writes this trail."""


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
        follows: str | None = None,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.status = "waiting: not started yet"
        self._feed, self._trail, self._signer, self._metrics = feed, trail, signer, metrics
        self._tree = StoredTree(trail)
        self._pace = CatchUpPace(clock)
        self._appender = Appender(
            feed,
            trail,
            signer,
            clock,
            metrics,
            self._pace,
            batch=batch,
            every=pace,
            heartbeat=heartbeat,
            step=step,
            moved=self._moved,
        )
        self._follows = follows
        self._begun = self._contested = False
        self._tries = 0

    @property
    def faults(self) -> list[str]:
        return self._appender.faults

    async def check(self) -> str:
        """Raises where the trail is not being written. A fault found is an alarm, but the work goes on.
        Returns what is to be said.
        """
        if self.status.startswith(_STANDS_BY):
            return self.status
        if self.status != "working":
            raise RuntimeError(self.status)
        return self._pace.words()

    def words(self) -> str:
        """How it stands, for people."""
        said = [self.status, self._pace.words(), f"alarm: {self.faults[-1]}" if self.faults else ""]
        return "; ".join(words for words in said if words)

    async def run(self) -> None:
        """Until cancelled. A refusal ends the writing; reading goes on, and readiness says why."""
        try:
            while True:
                await self._try(self._work)
        except RefusedError as error:
            self.status = f"halted: {error}"
            self._metrics.halted.set(1)
            log.critical("trail_halted", why=str(error))
            with suppress(nats.errors.Error, OSError):
                await self._appender.release()
                await self._feed.close()

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        """Once; where store or broker do not answer, wait a little for them."""
        try:
            await work()
        except _ElsewhereError as error:
            log.warning("trail_written_elsewhere", why=str(error))
        except TakenError as error:
            log.warning("record_taken", why=str(error))
            self._contested = True
        except (StoreError, nats.errors.Error, OSError, TimeoutError) as error:
            self.status = f"waiting: {error or type(error).__name__}"
            if self._tries < len(_PATIENCE) or self._tries % _SAID_EVERY == 0:
                log.warning(
                    "trail_waits",
                    why=str(error)[:300] or type(error).__name__,
                    tries=self._tries,
                    behind=self._pace.behind,
                )
            await asyncio.sleep(_PATIENCE[min(self._tries, len(_PATIENCE) - 1)])
            self._tries += 1
            await self._look_how_far()

    def _moved(self) -> None:
        """Something was written or signed."""
        self._tries = 0
        self._metrics.behind.set(self._pace.behind)
        self._metrics.rate.set(self._pace.rate)
        self._metrics.left.set(
            self._pace.left.total_seconds() if self._pace.left is not None else float("nan")
        )
        if self._pace.worth_a_line():
            log.info(
                "trail_catching_up",
                behind=self._pace.behind,
                rate=round(self._pace.rate),
                words=self._pace.words(),
            )

    async def _look_how_far(self) -> None:
        """While the store is away the stream goes on."""
        with suppress(nats.errors.Error, OSError, TimeoutError):
            self._pace.stream_has((await self._feed.stream()).last)
            self._metrics.behind.set(self._pace.behind)

    async def _work(self) -> None:
        if not self._begun:
            await self._stand_by()
            await self._begin()
        else:
            if self._contested:
                await self._still_ours()
            # What the store did is open: ask it.
            await self._appender.load(self._tree, await self._trail.entries.size(self._appender.size))
        if self.status != "working":
            self.status = "working"
            log.info(
                "trail_goes_on",
                size=self._appender.size,
                epoch=self._appender.source.epoch,
                behind=self._pace.behind,
            )
        await self._appender.append()

    async def _still_ours(self) -> None:
        """Raises _ElsewhereError where a newer one writes: then this one stands by."""
        newest, own = await self._feed.epoch(), self._appender.source.epoch
        self._contested = False
        if newest != own:
            self._begun = False
            await self._appender.release()
            await self._feed.close()
            raise _ElsewhereError(
                f"the sequencer of epoch {newest} writes this trail, this one was epoch {own}"
            )

    # --- standing by
    # ----------------------------------------------------------------------------------------------------

    async def _stand_by(self) -> None:
        """Until nobody else writes this trail. Raises RefusedError where this one could not go on with it."""
        loop, missed, looked = asyncio.get_running_loop(), 0, -_LOOKED_EVERY
        while missed < _MISSED:
            try:
                epoch = await self._feed.writer()
            except TimeoutError:
                epoch = None  # frozen, or cut off from the broker
            else:
                if epoch is None and not self.status.startswith(_STANDS_BY):
                    return
            missed = 0 if epoch is not None else missed + 1
            if epoch is not None and loop.time() - looked > _LOOKED_EVERY:
                looked = loop.time()
                await self._look_on(epoch)
            await asyncio.sleep(_ASKED_EVERY)
        log.warning("trail_taken_over", before=self.status)

    async def _look_on(self, epoch: int) -> None:
        """What was signed is looked at, so that this one can go on with it, and knows when the store was put
        back.
        """
        await self._trail.prepare()
        await self._signer.begin(self._tree)
        self._signer.rest()
        self._metrics.behind.set(0)
        words = (
            f"{_STANDS_BY}: the audit of epoch {epoch} writes this trail; this one takes over when it is gone"
        )
        if words != self.status:
            self.status = words
            log.info("trail_stands_by", writer=epoch)

    # --- beginning
    # ------------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        stream = await self._feed.stream()
        self._pace.stream_has(stream.last)
        await self._trail.prepare()
        size = await self._trail.entries.size(await self._signer.begin(self._tree))
        await stay_the_same(self._trail, self._feed, size)
        await self._appender.load(self._tree, size)
        if self._signer.last is None:
            # Before the first fact is taken: from then on a missing state file means a lost one.
            await self._appender.seal()
        epoch = await self._feed.take_epoch()
        await self._feed.write_as(epoch, lambda: self.status == "working", self._appender.supersede)
        # What the durable gave to a sequencer that died comes again only after a while: it is fetched now.
        self._appender.own(
            WriterStream(STREAM, stream.created, epoch, self._follows), await self._feed.handed_out()
        )
        self._begun = True
        log.info("trail_begun", size=size, epoch=epoch, behind=stream.last - size)
