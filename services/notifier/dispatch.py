"""Takes decisions from the durable and sees every notice of them to an outcome.

Invariant: a decision is acknowledged after each of its notices has, on each channel, an outcome on record and that outcome's
fact in FACTS. A decision delivered again (a crash, a lost acknowledgement) skips what is on record and repeats its fact under
the same message id. So a notice goes out twice in one case only: the process dies between the hand-over and its record, a few
milliseconds; then we prefer a second call to a missed one. Gateways that keep the `webhook-id`s they have seen drop even that.

Every delivery is looked up before it is tried, also one that seems new: a broker that was killed forgets how often it has handed
a decision out (seen: delivered again as if for the first time). It costs 0.6 ms and 0.1 to 0.2 ms of CPU.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from faststream.nats import NatsMessage
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.notifier.courier import Carried, Courier, Interrupted
from services.notifier.ledger import Ledger
from services.notifier.metrics import Metrics
from services.notifier.post import Post
from services.notifier.record import Outcome, Record, delivery_key, masked
from services.notifier.routes import Route, routes
from shared.broker import broker_time
from shared.directory import Directory
from shared.facts import Decision, Delivery, Fact, FactError, Notice
from shared.logs import about_case

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PULSE = 2.0
"""Seconds between two signs of life for decisions in work: several within the durable's ack_wait of 8 s, which is how long a
killed notifier holds up what it had."""
FORGOTTEN = timedelta(days=29)
"""DELIVERIES keeps 30 days: of an older decision nobody knows what went out, so nothing does (a durable made anew begins at the start)."""
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
    directory: Directory
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
                decision = Decision.model_validate(fact.data)
                await self._deliver(decision, broker_time(raw))
        except Interrupted:
            return "interrupted"
        except (FactError, ValidationError) as error:
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

    async def _deliver(self, decision: Decision, decided_at: datetime) -> None:
        now = self.clock()
        if now - decided_at > FORGOTTEN:
            log.warning("too_old_to_deliver", case=decision.case, decided_at=decided_at.isoformat(), notices=len(decision.notices))
            return
        job = Job(decision, decided_at, now)
        ended = await asyncio.gather(
            *(self._see_through(job, notice, route) for notice, route in self._legs(decision)), return_exceptions=True
        )
        outcomes: Counter[str] = Counter()
        for end in ended:
            if isinstance(end, BaseException):
                raise end
            outcomes[end.value] += 1
        log.info("decision_delivered", about=decision.about.kind, notices=len(decision.notices), **outcomes)

    def _legs(self, decision: Decision) -> Iterable[tuple[Notice, Route]]:
        for notice in decision.notices:
            for route in routes(notice, self.directory.people_by_id.get(notice.person), self.couriers):
                yield notice, route

    async def _see_through(self, job: Job, notice: Notice, route: Route) -> Outcome:
        record = await self.ledger.recorded(delivery_key(notice.id, route.channel))
        if record is None:
            carried = await self._carry(job, notice, route)
            record = self._record(job, notice, route.channel, carried)
            await self.ledger.record(record)
        await self.ledger.tell(job.decision.case, record.fact())
        return record.outcome

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

    def _record(self, job: Job, notice: Notice, channel: str, carried: Carried) -> Record:
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
        return Record.of(job.decision, notice, outcome, delivery)
