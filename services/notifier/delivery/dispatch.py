"""Takes decisions from the durable and sees every notice of them to an outcome.

Invariant: a decision is acknowledged after each of its notices has, on each channel, an outcome on record and
that outcome's fact in FACTS. A decision delivered again (a crash, a lost acknowledgement) skips what is on
record and repeats its fact under the same message id. So a notice goes out twice in one case only: the
process dies between the hand-over and its record, a few milliseconds; then we prefer a second call to a
missed one. Gateways that keep the `webhook-id`s they have seen drop even that. A notice that is held goes to
nobody: it stands on the decision's sheet with the reason, and nothing more comes of it.

A decision that is older than the end of its case rings nobody, whenever and however often it comes (a durable
made anew begins at the start). One that can't be read, or that fails again and again, is set aside: it holds
no place that another one needs.

Hand-overs that end within the same moment are recorded and told together: a report that calls five people
over two channels is one record and one `delivered` fact, not ten. Every decision is looked up before it is
worked on, also one that seems new: a broker that was killed forgets how often it has handed a decision out
(seen: delivered again as if for the first time).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from faststream.nats import NatsMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.notifier.delivery.courier import Carried, Courier, Interrupted
from services.notifier.delivery.gathering import BEHIND, Gathering
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.post import MessageMaker
from services.notifier.delivery.record import SOURCE, DeliveryOutcome, DeliveryRecord, Sheet, sheet_key
from services.notifier.delivery.routes import Route, routes
from services.notifier.delivery.whether_over import is_past
from shared.broker.forever import AWAY, error_text
from shared.broker.times import hand_out, stored_at
from shared.case import Case
from shared.directory import Directory, Person
from shared.directory.addresses import masked
from shared.facts import Decision, Delivery, Fact, FactError, Notice, read_decision
from shared.facts.aside import Odd, aside
from shared.facts.authenticity import distrust
from shared.facts.cause import Cause
from shared.facts.distrust import WORDS, Distrust
from shared.formats import NewerError, NewerSeen
from shared.ids import IS_CASE_ID, CaseId, PersonId
from shared.logs import about_case
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AGAIN_AFTER = {"interrupted": 0.1, "newer": 2.0}
"""Seconds; what failed otherwise waits longer with each try."""
PULSE = 2.0
"""Seconds between two signs of life for decisions in work: several within the durable's ack_wait of 8 s,
which is how long a killed notifier holds up what it had.
"""
FORGOTTEN = timedelta(days=29)
"""DELIVERIES keeps 30 days: of an older decision nobody knows what went out, so nothing does (a durable made
anew begins at the start).
"""
TRIES = 20
"""Times, over a quarter of an hour, that a decision is tried which fails in an unforeseen way; then it is set
aside.
"""
SAME_MOMENT = 0.05
"""Seconds a finished hand-over waits for its fellows before it is told."""
PATIENCE = 12.0
"""Seconds that hand-overs under way have to end when the service stops."""
DONE, DISTRUSTED, SET_ASIDE, OLD, OVER = "done", "distrusted", "set_aside", "old", "over"
ENDED = (DONE, DISTRUSTED, SET_ASIDE, OLD, OVER)
"""What may have become of a decision that need not come again."""


@dataclass(slots=True)
class DecisionInWork:
    """A decision in work; `message` is its latest copy, the one whose acknowledgement counts."""

    message: NatsMessage


@dataclass(frozen=True, slots=True)
class Job:
    """What all deliveries of a decision have in common."""

    decision: Decision
    decided_at: datetime
    now: datetime
    is_first: bool
    """It has not been handed out before: nothing of it can have gone out under an id of its own."""

    @property
    def is_behind(self) -> bool:
        """It should have been said long since: somebody of us was away."""
        return self.is_first and self.now - (self.decision.late_since or self.decision.about.time) > BEHIND

    @property
    def is_of_a_clock(self) -> bool:
        return self.is_first and self.decision.about.kind == Kind.DUE


@dataclass
class Dispatcher:
    directory: Callable[[], Directory]
    """As it is at the call."""
    earlier: Callable[[PersonId, int], Awaitable[Person | None]]
    """A person as they were, by a sequence in the bucket."""
    couriers: Mapping[str, Courier]
    post: MessageMaker
    ledger: DeliveryLedger
    case_now: Callable[[CaseId], Awaitable[Case | None]]
    """As the escalator left it; None where it is not there. Raises ValueError for one that can't be read."""
    metrics: Metrics
    clock: Callable[[], datetime]
    stopping: asyncio.Event
    in_work: int
    newer: NewerSeen = field(default_factory=NewerSeen)
    _held: dict[int, DecisionInWork] = field(default_factory=dict[int, DecisionInWork])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _gathering: Gathering = field(default_factory=Gathering)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.in_work)

    async def take(self, message: NatsMessage) -> None:
        """The subscriber's handler: returns as soon as the decision is in work, so that a slow gateway delays
        nobody else.
        """
        if self.stopping.is_set():
            await message.nack(delay=1)
            return
        sequence = message.raw_message.metadata.sequence.stream
        if held := self._held.get(sequence):
            held.message = message
            return
        self._held[sequence] = DecisionInWork(message)
        await self._room.acquire()
        task = asyncio.create_task(self._work(sequence), name=f"decision-{sequence}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def work(self) -> None:
        """The service's task: keep the broker from handing out again what is in work; on stop see hand-overs
        to their end.
        """
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
            self.metrics.decisions.labels(outcome).inc()
            if outcome in ENDED:
                await held.message.ack()
            else:
                tries = held.message.raw_message.metadata.num_delivered or 1
                await held.message.nack(delay=AGAIN_AFTER.get(outcome, min(5.0 * tries, 300)))
        except AWAY as error:
            log.warning(
                "not_acknowledged",
                sequence=sequence,
                error=error_text(error),
                next="it is handed out again",
            )
        finally:
            self.metrics.in_work.dec()
            self._held.pop(sequence, None)
            self._room.release()

    async def _outcome(self, message: NatsMessage) -> str:
        """One of ENDED when every notice has its outcome or will never have one, else why the decision must
        come again.
        """
        raw = message.raw_message
        fact: Fact | None = None
        try:
            fact = Fact.read(raw.data)
            if (why := distrust(raw.subject, raw.headers, fact)) is not None:
                return self._leave(raw, why)
            with about_case(fact.subject):
                decision = read_decision(fact.data)
                if (fault := _fault_of(fact, decision)) is not None:
                    return await self._set_aside(raw, fact, fault)
                return await self._deliver(
                    fact.id, decision, stored_at(raw), is_first=hand_out(raw.reply).delivered <= 1
                )
        except Interrupted:
            return "interrupted"
        except NewerError as error:
            self.newer.saw(f"decision {raw.metadata.sequence.stream}", error)
            log.warning("decision_of_a_newer_format", sequence=raw.metadata.sequence.stream, next=str(error))
            return "newer"
        except FactError:
            return self._leave(raw, Distrust.ENVELOPE)
        except msgspec.ValidationError as error:
            return await self._set_aside(raw, fact, f"its data is no decision: {error}")
        except Exception as error:  # whatever it is, the decision stays with the broker and comes again
            log.exception("decision_failed", subject=raw.subject, sequence=hand_out(raw.reply).sequence)
            if hand_out(raw.reply).delivered < TRIES:
                return "failed"
            return await self._set_aside(
                raw, fact, f"it failed {TRIES} times: {type(error).__name__}: {error}", Cause.FAULT
            )

    def _leave(self, raw: Msg, why: Distrust) -> str:
        """Nobody is rung for what no escalator has decided; the audit puts it on record as rejected."""
        self.metrics.distrusted.labels(why).inc()
        log.critical(
            "decision_not_authentic",
            subject=raw.subject,
            sequence=hand_out(raw.reply).sequence,
            reason=WORDS[why],
        )
        return DISTRUSTED

    async def _set_aside(
        self, raw: Msg, fact: Fact | None, reason: str, cause: Cause = Cause.NO_DECISION
    ) -> str:
        told = hand_out(raw.reply)
        odd = Odd(
            raw.subject, told.sequence, told.at, raw.data, raw.headers or {}, fact.subject if fact else None
        )
        await self.ledger.append(aside(odd, SOURCE, f"set aside by the notifier: {reason}", cause=cause))
        log.critical(
            "decision_set_aside",
            subject=raw.subject,
            sequence=told.sequence,
            reason=reason,
            next="see `fenghuo inbox`",
        )
        return SET_ASIDE

    async def _deliver(
        self, fact_id: str, decision: Decision, decided_at: datetime, *, is_first: bool
    ) -> str:
        """What became of it."""
        now = self.clock()
        if now - decided_at > FORGOTTEN:
            log.warning(
                "too_old_to_deliver",
                case=decision.case,
                decided_at=decided_at.isoformat(),
                notices=len(decision.notices),
            )
            return OLD
        if not decision.notices:
            return DONE
        key = sheet_key(decision.notices[0].id)
        sheet, revision = await self.ledger.sheet(key)
        if sheet is not None:
            await self._tell_again(sheet, range(len(sheet.bundles)))
        done = sheet or Sheet.of(decision.case, fact_id, decision.notices)
        legs = [
            leg for leg in await self._legs(decision) if done.record_of(leg[0].id, leg[1].channel) is None
        ]
        if legs and await self._is_past(decision, now):
            log.warning(
                "decided_before_the_end",
                case=decision.case,
                decided_at=decided_at.isoformat(),
                notices=len(decision.notices),
            )
            return OVER
        done = done if sheet else done.bounded(len(legs))
        if sheet is None and any(done.held()):
            sheet, revision = await self.ledger.change(
                key, lambda known: known or done, known=(sheet, revision)
            )
            self.metrics.deliveries.labels("-", DeliveryOutcome.HELD).inc(sum(1 for _ in done.held()))
        job = Job(decision, decided_at, now, is_first)
        outcomes: Counter[str] = Counter()
        bundled = _bundled([self._see_through(job, notice, route) for notice, route in legs])
        async with self._place_of(job), aclosing(bundled) as bundles:
            async for bundle in bundles:
                told, is_new = len((sheet or done).bundles), list[bool]()

                def with_it(
                    known: Sheet | None, bundle: list[DeliveryRecord] = bundle, is_new: list[bool] = is_new
                ) -> Sheet:
                    before = known or done
                    after = before.with_bundle(bundle)
                    is_new.append(after is not before)
                    return after

                sheet, revision = await self.ledger.change(key, with_it, known=(sheet, revision))
                if is_new[-1]:
                    await self._tell(sheet, len(sheet.bundles) - 1)
                # Those of another notifier that had the same decision, and may have died since.
                await self._tell_again(sheet, range(told, len(sheet.bundles) - is_new[-1]))
                outcomes.update(record.outcome.value for record in bundle)
        log.info("decision_delivered", about=decision.about.kind, notices=len(decision.notices), **outcomes)
        return DONE

    @asynccontextmanager
    async def _place_of(self, job: Job) -> AsyncGenerator[None]:
        """What is gathered waits, and holds no place of those who are rung now."""
        if not job.is_behind:
            yield
            return
        self._room.release()
        try:
            yield
        finally:
            await self._room.acquire()

    async def _is_past(self, decision: Decision, now: datetime) -> bool:
        try:
            return is_past(await self.case_now(decision.case), decision, now)
        except ValueError:
            return False

    async def _tell(self, sheet: Sheet, number: int) -> None:
        await asyncio.gather(*(self.ledger.tell(sheet.case, fact) for fact in sheet.facts(number)))

    async def _tell_again(self, sheet: Sheet, numbers: range) -> None:
        for fact in (fact for number in numbers for fact in sheet.facts(number)):
            await self.ledger.tell_again(sheet.case, fact)

    async def _legs(self, decision: Decision) -> list[tuple[Notice, Route]]:
        found: list[tuple[Notice, Route]] = []
        for notice in decision.notices:
            if notice.held:
                continue
            person = await self._person_for(notice)
            found += [(notice, route) for route in routes(notice, person, self.couriers)]
        return found

    async def _person_for(self, notice: Notice) -> Person | None:
        now = self.directory().people_by_id.get(notice.person)
        if notice.addresses_at is None:
            return now
        try:
            return await self.earlier(notice.person, notice.addresses_at)
        except ValueError as error:
            log.error(
                "older_entry_unreadable",
                wanted=notice.addresses_at,
                error=str(error)[:300],
                next="told on the addresses of now",
            )
            return now

    async def _see_through(self, job: Job, notice: Notice, route: Route) -> DeliveryRecord:
        return self._record(notice, route.channel, await self._carry(job, notice, route))

    async def _carry(self, job: Job, notice: Notice, route: Route) -> Carried:
        if route.obstacle:
            return Carried("-", 0, job.now, job.now, error=route.obstacle)
        courier = self.couriers[route.channel]
        try:
            message = self.post.message(job.decision.case, notice, route.channel, courier.form, job.now)
        # a notice that can't be worded must not keep the others from going out, and its chain moves on
        except Exception as error:
            log.exception("notice_not_worded", notice=notice.id)
            return Carried(
                "-",
                0,
                job.now,
                job.now,
                error=f"it could not be worded ({type(error).__name__}): see the log",
            )
        if job.is_behind or (job.is_of_a_clock and self._gathering.is_open(courier, route, notice)):
            carried = await self._gathering.carry(courier, message, route, notice)
        else:
            carried = await courier.carry(message, route.addresses)
        if carried.error is None:
            self.metrics.from_fact.labels(route.channel).observe(
                (carried.done_at - job.decision.about.time).total_seconds()
            )
            self.metrics.from_decision.labels(route.channel).observe(
                (carried.done_at - job.decided_at).total_seconds()
            )
        return carried

    def _record(self, notice: Notice, channel: str, carried: Carried) -> DeliveryRecord:
        outcome = DeliveryOutcome.FAILED if carried.error else DeliveryOutcome.DELIVERED
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
                "notice_failed",
                notice=notice.id,
                person=notice.person,
                channel=channel,
                tries=carried.attempts,
                error=carried.error,
            )
        return DeliveryRecord(outcome=outcome, delivery=delivery)


def _fault_of(fact: Fact, decision: Decision) -> str | None:
    """Why no escalator has made it so, though its shape is a decision's."""
    if decision.case != fact.subject or not IS_CASE_ID.fullmatch(decision.case):
        return "its case is not the case it lies under"
    strange = (
        notice.id
        for notice in decision.notices
        if not notice.id.startswith(f"{decision.case}.") or notice.id.count(".") < 2
    )
    return next((f"notice {notice[:80]!r} is not named after its case" for notice in strange), None)


async def _bundled(
    deliveries: Sequence[Coroutine[Any, Any, DeliveryRecord]],
) -> AsyncGenerator[list[DeliveryRecord]]:
    """The records as they come in, those of the same moment together. A delivery that was interrupted ends
    the rest's yield with its error, after everything that was done has been yielded.
    """
    pending = {asyncio.create_task(delivery) for delivery in deliveries}
    failure: BaseException | None = None
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if pending:
                more, pending = await asyncio.wait(pending, timeout=SAME_MOMENT)
                done |= more
            failure = failure or next(
                (error for error in map(asyncio.Task[DeliveryRecord].exception, done) if error), None
            )
            if records := [task.result() for task in done if not task.exception()]:
                yield records
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    if failure is not None:
        raise failure
