"""The cross-check at work: every outside witness is laid beside every unit's report of the last two days,
both ways.

Invariant: of two reports the one stored later finds the earlier, whichever replica is handed it: what it was
not handed itself it reads from the record first. A match is said once (`match:<witness>:<report>`) and only
says so: it judges nobody. A witness that has been matched is matched again only by what is clearly more
alike: else a flood of reports of one event would make of each as many facts as there were reports before it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from faststream.nats.message import NatsBatchMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.escalator.deciding.matching import (
    ComparedReport,
    Match,
    apart,
    is_units_report,
    is_witness,
    match,
)
from services.escalator.deciding.new_case import matter_of
from services.escalator.lanes.outgoing import SOURCE, Outgoings
from services.escalator.lanes.rulebook import RuleBook
from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.forever import AWAY, error_text
from shared.broker.times import hand_out
from shared.broker.walk import walk
from shared.directory import Directory
from shared.facts import Fact, FactError, Matched, Report
from shared.facts.authenticity import distrust
from shared.ids import CaseId
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REMEMBERED_FOR = timedelta(hours=48)
MOST = 5_000
"""Tellings remembered on each side, some 3 KB each; where more come in, the oldest are forgotten first."""
CLEARLY = 0.02
"""So much more alike must a report be than the one a witness was matched with before, to be told of."""
BREATH = 20
"""Comparisons, some 20 µs each, between which the lanes have their turn."""
RETRY_AFTER = 1.0


class _RememberedReport:
    """One report as remembered."""

    __slots__ = ("at", "case", "telling")

    def __init__(self, case: CaseId, at: datetime, telling: ComparedReport) -> None:
        self.case, self.at, self.telling = case, at, telling


class _HeardMessage(NamedTuple):
    """A message as it is stored."""

    subject: str
    headers: Mapping[str, str] | None
    data: bytes


class OutsideWitnesses:
    def __init__(
        self,
        connection: Callable[[], Client],
        outgoings: Outgoings,
        rulebook: RuleBook,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection, self._out, self._rulebook, self._clock = connection, outgoings, rulebook, clock
        self._witnesses: deque[_RememberedReport] = deque(maxlen=MOST)
        self._reports: deque[_RememberedReport] = deque(maxlen=MOST)
        self._matched: dict[CaseId, float] = {}
        """The best match said so far of each witness, as far as this replica said it; the oldest first."""
        self._read_to = 0
        """Stream sequence up to which every report is remembered."""
        self._handed = 0
        """The durable's own count at the last message that was handed to us."""

    async def open(self) -> None:
        """Remember the last two days; safe to repeat."""
        if not self._read_to:
            await self._read_up(self._clock() - REMEMBERED_FOR)

    async def take(self, batch: NatsBatchMessage) -> None:
        """The handler of the durable FACTS/cross_check: one report after the other, in the order handed out."""
        for number, raw in enumerate(batch.raw_message):
            try:
                await self._hear(raw)
            except AWAY as error:
                log.warning("cross_check_retried", error=error_text(error), again_in=RETRY_AFTER)
                for left in batch.raw_message[number:]:
                    await left.nak(delay=RETRY_AFTER)
                return
            except (
                Exception
            ):  # the boundary: a report that can't be compared must not stop the comparing of all others
                log.exception("cross_check_skipped", sequence=hand_out(raw.reply).sequence)
            await raw.ack()

    async def _hear(self, raw: Msg) -> None:
        handed = hand_out(raw.reply)
        missed = handed.number != self._handed + 1
        self._handed = handed.number
        if missed and handed.sequence > self._read_to + 1:
            await self._read_up(None)
        message = _HeardMessage(raw.subject, raw.headers, raw.data)
        remembered = (
            self._remembered(message, handed.at)
            if handed.sequence > self._read_to
            else _report_of(message, handed.at, self._rulebook.directory())
        )
        self._read_to = max(self._read_to, handed.sequence)
        if remembered is not None:
            matches: list[tuple[_RememberedReport, _RememberedReport, Match]] = []
            for number, compared in enumerate(self._compared(remembered)):
                if compared is not None:
                    matches.append(compared)
                if number % BREATH == 0:
                    await asyncio.sleep(0)
            await self._say(self._worth_saying(matches))

    async def _read_up(self, since: datetime | None) -> None:
        async for stored in walk(
            self._connection, FACTS, f"fact.*.{Kind.REPORTED}", after=self._read_to, since=since
        ):
            self._remembered(_HeardMessage(stored.subject, stored.headers, stored.data), stored.at)
            self._read_to = stored.sequence

    def _remembered(self, message: "_HeardMessage", at: datetime) -> _RememberedReport | None:
        directory = self._rulebook.directory()
        remembered = _report_of(message, at, directory)
        if remembered is None:
            return None
        matter = remembered.telling.matter
        if is_witness(matter, directory):
            self._witnesses.append(remembered)
        elif is_units_report(matter, directory):
            self._reports.append(remembered)
        else:
            return None
        for side in (self._witnesses, self._reports):
            while side and side[0].at < at - REMEMBERED_FOR:
                side.popleft()
        return remembered

    def _compared(
        self, latest: _RememberedReport
    ) -> Iterator[tuple[_RememberedReport, _RememberedReport, Match] | None]:
        """For each of the other side laid beside it: (witness, report, match), or None where the two are not
        alike enough.
        """
        directory = self._rulebook.directory()
        settings = self._rulebook.policies.in_force(latest.at).document.cross_check
        if settings is None:
            return
        matter = latest.telling.matter
        if is_witness(matter, directory):
            pairs = ((latest, report) for report in _near(self._reports, latest, settings.window))
        elif is_units_report(matter, directory):
            pairs = ((witness, latest) for witness in _near(self._witnesses, latest, settings.window))
        else:
            return
        for witness, report in pairs:
            least = self._least(witness, settings.alike)
            how = match(witness.telling, report.telling, directory, settings) if least <= 1 else None
            yield (witness, report, how) if how is not None and how.score >= least else None

    def _least(self, witness: _RememberedReport, alike: float) -> float:
        before = self._matched.get(witness.case)
        return alike if before is None else before + CLEARLY

    @staticmethod
    def _worth_saying(
        matches: list[tuple[_RememberedReport, _RememberedReport, Match]],
    ) -> list[tuple[_RememberedReport, _RememberedReport, Match]]:
        """Of each witness its best: a witness has one best report, a report may answer many witnesses."""
        best: dict[CaseId, tuple[_RememberedReport, _RememberedReport, Match]] = {}
        for each in matches:
            witness, _, how = each
            if witness.case not in best or how.score > best[witness.case][2].score:
                best[witness.case] = each
        return [*best.values()]

    async def _say(self, matches: list[tuple[_RememberedReport, _RememberedReport, Match]]) -> None:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            for witness, report, how in matches:
                matter = report.telling.matter
                data = Matched(
                    report=report.case,
                    unit=matter.unit,
                    reported_at=matter.handed_in_at or report.at,
                    score=how.score,
                    why=how.why,
                )
                fact_id = f"match:{witness.case}:{report.case}"
                raw = Fact.bytes_of(
                    Kind.MATCHED,
                    id=fact_id,
                    source=SOURCE,
                    subject=witness.case,
                    time=max(witness.at, report.at),
                    data=data,
                )
                await (await self._out.append(fact_subject(witness.case, Kind.MATCHED), raw, fact_id))
                self._note(witness.case, how.score)
                log.info("matched", case=witness.case, report=report.case, score=how.score)

    def _note(self, witness: CaseId, score: float) -> None:
        self._matched[witness] = max(score, self._matched.pop(witness, 0.0))
        if len(self._matched) > MOST:
            del self._matched[next(iter(self._matched))]


def _near(
    side: Iterable[_RememberedReport], latest: _RememberedReport, window: timedelta
) -> Iterator[_RememberedReport]:
    """Those that are worth laying beside it: a drill is never the proof of an event, nor a case of itself."""
    matter = latest.telling.matter
    for candidate in side:
        other = candidate.telling.matter
        if (
            candidate.case != latest.case
            and other.exercise is matter.exercise
            and apart(other, matter) < window
        ):
            yield candidate


def _report_of(message: _HeardMessage, at: datetime, directory: Directory) -> _RememberedReport | None:
    """None for what is no report: the lanes set it aside, it is not for us to say so twice."""
    try:
        fact = Fact.read(message.data)
        if distrust(message.subject, message.headers, fact) is not None:
            return None
        return _RememberedReport(
            CaseId(fact.subject or ""),
            at,
            ComparedReport.of(matter_of(Report.model_validate(fact.data), directory)),
        )
    except (FactError, ValidationError):
        return None
