"""Carries one notice on one channel: worded, kept back while a pause is on, gathered with what goes out to
the same person at that moment, and tried as long as it is needed.

Invariant: it ends with an outcome, or with Interrupted when the service stops. A notice that can't be worded
keeps no other from going out. A test neither fills a gateway nor waits for one; what goes beside waits for
none either.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import structlog

from services.notifier.delivery.carried import Carried
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gathering import Gathering, Pace
from services.notifier.delivery.job import Job
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.outlasting import NOT_NEEDED, Patience, wait_ends
from services.notifier.delivery.post import Envelope, MessageMaker
from services.notifier.delivery.restraint import Restraint
from services.notifier.delivery.routes import Route
from services.notifier.delivery.whether_over import is_needed
from services.notifier.messages.links import NoticePlace, link_ends
from shared.broker.forever import AWAY
from shared.case import Case
from shared.facts import Decision, Notice, Purpose
from shared.ids import CaseId

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ROLL_CALLS_AT_ONCE = 2
"""Messages of roll calls that are with the gateways at the same time: real ones never queue behind a test."""


def _nothing() -> None: ...


@dataclass
class NoticeCarrier:
    couriers: Mapping[str, Courier]
    post: MessageMaker
    restraint: Restraint
    gathering: Gathering
    metrics: Metrics
    case_now: Callable[[CaseId], Awaitable[Case | None]]
    clock: Callable[[], datetime]
    _gently: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ROLL_CALLS_AT_ONCE))

    async def carry(
        self, job: Job, notice: Notice, route: Route, on_away: Callable[[], None] = _nothing
    ) -> Carried:
        """`on_away`: called once, where its gateway has not taken it at first. Raises Interrupted."""
        if route.obstacle:
            return Carried("-", 0, job.now, job.now, error=route.obstacle)
        courier = self.couriers[route.channel]
        if job.is_kept and not await self._is_needed(job.decision, notice):
            return Carried("-", 0, job.now, job.now, error=NOT_NEEDED, is_spared=True)
        if self.restraint.keeps_back(job.decision.case, notice):
            job.seat.leave()
            await self.restraint.wait(job.decision.case, job.decided_at)
            job = replace(job, now=self.clock())
            if not await self._is_needed(job.decision, notice):
                return Carried("-", 0, job.now, job.now, error=NOT_NEEDED, is_spared=True)
        try:
            envelope = self._envelope(job, notice)
            message = self.post.message(
                job.decision.case, notice, envelope, route.channel, courier.form, job.now
            )
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
        is_test = notice.purpose is Purpose.ROLL_CALL
        if is_test and not route.is_beside:
            # It would come at night, and tells nothing then.
            job.seat.leave()
            async with self._gently:
                carried = await courier.carry(message, route.addresses)
        else:
            carried = await self.gathering.carry(
                courier,
                message,
                route,
                notice,
                None if route.is_beside else self._patience(job, notice, on_away),
                Pace.ALONE if is_test else job.pace(notice, self.gathering),
                job.why_together,
                on_wait=job.seat.leave,
            )
        if carried.error is None and not route.is_beside:
            self.metrics.from_fact.labels(route.channel).observe(
                (carried.done_at - job.decision.about.time).total_seconds()
            )
            self.metrics.from_decision.labels(route.channel).observe(
                (carried.done_at - job.decided_at).total_seconds()
            )
        return carried

    def _patience(self, job: Job, notice: Notice, on_away: Callable[[], None]) -> Patience:
        def away() -> None:
            on_away()
            job.seat.leave()

        answered_until = link_ends(notice.brief.due_at, job.decided_at, self.post.grace)
        return Patience(
            wait_ends(answered_until, job.decided_at, job.now),
            job.decided_at,
            partial(self._is_needed, job.decision, notice),
            away,
        )

    def _envelope(self, job: Job, notice: Notice) -> Envelope:
        if notice.id not in job.envelopes:
            place = NoticePlace(job.sequence, job.numbers[notice.id])
            job.envelopes[notice.id] = self.post.envelope(job.decision.case, notice, place, job.now)
        return job.envelopes[notice.id]

    async def _is_needed(self, decision: Decision, notice: Notice) -> bool:
        try:
            return is_needed(await self.case_now(decision.case), decision, notice, self.clock())
        except (ValueError, *AWAY):
            return True
