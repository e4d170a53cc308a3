"""What waits for somebody's quiet hours to end, and that it goes out then.

Invariant: what is kept stands in DELIVERIES (`kept.<sheet>.<person>.=kept`) and on record before its decision
is given back to the broker as done: no decision is held for a night, and a restart forgets nothing. When the
person's quiet hours end, one notifier takes the decision up again for them, by a claim written over the
revision it has read, and sees it through as ever; what has an outcome on its sheet does not go out twice. A
notifier that was killed meanwhile leaves a claim that ends by itself. What is asked of somebody is looked at
every minute: where its limit or the next step of its chain has moved into the quiet hours, it goes out at
once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from nats.aio.client import Client

from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.job import DecisionOutcome
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import SOURCE, Place, key_safe, place_of
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.broker.exchange import ConflictError
from shared.broker.forever import AWAY, error_text
from shared.broker.stored import asking, message_at
from shared.concurrent import end_all
from shared.facts import (
    Decision,
    Deliveries,
    Delivery,
    Fact,
    Frozen,
    Instant,
    MessageState,
    Purpose,
    read_decision,
)
from shared.ids import CaseId, DutyId, NoticeId, PersonId
from shared.streams import DELIVERIES, FACTS
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CLAIMED_FOR = timedelta(minutes=2)
"""Whoever works longer claims it anew."""
LOOK_EVERY = 1.0
LOOK_AT_LIMITS_EVERY = timedelta(minutes=1)
TIMEOUT = 3.0
PATIENCE = 12.0
"""Seconds that hand-overs under way have to end when the service stops."""
ENDED = (DecisionOutcome.DONE, DecisionOutcome.OLD, DecisionOutcome.OVER)


class KeptNotice(Frozen):
    """One notice on one channel."""

    notice: NoticeId
    channel: str
    address: str
    """Masked."""
    purpose: Purpose
    asked: tuple[DutyId, ...] = ()
    """What it asks for."""


class KeptDecision(Frozen):
    """What is kept of one decision for one person, as it stands in the bucket."""

    case: CaseId
    person: PersonId
    decision: str
    """The id of its fact."""
    sequence: int
    """Where that lies in FACTS."""
    since: Instant
    until: Instant
    due_at: Instant
    """When it is taken up: by anybody at `until`, by another when the claim of the one before has ended."""
    tries: int = 0
    notices: tuple[KeptNotice, ...]

    @property
    def places(self) -> frozenset[Place]:
        return frozenset(place_of(kept.notice, kept.channel) for kept in self.notices)

    def claimed(self, now: datetime, *, again: bool = False) -> "KeptDecision":
        return self.model_copy(
            update={"due_at": now + CLAIMED_FOR, "tries": self.tries if again else self.tries + 1}
        )

    def fact(self) -> Fact:
        """The same bytes and id however often it is told."""
        deliveries = tuple(
            Delivery(
                notice=kept.notice,
                person=self.person,
                channel=kept.channel,
                address=kept.address,
                attempts=0,
                first_tried_at=self.since,
                done_at=self.since,
                state=MessageState.KEPT,
                until=self.until,
            )
            for kept in self.notices
        )
        return Fact.of(
            Kind.FAILED,
            id=f"{self.decision}:kept:{self.person}:{int(self.until.timestamp())}",
            source=SOURCE,
            subject=self.case,
            time=self.since,
            data=Deliveries(deliveries=deliveries),
        )

    def write(self) -> bytes:
        return self.model_dump_json().encode()


def kept_key(sheet: str, person: PersonId) -> str:
    return f"kept.{sheet}.{key_safe(person)}.=kept"


class KeptBook:
    """What is kept, as all notifiers see it."""

    def __init__(self, ledger: DeliveryLedger, connection: Callable[[], Client], metrics: Metrics) -> None:
        self._ledger = ledger
        self.entries: dict[str, tuple[KeptDecision, int]] = {}
        """By key, with the revision."""
        self.follow = BucketFollower(DELIVERIES, connection, self.take, keys=("kept.>",)).run
        """The service's task."""
        metrics.kept_quiet.set_function(lambda: float(sum(len(kept.notices) for kept in self.newest_last())))

    def take(self, entry: BucketEntry) -> None:
        """Of the bucket, as it is followed."""
        if not entry.value:
            self.entries.pop(entry.key, None)
            return
        self.entries[entry.key] = KeptDecision.model_validate_json(entry.value), entry.revision

    def newest_last(self) -> list[KeptDecision]:
        return sorted((kept for kept, _ in self.entries.values()), key=lambda kept: kept.since)

    def remembered(self, sheet: str, person: PersonId) -> KeptDecision | None:
        """As `of`, as far as the bucket was followed."""
        entry = self.entries.get(kept_key(sheet, person))
        return entry[0] if entry is not None else None

    async def of(self, sheet: str, person: PersonId) -> KeptDecision | None:
        """What the bucket has of this decision now. Raises where the broker does not answer."""
        raw, _ = await self._ledger.stored(kept_key(sheet, person))
        return KeptDecision.model_validate_json(raw) if raw else None

    async def keep(self, sheet: str, kept: KeptDecision) -> None:
        """It stands in the bucket and on record when this returns. Raises ConflictError where another
        notifier was faster; the decision comes again then.
        """
        key = kept_key(sheet, kept.person)
        raw, revision = await self._ledger.stored(key)
        before = KeptDecision.model_validate_json(raw) if raw else None
        if before is not None:
            kept = kept.model_copy(update={"since": before.since})
        if kept != before:
            await self._ledger.put(key, kept.write(), over=revision)
        await self.tell(kept)

    async def tell(self, kept: KeptDecision) -> None:
        """Whoever kept it may have died before it was on record."""
        await self._ledger.tell_again(kept.case, kept.fact())

    async def change(self, key: str, kept: KeptDecision | None, revision: int) -> int:
        """None: nothing is kept any more. Raises ConflictError."""
        return await self._ledger.put(key, kept.write() if kept is not None else b"", over=revision)


class LooksAtLimits(Protocol):
    @property
    def book(self) -> KeptBook: ...

    def is_quiet(self, kept: KeptDecision) -> bool:
        """Whether it is still in the person's quiet hours, by the directory of now."""
        ...

    async def comes_before(self, case: CaseId, duties: Sequence[DutyId], until: datetime) -> bool:
        """Whether a limit of these duties, or a step of their chain, comes by then."""
        ...


class SeesThrough(Protocol):
    room: asyncio.Semaphore

    async def deliver(
        self,
        fact_id: str,
        decision: Decision,
        decided_at: datetime,
        *,
        sequence: int,
        is_first: bool,
        kept: KeptDecision | None = None,
    ) -> DecisionOutcome: ...


@dataclass
class KeptWatch:
    """Takes up what is due."""

    limits: LooksAtLimits
    delivery: SeesThrough
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])
    _looked_at: datetime | None = None

    async def run(self) -> None:
        """The service's task."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                try:
                    await self._look()
                except AWAY as error:
                    log.warning("kept_not_looked_up", error=error_text(error), next="looked at again")
        finally:
            if self._tasks:
                _, late = await asyncio.wait(self._tasks.values(), timeout=PATIENCE)
                await end_all(late)

    async def _look(self) -> None:
        now = self.clock()
        looks_at_limits = self._looked_at is None or now - self._looked_at >= LOOK_AT_LIMITS_EVERY
        if looks_at_limits:
            self._looked_at = now
        for key, (kept, revision) in list(self.limits.book.entries.items()):
            if key in self._tasks:
                continue
            is_due = now >= kept.due_at or (not kept.tries and not self.limits.is_quiet(kept))
            if is_due or (looks_at_limits and not kept.tries and await self._has_moved(kept)):
                self._tasks[key] = task = asyncio.create_task(self._take_up(key, kept, revision))
                task.add_done_callback(lambda _, key=key: self._tasks.pop(key, None))

    async def _has_moved(self, kept: KeptDecision) -> bool:
        for notice in kept.notices:
            if notice.asked and await self.limits.comes_before(kept.case, notice.asked, kept.until):
                return True
        return False

    async def _take_up(self, key: str, kept: KeptDecision, revision: int) -> None:
        try:
            kept = kept.claimed(self.clock())
            revision = await self.limits.book.change(key, kept, revision)
            work = asyncio.create_task(self._see_through(kept))
            try:
                while not (await asyncio.wait([work], timeout=CLAIMED_FOR.total_seconds() / 3))[0]:
                    kept = kept.claimed(self.clock(), again=True)
                    revision = await self._renewed(key, kept, revision)
            except ConflictError:
                await work  # what has begun is seen to its end
                raise
            finally:
                if not work.done():
                    await end_all([work])
            if work.result() in ENDED:
                await self.limits.book.change(key, None, revision)
        except ConflictError:
            pass  # another notifier has it, or it is kept further
        except Interrupted:
            pass
        except Exception as error:  # whatever it is, it is tried again when the claim has ended
            log.exception("kept_not_sent", case=kept.case, error=error_text(error))

    async def _renewed(self, key: str, kept: KeptDecision, revision: int) -> int:
        """A broker that is away for a while interrupts no hand-over. Raises ConflictError."""
        try:
            return await self.limits.book.change(key, kept, revision)
        except AWAY as error:
            log.warning("claim_not_renewed", case=kept.case, error=error_text(error), next="tried again")
            return revision

    async def _see_through(self, kept: KeptDecision) -> DecisionOutcome:
        stored = await message_at(asking(self.connection, TIMEOUT), FACTS, kept.sequence)
        if stored is None:
            log.error("kept_decision_is_gone", case=kept.case, sequence=kept.sequence)
            return DecisionOutcome.OLD
        fact = Fact.read(stored.data)
        async with self.delivery.room:
            return await self.delivery.deliver(
                fact.id,
                read_decision(fact.data),
                stored.at,
                sequence=kept.sequence,
                is_first=kept.tries <= 1,
                kept=kept,
            )
