"""Maintenance: what can wait is kept back for a while, and goes out when that is over, the newest first.

Invariant: a pause has an end from the start, and who paused and why is on record before anybody is told that
it began. What is of level I, sensitive, or not graded yet, and the first message of a level II never wait.
The pause stands in DELIVERIES, written over the revision that was read: every notifier keeps to it, also one
that has just started. What waits is nowhere but here and in its decision, which the broker hands out again
after a crash; that a call was not handed over by a limit is an excuse on record already.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import SOURCE
from shared.broker.exchange import ConflictError
from shared.broker.forever import AWAY, error_text
from shared.facts import Actor, Brief, Fact, Frozen, Instant, Notice, Purpose
from shared.facts.pause import NoticesPaused, NoticesResumed
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_PAUSE = timedelta(hours=2)
MOST_WAITING = 4096
"""Messages; of more decisions the broker hands out none, and a level I would wait behind them
(shared/streams.py).
"""
LOOK_EVERY = 1.0
GAP = 0.01
"""Seconds between two that are let go: the newest reach the gateway first."""
KEY = "pause.=now"
NO_CASE = CaseId("notifier")
"""A lane's key for facts about no case."""
LATER = frozenset({Purpose.REMINDER, Purpose.AGAIN, Purpose.OVERDUE, Purpose.NEWS, Purpose.CALLED})
"""Nobody hears of a matter for the first time by one of these."""


def is_not_graded_yet(brief: Brief) -> bool:
    """It may be the gravest there is. What is no incident has no level. Pure."""
    return brief.level is None and brief.kind is ReportKind.INCIDENT and not brief.exercise


def may_wait(notice: Notice) -> bool:
    """Pure."""
    brief = notice.brief
    if brief.level is Level.I or brief.sensitive or notice.purpose is Purpose.UNDECIDED:
        return False
    is_perhaps_grave = brief.level is Level.II or is_not_graded_yet(brief)
    return notice.purpose in LATER or not is_perhaps_grave


class NoticePause(Frozen):
    """As it stands in the bucket."""

    by: Actor
    why: str
    since: Instant
    until: Instant
    resumed_by: Actor | None = None
    resumed_at: Instant | None = None

    @property
    def ends_at(self) -> datetime:
        return self.resumed_at or self.until

    def facts(self) -> list[Fact]:
        """The same bytes and ids however often, and whoever, tells them."""
        name = f"pause:{int(self.since.timestamp() * 1_000_000)}"
        begun = NoticesPaused(by=self.by, why=self.why, until=self.until)
        facts = [_fact(Kind.NOTICES_PAUSED, f"{name}:begun", self.since, begun)]
        if self.resumed_by is not None and self.resumed_at is not None:
            ended = NoticesResumed(by=self.resumed_by, since=self.since)
            facts.append(_fact(Kind.NOTICES_RESUMED, f"{name}:ended", self.resumed_at, ended))
        return facts


class PausedAlready(Exception):
    """Another pause is on."""


class NotPaused(Exception):
    """No pause is on that could end."""


@dataclass(eq=False, slots=True)
class KeptBack:
    case: CaseId
    asked_at: datetime
    over: asyncio.Future[None]

    def let_go(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


@dataclass
class Restraint:
    ledger: DeliveryLedger
    clock: Callable[[], datetime]
    _pause: NoticePause | None = None
    _revision: int = 0
    _told: int = 0
    """The revision whose facts are known to be on record."""
    _waiting: list[KeptBack] = field(default_factory=list[KeptBack])
    _is_stopped: bool = False

    @property
    def pause(self) -> NoticePause | None:
        """The one that is on."""
        return self._pause if self._pause is not None and self.clock() < self._pause.ends_at else None

    @property
    def waiting(self) -> int:
        """Messages that are kept back."""
        return len(self._waiting)

    def show(self, metrics: Metrics) -> None:
        metrics.paused.set_function(lambda: 1.0 if self.pause is not None else 0.0)
        metrics.kept_back.set_function(lambda: float(self.waiting))

    def excusing(
        self, moves: Callable[[], Awaitable[None]], within: timedelta
    ) -> Callable[[], Awaitable[None]]:
        """The check of a queue that may stand still while a pause is on, and for so long after it."""

        async def check() -> None:
            try:
                await moves()
            except RuntimeError:
                if self._pause is None or self.clock() >= self._pause.ends_at + within:
                    raise

        return check

    async def check(self) -> str:
        """In words, for whoever looks whether the notifier is ready."""
        if (pause := self.pause) is None:
            return ""
        return (
            f"degraded: paused until {pause.until.astimezone(UTC):%H:%M:%S} UTC by {pause.by.who} ({pause.why}); "
            f"{self.waiting} messages wait; `fenghuo notify resume` ends it"
        )

    def keeps_back(self, case: CaseId, notice: Notice) -> bool:
        """Where it may not wait, nothing else of its case waits any longer: the matter has become grave."""
        if self.pause is None:
            return False
        if not may_wait(notice):
            for kept in self._waiting:
                if kept.case == case:
                    kept.let_go()
            return False
        return self.waiting < MOST_WAITING

    async def wait(self, case: CaseId, asked_at: datetime) -> None:
        """Until the pause is over, or its case has become grave. Raises Interrupted when the service stops."""
        if self._is_stopped:
            raise Interrupted
        kept = KeptBack(case, asked_at, asyncio.get_running_loop().create_future())
        self._waiting.append(kept)
        try:
            await kept.over
        finally:
            self._waiting.remove(kept)

    async def begin(self, by: Actor, span: timedelta, why: str) -> NoticePause:
        """Raises PausedAlready."""
        await self.look()
        if self.pause is not None:
            raise PausedAlready
        now = self.clock()
        return await self._write(NoticePause(by=by, why=why, since=now, until=now + span))

    async def end(self, by: Actor) -> NoticePause:
        """Raises NotPaused."""
        await self.look()
        if (pause := self.pause) is None:
            raise NotPaused
        return await self._write(
            pause.model_copy(update={"resumed_by": by, "resumed_at": max(self.clock(), pause.since)})
        )

    async def look(self) -> None:
        """What stands in the bucket is known, and on record. Raises where the broker does not answer."""
        raw, revision = await self.ledger.stored(KEY)
        if revision != self._revision:
            try:
                self._pause = NoticePause.model_validate_json(raw) if raw else None
            except ValueError as error:
                log.error("pause_unreadable", error=str(error)[:300], next="nothing is kept back")
                self._pause = None
            self._revision = revision
        await self._tell()

    async def run(self) -> None:
        """The service's task."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                try:
                    await self.look()
                except AWAY as error:
                    log.warning("pause_not_looked_up", error=error_text(error), next="looked at again")
                await self._let_go()
        finally:
            self._is_stopped = True
            for kept in self._waiting:
                if not kept.over.done():
                    kept.over.set_exception(Interrupted())

    async def _let_go(self) -> None:
        for kept in sorted(self._waiting, key=lambda kept: kept.asked_at, reverse=True):
            if self.pause is not None:
                return
            kept.let_go()
            await asyncio.sleep(GAP)

    async def _write(self, pause: NoticePause) -> NoticePause:
        try:
            self._revision = await self.ledger.put(
                KEY, pause.model_dump_json(exclude_none=True).encode(), over=self._revision
            )
        except ConflictError:
            await self.look()
            raise (PausedAlready if pause.resumed_at is None else NotPaused) from None
        self._pause = pause
        await self._tell()
        log.warning(
            "notices_paused" if pause.resumed_at is None else "notices_resumed",
            by=pause.by.who,
            until=pause.ends_at.isoformat(),
            why=pause.why,
        )
        return pause

    async def _tell(self) -> None:
        """Whoever wrote it may have died before it was told."""
        revision = self._revision
        if self._pause is None or self._told == revision:
            return
        for fact in self._pause.facts():
            await self.ledger.tell_again(NO_CASE, fact)
        self._told = revision


def _fact(kind: Kind, fact_id: str, at: datetime, data: NoticesPaused | NoticesResumed) -> Fact:
    return Fact.of(kind, id=fact_id, source=SOURCE, subject=None, time=at, data=data)
