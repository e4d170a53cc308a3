"""The cross-check at work: every outside witness is laid beside every unit's report of the last two days,
both ways.

Invariant: of two reports the one stored later finds the earlier, whichever replica is handed it: what it was
not handed itself it reads from the record first. A match only says so: it judges nobody. Of one witness each step
of likeness is said once (`match:<witness>:<step>`), whichever replica says it. A witness is whatever the policy
has somebody owe a report for (`on: reported.outside`), and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import structlog
from nats.aio.client import Client
from pydantic import ValidationError

from services.escalator.cross_check.pairing import (
    REMEMBERED_FOR,
    Pair,
    Pairing,
    ToldReport,
    best_of_each_witness,
)
from services.escalator.deciding.draft import choice_of
from services.escalator.deciding.matching import ComparedReport, is_witness
from services.escalator.deciding.new_case import matter_of
from services.escalator.lanes.outgoing import SOURCE, Outgoings
from services.escalator.lanes.rulebook import RuleBook
from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.forever import AWAY, error_text
from shared.broker.open_pull import Handed
from shared.broker.walk import walk
from shared.directory import Directory
from shared.facts import Fact, FactError, Matched, Report
from shared.facts.authenticity import distrust
from shared.ids import CaseId
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BREATH = 20
"""Comparisons, some 20 µs each, between which the lanes have their turn."""
RETRY_AFTER = 1.0


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
        self._pairing = Pairing()
        self._read_to = 0
        """Stream sequence up to which every report is remembered."""
        self._handed = 0
        """The durable's own count at the last message that was handed to us."""

    async def open(self) -> None:
        """Remember the last two days; safe to repeat."""
        if not self._read_to:
            await self._read_up(self._clock() - REMEMBERED_FOR)

    async def take(self, handed: Handed) -> None:
        """The handler of the durable FACTS/cross_check: one report after the other, in the order handed out."""
        try:
            await self._hear(handed)
        except AWAY as error:
            log.warning("cross_check_retried", error=error_text(error), again_in=RETRY_AFTER)
            await handed.nak(delay=RETRY_AFTER)
            return
        except (
            Exception
        ):  # the boundary: a report that can't be compared must not stop the comparing of all others
            log.exception("cross_check_skipped", sequence=handed.sequence)
        await handed.ack()

    async def _hear(self, handed: Handed) -> None:
        missed = handed.number != self._handed + 1
        self._handed = handed.number
        if missed and handed.sequence > self._read_to + 1:
            await self._read_up(None)
        message = _HeardMessage(handed.subject, handed.headers, handed.data)
        remembered = (
            self._remembered(message, handed.at)
            if handed.sequence > self._read_to
            else self._telling(message, handed.at)
        )
        self._read_to = max(self._read_to, handed.sequence)
        if remembered is not None:
            await self._say(best_of_each_witness([pair async for pair in self._compared(remembered)]))

    async def _read_up(self, since: datetime | None) -> None:
        async for stored in walk(
            self._connection, FACTS, f"fact.*.{Kind.REPORTED}", after=self._read_to, since=since
        ):
            self._remembered(_HeardMessage(stored.subject, stored.headers, stored.data), stored.at)
            self._read_to = stored.sequence

    def _remembered(self, message: "_HeardMessage", at: datetime) -> ToldReport | None:
        telling = self._telling(message, at)
        if telling is None or not self._pairing.remember(telling, self._rulebook.directory()):
            return None
        return telling

    def _telling(self, message: "_HeardMessage", at: datetime) -> ToldReport | None:
        """None for what is no report, and for an outside witness of what nobody owes a report for."""
        directory = self._rulebook.directory()
        telling = _report_of(message, at, directory)
        if telling is None or not is_witness(telling.report.matter, directory):
            return telling
        policy = self._rulebook.policies.in_force(at)
        matter = telling.report.matter
        choice = choice_of(policy, matter, matter.level, sensitive=matter.sensitive)
        return telling if policy.rules_on("reported.outside", choice) else None

    async def _compared(self, latest: ToldReport) -> AsyncIterator[Pair]:
        settings = self._rulebook.policies.in_force(latest.at).document.cross_check
        if settings is None:
            return
        for number, pair in enumerate(self._pairing.compared(latest, self._rulebook.directory(), settings)):
            if pair is not None:
                yield pair
            if number % BREATH == 0:
                await asyncio.sleep(0)

    async def _say(self, pairs: list[Pair]) -> None:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            for pair in pairs:
                witness, report, found = pair.witness, pair.report, pair.match
                matter = report.report.matter
                data = Matched(
                    report=report.case,
                    unit=matter.unit,
                    reported_at=matter.handed_in_at or report.at,
                    score=found.score,
                    why=found.why,
                )
                fact_id = f"match:{witness.case}:{pair.step}"
                raw = Fact.bytes_of(
                    Kind.MATCHED,
                    id=fact_id,
                    source=SOURCE,
                    subject=witness.case,
                    time=max(witness.at, report.at),
                    data=data,
                )
                await (await self._out.append(fact_subject(witness.case, Kind.MATCHED), raw, fact_id))
                self._pairing.said(pair)
                log.info("matched", case=witness.case, report=report.case, score=found.score)


def _report_of(message: _HeardMessage, at: datetime, directory: Directory) -> ToldReport | None:
    """None for what is no report: the lanes set it aside, it is not for us to say so twice."""
    try:
        fact = Fact.read(message.data)
        if distrust(message.subject, message.headers, fact) is not None:
            return None
        return ToldReport(
            CaseId(fact.subject or ""),
            at,
            ComparedReport.of(matter_of(Report.model_validate(fact.data), directory)),
        )
    except (FactError, ValidationError):
        return None
