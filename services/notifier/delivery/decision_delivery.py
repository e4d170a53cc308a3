"""Sees every notice of one decision to an outcome on record.

Invariant: an outcome is on the decision's sheet before its fact is in FACTS, and what is on the sheet goes
out no more. Hand-overs that end within the same moment are recorded and told together: a report that calls
five people over two channels is one record and one `delivered` fact, not ten. Every decision is looked up
before it is worked on, also one that seems new: a broker that was killed forgets how often it has handed a
decision out (seen: delivered again as if for the first time).

A notice that is held goes to nobody: it stands on the decision's sheet with the reason. A decision that is
older than the end of its case rings nobody, whenever and however often it comes (a durable made anew begins
at the start).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from services.notifier.delivery.beside import WaysBeside
from services.notifier.delivery.bundling import bundled
from services.notifier.delivery.carried import Carried
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gathering import Gathering
from services.notifier.delivery.job import DecisionOutcome, Job
from services.notifier.delivery.kept import KeptDecision
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.notice_carrier import NoticeCarrier
from services.notifier.delivery.outlasting import NOT_NEEDED
from services.notifier.delivery.post import MessageMaker
from services.notifier.delivery.record import DeliveryOutcome, DeliveryRecord, Sheet, place_of, sheet_key
from services.notifier.delivery.restraint import Restraint
from services.notifier.delivery.routes import Leg, Route, other_routes, routes
from services.notifier.delivery.sifting import QuietSifter, taken_up, without
from services.notifier.delivery.turns import Turns, turns_of
from services.notifier.delivery.ways import Seat, WaysToPerson, ways_of
from services.notifier.delivery.whether_over import is_answered as is_answered_by
from services.notifier.delivery.whether_over import is_past
from services.notifier.messages.asking import SILENT
from shared.broker.forever import AWAY
from shared.case import Case
from shared.directory import Directory, Person
from shared.directory.addresses import masked
from shared.facts import Decision, Delivery, MessageState, Notice
from shared.ids import CaseId, NoticeId, PersonId

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FORGOTTEN = timedelta(days=29)
"""DELIVERIES keeps 30 days: of an older decision nobody knows what went out, so nothing does (a durable made
anew begins at the start).
"""


@dataclass
class DecisionDelivery:
    directory: Callable[[], Directory]
    """As it is at the call."""
    earlier: Callable[[PersonId, int], Awaitable[Person | None]]
    """A person as they were, by a sequence in the bucket."""
    couriers: Mapping[str, Courier]
    post: MessageMaker
    ledger: DeliveryLedger
    case_now: Callable[[CaseId], Awaitable[Case | None]]
    """As the escalator left it; None where it is not there. Raises ValueError for one that can't be read."""
    restraint: Restraint
    metrics: Metrics
    clock: Callable[[], datetime]
    room: asyncio.Semaphore
    """For the decisions in work, each of which has taken its place before it is delivered."""
    gathering: Gathering
    sifter: QuietSifter
    beside: WaysBeside = field(default_factory=WaysBeside)

    @cached_property
    def _carrier(self) -> NoticeCarrier:
        return NoticeCarrier(
            self.couriers,
            self.post,
            self.restraint,
            self.gathering,
            self.metrics,
            self.case_now,
            self.clock,
        )

    @cached_property
    def _named(self) -> frozenset[str]:
        """The channels that a notice or the directory may name."""
        return frozenset(self.couriers) - frozenset(self.beside.channels)

    async def deliver(
        self,
        fact_id: str,
        decision: Decision,
        decided_at: datetime,
        *,
        sequence: int,
        is_first: bool,
        kept: KeptDecision | None = None,
    ) -> DecisionOutcome:
        """See every notice of it to an outcome on record, or kept until quiet hours end; `kept`: what was, of
        a person whose have ended. `sequence`: where it lies in FACTS. Raises Interrupted.
        """
        now = self.clock()
        if now - decided_at > FORGOTTEN:
            log.warning(
                "too_old_to_deliver",
                case=decision.case,
                decided_at=decided_at.isoformat(),
                notices=len(decision.notices),
            )
            return DecisionOutcome.OLD
        if not decision.notices:
            return DecisionOutcome.DONE
        key = sheet_key(decision.notices[0].id)
        sheet, revision = await self.ledger.sheet(key)
        if sheet is not None:
            await self._tell_again(sheet, range(len(sheet.bundles)))
        done = sheet or Sheet.of(decision.case, fact_id, decision.notices)
        legs, others, turns = await self._legs(decision, done)
        job = Job(
            decision,
            sequence,
            {notice.id: number for number, notice in enumerate(decision.notices)},
            decided_at,
            now,
            is_first,
            Seat(self.room),
            kept is not None,
        )
        # After an outage of ours one message says all, on the ways that something relies on.
        beside = () if job.is_behind else self.beside.legs(decision, done, self.directory().people_by_id)
        if (legs or beside) and kept is None and await self._is_past(decision, now):
            log.warning(
                "decided_before_the_end",
                case=decision.case,
                decided_at=decided_at.isoformat(),
                notices=len(decision.notices),
            )
            return DecisionOutcome.OVER
        every = legs
        if kept is not None:
            legs, others, beside = (taken_up(kept, each) for each in (legs, others, beside))
        quiet = await self.sifter.kept(job, fact_id, key, [*legs, *others, *beside])
        legs, others, beside = (without(each, quiet) for each in (legs, others, beside))
        going = {place_of(notice.id, route.channel) for notice, route in legs}
        for notice, route in every:
            if place_of(notice.id, route.channel) not in going:  # no other channel of the notice waits for it
                turns[notice.id].ended(route.channel, None)
        ways = ways_of(done, legs)
        # Of a notice that is kept no other way is needed.
        others = [(notice, route) for notice, route in others if notice.id in ways]
        done = done if sheet else done.bounded(len(legs) + len(others) + len(beside))
        if sheet is None and any(done.held_matters()):
            sheet, revision = await self.ledger.change(
                key, lambda stored: stored or done, stored=(sheet, revision)
            )
            self.metrics.deliveries.labels("-", DeliveryOutcome.HELD).inc(sum(1 for _ in done.held_matters()))
        outcomes: Counter[str] = Counter()
        bundles_as_told = bundled(
            [
                *(
                    self._see_through(job, notice, route, ways[notice.id], turns[notice.id])
                    for notice, route in legs
                ),
                *(self._other_way(job, notice, route, ways[notice.id]) for notice, route in others),
                *(self._way_beside(job, notice, route) for notice, route in beside),
            ]
        )
        async with self._place_of(job), aclosing(bundles_as_told) as bundles:
            async for bundle in bundles:
                count, is_new = len((sheet or done).bundles), list[bool]()

                def with_bundle(
                    stored: Sheet | None, bundle: list[DeliveryRecord] = bundle, is_new: list[bool] = is_new
                ) -> Sheet:
                    before = stored or done
                    after = before.with_bundle(bundle)
                    is_new.append(after is not before)
                    return after

                sheet, revision = await self.ledger.change(key, with_bundle, stored=(sheet, revision))
                if is_new[-1]:
                    await self._tell(sheet, len(sheet.bundles) - 1)
                # Those of another notifier that had the same decision, and may have died since.
                await self._tell_again(sheet, range(count, len(sheet.bundles) - is_new[-1]))
                outcomes.update(record.outcome.value for record in bundle)
        log.info("decision_delivered", about=decision.about.kind, notices=len(decision.notices), **outcomes)
        return DecisionOutcome.DONE

    @asynccontextmanager
    async def _place_of(self, job: Job) -> AsyncGenerator[None]:
        """What is gathered waits, and holds no place of those who are rung now."""
        if job.is_behind:
            job.seat.leave()
        try:
            yield
        finally:
            await job.seat.take_again()

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

    async def _legs(
        self, decision: Decision, done: Sheet
    ) -> tuple[list[Leg], list[Leg], dict[NoticeId, Turns]]:
        """What has no outcome yet, which other ways there are to those persons, and when each is tried."""
        legs: list[Leg] = []
        others: list[Leg] = []
        turns: dict[NoticeId, Turns] = {}
        records = done.by_place()
        for notice in decision.notices:
            if notice.held:
                continue
            person = await self._person_for(notice)
            chosen = routes(notice, person, self._named, self.beside.channels)
            left = [(notice, route) for route in chosen if place_of(notice.id, route.channel) not in records]
            legs += left
            turns[notice.id] = turns_of(notice, person, [route.channel for route in chosen], records)
            if left and person is not None:
                taken = {route.channel for route in chosen}
                further = other_routes(person, taken, self._named)
                others += [
                    (notice, route) for route in further if place_of(notice.id, route.channel) not in records
                ]
        return legs, others, turns

    async def _person_for(self, notice: Notice) -> Person | None:
        person_now = self.directory().people_by_id.get(notice.person)
        if notice.addresses_at is None:
            return person_now
        try:
            return await self.earlier(notice.person, notice.addresses_at)
        except ValueError as error:
            log.error(
                "older_entry_unreadable",
                wanted=notice.addresses_at,
                error=str(error)[:300],
                next="told on the addresses of now",
            )
            return person_now

    async def _see_through(
        self, job: Job, notice: Notice, route: Route, ways: WaysToPerson, turns: Turns
    ) -> DeliveryRecord:
        def away() -> None:
            ways.away(route.channel)
            turns.ended(route.channel, None)

        try:
            if await self._is_its_turn(job, notice, route, turns):
                carried = await self._carrier.carry(job, notice, route, away)
            else:
                carried = Carried("-", 0, job.now, self.clock(), error=NOT_NEEDED, is_spared=True)
        except BaseException:  # nobody waits for what will not come
            turns.ended(route.channel, None)
            ways.ended(route.channel, is_through=True)
            raise
        is_taken = carried.error is None
        turns.ended(route.channel, carried.done_at if is_taken else None)
        ways.ended(route.channel, is_through=is_taken or carried.is_spared)
        return self._record(notice, route.channel, carried)

    async def _is_its_turn(self, job: Job, notice: Notice, route: Route, turns: Turns) -> bool:
        if route.obstacle or turns.is_first(route.channel):
            return True
        job.seat.leave()

        async def is_answered() -> bool:
            if notice.purpose in SILENT:
                return True  # it asks nothing: that one channel has it is enough
            try:
                case = await self.case_now(job.decision.case)
            except (ValueError, *AWAY):
                return False
            return is_past(case, job.decision, self.clock()) or is_answered_by(case, notice)

        return await turns.comes(route.channel, self.clock, self.couriers[route.channel].rest, is_answered)

    async def _other_way(
        self, job: Job, notice: Notice, route: Route, ways: WaysToPerson
    ) -> DeliveryRecord | None:
        """Where the gateways of the notice's own channels take nothing, the person hears of it at once by
        whatever else they have.
        """
        if not await ways.is_other_needed():
            return None
        return self._record(notice, route.channel, await self._carrier.carry(job, notice, route))

    async def _way_beside(self, job: Job, notice: Notice, route: Route) -> DeliveryRecord:
        return self._record(
            notice, route.channel, await self._carrier.carry(job, notice, route), is_beside=True
        )

    def _record(
        self, notice: Notice, channel: str, carried: Carried, *, is_beside: bool = False
    ) -> DeliveryRecord:
        outcome = DeliveryOutcome.FAILED if carried.error else DeliveryOutcome.DELIVERED
        self.metrics.deliveries.labels(channel, outcome).inc()
        delivery = Delivery(
            notice=notice.id,
            person=notice.person,
            channel=channel,
            address="-" if is_beside else masked(carried.address),
            attempts=carried.attempts,
            first_tried_at=carried.first_tried_at,
            done_at=carried.done_at,
            reference=carried.reference,
            error=carried.error,
            state=MessageState.BESIDE if is_beside else MessageState.SPARED if carried.is_spared else None,
            reply=carried.reply,
            gateway=carried.gateway,
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
