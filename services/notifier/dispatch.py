"""Takes decisions from the durable and sees every notice of them to an outcome.

Invariant: a decision is acknowledged after each of its notices has, on each channel, an outcome on record and that outcome's
fact in FACTS. A decision delivered again (a crash, a lost acknowledgement) skips what is on record and repeats its fact under
the same message id. So a notice goes out twice in one case only: the process dies between the hand-over and its record, a few
milliseconds; then we prefer a second call to a missed one. Gateways that keep the `webhook-id`s they have seen drop even that.
A notice that is held goes to nobody: it stands on the decision's sheet with the reason, and nothing more comes of it.

Hand-overs that end within the same moment are recorded and told together: a report that calls five people over two channels is
one record and one `delivered` fact, not ten. Every decision is looked up before it is worked on, also one that seems new: a
broker that was killed forgets how often it has handed a decision out (seen: delivered again as if for the first time).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from faststream.nats import NatsMessage
from nats.errors import Error as NatsError

from services.notifier.courier import Carried, Courier, Interrupted
from services.notifier.ledger import Ledger
from services.notifier.metrics import Metrics
from services.notifier.post import Post
from services.notifier.record import Outcome, Record, Sheet, masked, sheet_key
from services.notifier.routes import Route, routes
from shared.broker import broker_time
from shared.directory import Directory
from shared.facts import Decision, Delivery, Fact, FactError, Notice, read_decision
from shared.logs import about_case

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PULSE = 2.0
"""Seconds between two signs of life for decisions in work: several within the durable's ack_wait of 8 s, which is how long a
killed notifier holds up what it had."""
FORGOTTEN = timedelta(days=29)
"""DELIVERIES keeps 30 days: of an older decision nobody knows what went out, so nothing does (a durable made anew begins at the start)."""
SAME_MOMENT = 0.05
"""Seconds a finished hand-over waits for its fellows before it is told."""
PATIENCE = 12.0
"""Seconds that hand-overs under way have to end when the service stops."""


@dataclass(slots=True)
class Held:
    """A decision in work; `message` is its latest copy, the one whose acknowledgement counts."""

    message: NatsMessage


@dataclass(frozen=True, slots=True)
class Job:
    """What all deliveries of a decision have in common."""

    decision: Decision
    decided_at: datetime
    now: datetime


@dataclass
class Dispatcher:
    directory: Callable[[], Directory]
    """As it is at the call."""
    couriers: Mapping[str, Courier]
    post: Post
    ledger: Ledger
    metrics: Metrics
    clock: Callable[[], datetime]
    stopping: asyncio.Event
    in_work: int
    _held: dict[int, Held] = field(default_factory=dict[int, Held])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.in_work)

    async def take(self, message: NatsMessage) -> None:
        """The subscriber's handler: returns as soon as the decision is in work, so that a slow gateway delays nobody else."""
        if self.stopping.is_set():
            await message.nack(delay=1)
            return
        sequence = message.raw_message.metadata.sequence.stream
        if held := self._held.get(sequence):
            held.message = message
            return
        self._held[sequence] = Held(message)
        await self._room.acquire()
        task = asyncio.create_task(self._work(sequence), name=f"decision-{sequence}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def work(self) -> None:
        """The service's task: keep the broker from handing out again what is in work; on stop see hand-overs to their end."""
        try:
            while True:
                await asyncio.sleep(PULSE)
                for held in list(self._held.values()):
                    with suppress(NatsError, OSError):
                        await held.message.in_progress()
        finally:
            self.stopping.set()
            if self._tasks:
                _, late = await asyncio.wait(self._tasks, timeout=PATIENCE)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
            for courier in self.couriers.values():
                await courier.close()

    async def _work(self, sequence: int) -> None:
        held = self._held[sequence]
        self.metrics.in_work.inc()
        try:
            outcome = await self._outcome(held.message)
            self.metrics.decisions.labels(outcome or "done").inc()
            if outcome is None:
                await held.message.ack()
            else:
                tries = held.message.raw_message.metadata.num_delivered or 1
                await held.message.nack(delay=0.1 if outcome == "interrupted" else min(5.0 * tries, 300))
        except (NatsError, OSError) as error:
            log.warning("not_acknowledged", sequence=sequence, error=str(error) or type(error).__name__, next="it is handed out again")
        finally:
            self.metrics.in_work.dec()
            self._held.pop(sequence, None)
            self._room.release()

    async def _outcome(self, message: NatsMessage) -> str | None:
        """None when every notice has its outcome, else why the decision must come again."""
        raw = message.raw_message
        try:
            fact = Fact.read(raw.data)
            with about_case(fact.subject):
                decision = read_decision(fact.data)
                await self._deliver(fact.id, decision, broker_time(raw))
        except Interrupted:
            return "interrupted"
        except (FactError, msgspec.ValidationError) as error:
            log.critical(
                "decision_unreadable",
                subject=raw.subject,
                sequence=raw.metadata.sequence.stream,
                error=str(error),
                next="kept, tried again",
            )
            return "unreadable"
        except Exception:  # whatever it is, the decision stays with the broker and comes again
            log.exception("decision_failed", subject=raw.subject, sequence=raw.metadata.sequence.stream)
            return "failed"
        return None

    async def _deliver(self, fact_id: str, decision: Decision, decided_at: datetime) -> None:
        now = self.clock()
        if now - decided_at > FORGOTTEN:
            log.warning("too_old_to_deliver", case=decision.case, decided_at=decided_at.isoformat(), notices=len(decision.notices))
            return
        if not decision.notices:
            return
        key = sheet_key(decision.notices[0].id)
        sheet, revision = await self.ledger.sheet(key)
        if sheet is not None:
            for number in range(len(sheet.bundles)):
                await self._tell(sheet, number)
        done = sheet or Sheet.of(decision.case, fact_id, decision.notices)
        if sheet is None and any(done.held()):
            sheet, revision = await self.ledger.change(key, lambda known: known or done, known=(sheet, revision))
            self.metrics.deliveries.labels("-", Outcome.HELD).inc(sum(1 for _ in done.held()))
        job = Job(decision, decided_at, now)
        legs = [leg for leg in self._legs(decision) if done.record_of(leg[0].id, leg[1].channel) is None]
        outcomes: Counter[str] = Counter()
        async with aclosing(_bundled([self._see_through(job, notice, route) for notice, route in legs])) as bundles:
            async for bundle in bundles:

                def with_it(known: Sheet | None, bundle: list[Record] = bundle) -> Sheet:
                    return (known or done).with_bundle(bundle)

                sheet, revision = await self.ledger.change(key, with_it, known=(sheet, revision))
                await self._tell(sheet, len(sheet.bundles) - 1)
                outcomes.update(record.outcome.value for record in bundle)
        log.info("decision_delivered", about=decision.about.kind, notices=len(decision.notices), **outcomes)

    async def _tell(self, sheet: Sheet, number: int) -> None:
        await asyncio.gather(*(self.ledger.tell(sheet.case, fact) for fact in sheet.facts(number)))

    def _legs(self, decision: Decision) -> Iterable[tuple[Notice, Route]]:
        for notice in decision.notices:
            if notice.held:
                continue
            for route in routes(notice, self.directory().people_by_id.get(notice.person), self.couriers):
                yield notice, route

    async def _see_through(self, job: Job, notice: Notice, route: Route) -> Record:
        return self._record(notice, route.channel, await self._carry(job, notice, route))

    async def _carry(self, job: Job, notice: Notice, route: Route) -> Carried:
        if route.obstacle:
            return Carried("-", 0, job.now, job.now, error=route.obstacle)
        courier = self.couriers[route.channel]
        message = self.post.message(job.decision.case, notice, route.channel, courier.form, job.now)
        carried = await courier.carry(message, route.addresses)
        if carried.error is None:
            self.metrics.from_fact.labels(route.channel).observe((carried.done_at - job.decision.about.time).total_seconds())
            self.metrics.from_decision.labels(route.channel).observe((carried.done_at - job.decided_at).total_seconds())
        return carried

    def _record(self, notice: Notice, channel: str, carried: Carried) -> Record:
        outcome = Outcome.FAILED if carried.error else Outcome.DELIVERED
        self.metrics.deliveries.labels(channel, outcome).inc()
        delivery = Delivery(
            notice=notice.id,
            person=notice.person,
            channel=channel,
            address=masked(carried.address),
            attempts=carried.attempts,
            first_tried_at=carried.first_tried_at,
            done_at=carried.done_at,
            reference=carried.reference,
            error=carried.error,
        )
        if carried.error:
            log.warning(
                "notice_failed", notice=notice.id, person=notice.person, channel=channel, tries=carried.attempts, error=carried.error
            )
        return Record(outcome=outcome, delivery=delivery)


async def _bundled(deliveries: Sequence[Coroutine[Any, Any, Record]]) -> AsyncGenerator[list[Record]]:
    """The records as they come in, those of the same moment together. A delivery that was interrupted ends the rest's yield with
    its error, after everything that was done has been yielded."""
    pending = {asyncio.create_task(delivery) for delivery in deliveries}
    failure: BaseException | None = None
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if pending:
                more, pending = await asyncio.wait(pending, timeout=SAME_MOMENT)
                done |= more
            failure = failure or next((error for error in map(asyncio.Task[Record].exception, done) if error), None)
            if records := [task.result() for task in done if not task.exception()]:
                yield records
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    if failure is not None:
        raise failure
