"""Who watches the watcher: every minute all cases are laid beside all pending clocks, and both beside the
record.

Invariant: whoever relies on a clock learns within a round that it is not there, and it is armed again; each
difference is a fact. The outside address is called only after a round that found none, while every service is
ready by its own word, stored a moment ago. It shares nothing with the lanes but the stored contract.

What it sees: for every case, that exactly the clock it waits for is pending; that no clock is pending for
nobody; of every report and act that a lane is past, that its case has taken it in (or that it was set aside);
that no lane, nor those who deliver and record, stand still. What it does not see: clocks that struck and
hand-overs whose decisions changed nothing, and whether a decision was right.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import perf_counter

import structlog
from nats.aio.client import Client

from services.escalator.metrics import WatchMetrics
from services.escalator.self_check.outside_address import all_lights_are_on, call_address
from services.escalator.self_check.retirement import Retirement
from services.escalator.self_check.survey import Survey, Surveyor
from services.escalator.self_check.watch_repair import Closely
from services.escalator.settings import EscalatorSettings
from shared.broker.append import append
from shared.broker.forever import AWAY, error_text
from shared.facts import Checked, CheckOutcome, Fact
from shared.ids import CaseId
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/escalator/watcher"
MOST_LOOKED_AT = 2000
"""Doubtful cases looked at closely in one round; the next round goes on."""
REST = 4
"""A round is followed by at least so many times its own length without one."""


class Watcher:
    def __init__(
        self,
        connection: Callable[[], Client],
        settings: EscalatorSettings,
        metrics: WatchMetrics,
        clock: Callable[[], datetime],
        rebuild: Callable[[CaseId], Awaitable[object]] | None = None,
    ) -> None:
        """`rebuild` makes a case that can't be read again from the record."""
        self._rebuild = rebuild
        self._connection, self._settings, self._metrics, self._clock = connection, settings, metrics, clock
        self.surveyor = Surveyor(connection, settings, clock)
        self.latest: Survey | None = None
        """What the last round saw; None before the first."""
        self._closely, self._retirement = Closely(connection, clock), Retirement(connection, metrics.purged)

    async def run(self) -> None:
        """For as long as the service lives."""
        every = self._settings.watch_every.total_seconds()
        if not every:
            return
        while True:
            await asyncio.sleep(every)
            began = perf_counter()
            try:
                await self.round()
            except AWAY as error:
                self._metrics.well.set(0)
                log.warning("round_not_ended", error=error_text(error), next=f"again in {every:g} s")
            except Exception:  # the boundary: the check must never take down the lanes it watches
                self._metrics.well.set(0)
                log.exception(
                    "round_failed", next=f"again in {every:g} s; no call goes out to the outside address"
                )
            await asyncio.sleep(max(0.0, REST * (perf_counter() - began) - every))

    async def round(self) -> Survey:
        """Look at everything once, repair what can be repaired, record every difference."""
        started = perf_counter()
        survey = self.latest = await self.surveyor.survey()
        await self._look_closely(survey)
        await self._retirement.retire(survey.ended)
        await self._record(survey)
        is_well = not survey.differences and len(survey.doubtful) <= MOST_LOOKED_AT
        self._measure(survey, perf_counter() - started, is_well)
        address, services = self._settings.deadman_url, self._settings.watch_services
        if is_well and address and await all_lights_are_on(self._connection, services):
            await call_address(address)
        return survey

    async def _look_closely(self, survey: Survey) -> None:
        if len(survey.doubtful) > MOST_LOOKED_AT:
            log.error(
                "many_differences",
                doubtful=len(survey.doubtful),
                looked_at=MOST_LOOKED_AT,
                next="the next rounds go on",
            )
        for case in dict.fromkeys([*survey.doubtful, *survey.moving, *survey.parted][:MOST_LOOKED_AT]):
            if (difference := await self._closely.clock_of(case)) is not None:
                survey.differences.append(await self._rebuilt(difference))
        for case, sequence in [*survey.ignored.items()][:MOST_LOOKED_AT]:
            if (difference := await self._closely.fact_of(case, sequence)) is not None:
                survey.differences.append(difference)

    async def _rebuilt(self, difference: Checked) -> Checked:
        """A case that can't be read is made again at once, whether or not a fact about it comes."""
        if (
            difference.found is not CheckOutcome.CASE_UNREADABLE
            or difference.case is None
            or self._rebuild is None
        ):
            return difference
        await self._rebuild(difference.case)
        again = await self._closely.case(difference.case)
        return difference.model_copy(update={"repaired": again.readable})

    async def _record(self, survey: Survey) -> None:
        """Each difference becomes a fact. One that stays is told once an hour (the broker's dedupe window), one
        that was repaired each time.
        """
        for difference in survey.differences:
            outcome, repaired = difference.found, difference.repaired
            self._metrics.differences.labels(outcome).inc()
            self._metrics.repaired.inc(repaired)
            fields = difference.model_dump(mode="json", exclude_none=True)
            log.error("difference", **fields, next="look at the `checked` fact; if it comes again, why")
            subject = difference.case or difference.durable or ""
            occasion = difference.sequence or difference.expected_at or difference.pending_at or ""
            fact_id = f"check:{subject}:{outcome}:{occasion}"
            if repaired:
                fact_id += f":{survey.began:%H%M%S}"
            raw = Fact.bytes_of(
                Kind.CHECKED,
                id=fact_id,
                source=SOURCE,
                subject=difference.case,
                time=survey.began,
                data=difference,
            )
            await append(self._connection(), fact_subject(subject, Kind.CHECKED), raw, fact_id)

    def _measure(self, survey: Survey, took: float, is_well: bool) -> None:
        self._metrics.cases.set(survey.cases)
        self._metrics.clocks.set(survey.clocks)
        self._metrics.took.set(took)
        self._metrics.well.set(is_well)
        self._metrics.ended.set(self._clock().timestamp())
        log.info(
            "round",
            cases=survey.cases,
            clocks=survey.clocks,
            differences=len(survey.differences),
            seconds=round(took, 2),
        )
