"""The cross-check at work: every outside witness is laid beside every unit's report of the last two days, both ways.

Invariant: of two reports the one stored later finds the earlier, whichever replica is handed it: what it was not handed itself it
reads from the record first. A match is said once (`match:<witness>:<report>`) and only says so: it judges nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.escalator.cross_check import Match, Telling, apart, is_units_report, is_witness, match
from services.escalator.decide import matter_of
from services.escalator.outgoing import SOURCE, Outgoings
from services.escalator.rulebook import RuleBook
from services.escalator.walk import WalkError, walk
from shared.broker import PUBLISH_TIMEOUT, broker_time, inbox_prefix
from shared.facts import Fact, FactError, Matched, Report
from shared.ids import CaseId
from shared.streams import CROSS_CHECK_DURABLE, FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REMEMBERED_FOR = timedelta(hours=48)
MOST = 5_000
"""Tellings remembered on each side, some 3 KB each; where more come in, the oldest are forgotten first."""
AT_ONCE = 64
WAIT = 2.0
RETRY_AFTER = 1.0


class _Told:
    """One report as remembered."""

    __slots__ = ("at", "case", "telling")

    def __init__(self, case: CaseId, at: datetime, telling: Telling) -> None:
        self.case, self.at, self.telling = case, at, telling


class Witnesses:
    def __init__(self, connection: Callable[[], Client], outgoings: Outgoings, rulebook: RuleBook, clock: Callable[[], datetime]) -> None:
        self._connection, self._out, self._rulebook, self._clock = connection, outgoings, rulebook, clock
        self._witnesses: deque[_Told] = deque(maxlen=MOST)
        self._reports: deque[_Told] = deque(maxlen=MOST)
        self._seen = 0
        """Stream sequence up to which every report is remembered."""
        self._handed = 0
        """The durable's own count at the last message that was handed to us."""

    async def open(self) -> None:
        """Remember the last two days; safe to repeat."""
        if not self._seen:
            await self._read_up(self._clock() - REMEMBERED_FOR)

    async def run(self) -> None:
        """For as long as the service lives."""
        js = self._connection().jetstream(timeout=PUBLISH_TIMEOUT)
        prefix = inbox_prefix("escalator") + b"."
        subscription = await js.pull_subscribe_bind(CROSS_CHECK_DURABLE, stream=FACTS, inbox_prefix=prefix)
        try:
            while True:
                try:
                    await self._all(await subscription.fetch(AT_ONCE, timeout=WAIT))
                except TimeoutError:
                    continue
                except (NatsError, OSError) as error:
                    log.warning("cross_check_interrupted", error=str(error) or type(error).__name__, next=f"again in {RETRY_AFTER} s")
                    await asyncio.sleep(RETRY_AFTER)
        finally:
            # An answer that nobody takes any more would hold up the connection's end for ever.
            with suppress(NatsError):
                await subscription.unsubscribe()

    async def _all(self, batch: list[Msg]) -> None:
        for number, raw in enumerate(batch):
            try:
                await self._one(raw)
                await raw.ack()
            except (NatsError, WalkError, OSError, TimeoutError) as error:
                log.warning("cross_check_retried", error=str(error) or type(error).__name__, next=f"again in {RETRY_AFTER} s")
                for rest in batch[number:]:
                    await rest.nak(delay=RETRY_AFTER)
                return
            except Exception:  # the boundary: a report that can't be compared must not stop the comparing of all others
                log.exception("cross_check_skipped", sequence=raw.metadata.sequence.stream)
                await raw.ack()

    async def _one(self, raw: Msg) -> None:
        handed, at = raw.metadata.sequence, broker_time(raw)
        missed = handed.consumer != self._handed + 1
        self._handed = handed.consumer
        if missed and handed.stream > self._seen + 1:
            await self._read_up(None)
        told = self._remembered(raw.data, at) if handed.stream > self._seen else _told(raw.data, at)
        self._seen = max(self._seen, handed.stream)
        if told is not None:
            await self._say([*self._matches(told)])

    async def _read_up(self, since: datetime | None) -> None:
        async for stored in walk(self._connection, FACTS, f"fact.*.{Kind.REPORTED}", after=self._seen, since=since):
            self._remembered(stored.data, stored.at)
            self._seen = stored.sequence

    def _remembered(self, raw: bytes, at: datetime) -> _Told | None:
        told = _told(raw, at)
        if told is None:
            return None
        directory, matter = self._rulebook.directory(), told.telling.matter
        if is_witness(matter, directory):
            self._witnesses.append(told)
        elif is_units_report(matter, directory):
            self._reports.append(told)
        else:
            return None
        for side in (self._witnesses, self._reports):
            while side and side[0].at < at - REMEMBERED_FOR:
                side.popleft()
        return told

    def _matches(self, told: _Told) -> Iterator[tuple[_Told, _Told, Match]]:
        """(witness, report, match): for a witness its best report, for a report every witness it answers."""
        directory = self._rulebook.directory()
        settings = self._rulebook.policies.in_force(told.at).document.cross_check
        if settings is None:
            return
        matter = told.telling.matter
        if is_witness(matter, directory):
            found = [(one, match(told.telling, one.telling, directory, settings)) for one in _near(self._reports, told, settings.window)]
            report, how = max(found, key=lambda each: each[1].score, default=(None, None))
            if report is not None and how is not None and how.score >= settings.alike:
                yield told, report, how
        elif is_units_report(matter, directory):
            for one in _near(self._witnesses, told, settings.window):
                how = match(one.telling, told.telling, directory, settings)
                if how.score >= settings.alike:
                    yield one, told, how

    async def _say(self, matches: list[tuple[_Told, _Told, Match]]) -> None:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            for witness, report, how in matches:
                matter = report.telling.matter
                data = Matched(
                    report=report.case, unit=matter.unit, reported_at=matter.handed_in_at or report.at, score=how.score, why=how.why
                )
                fact_id = f"match:{witness.case}:{report.case}"
                raw = Fact.bytes_of(
                    Kind.MATCHED, id=fact_id, source=SOURCE, subject=witness.case, time=max(witness.at, report.at), data=data
                )
                await (await self._out.append(fact_subject(witness.case, Kind.MATCHED), raw, fact_id))
                log.info("matched", case=witness.case, report=report.case, score=how.score)


def _near(side: Iterable[_Told], told: _Told, window: timedelta) -> Iterator[_Told]:
    """Those that are worth laying beside it: a drill is never the proof of an event, nor a case of itself."""
    matter = told.telling.matter
    for one in side:
        other = one.telling.matter
        if one.case != told.case and other.exercise is matter.exercise and apart(other, matter) < window:
            yield one


def _told(raw: bytes, at: datetime) -> _Told | None:
    """None for what is no report: the lanes set it aside, it is not for us to say so twice."""
    try:
        fact = Fact.read(raw)
        return _Told(CaseId(fact.subject or ""), at, Telling.of(matter_of(Report.model_validate(fact.data))))
    except (FactError, ValidationError):
        return None
