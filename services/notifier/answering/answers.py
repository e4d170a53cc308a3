"""What a person has said by a link: a fact, a mark beside the deliveries that says where it lies, and what
the escalator has made of it.

Invariant: the fact is on record before the mark, and the mark before anybody is told of it. What became of it
is kept in the mark once it is known; until then it is asked for again at each look.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
import structlog
from msgspec.structs import replace
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.notifier.answering.offers import LinkAct
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import key_safe
from services.notifier.messages.links import Link
from shared.act_outcome import NOT_KNOWN_YET, ActOutcome, Became, became_by, became_on_record
from shared.broker.append import append
from shared.broker.forever import AWAY, error_text
from shared.broker.stored import asking, message_at, value_of
from shared.case import Applied, read_case
from shared.case_parts import LISTS, MissingPartError, head_of, whole_case
from shared.facts import Fact
from shared.ids import CaseId
from shared.streams import CASES, FACTS
from shared.subjects import fact_subject

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 0.1
"""Seconds between two looks at the case."""
TIMEOUT = 3.0


class MarkName(StrEnum):
    """Where in DELIVERIES the marks of a used link stand: no channel has such a name."""

    USED = "=ack"
    LATER = "=later"
    SAID = "=said"


def mark_of_offer(offer: LinkAct) -> str:
    """The mark of one act by a link that offers several; yes and no have the same."""
    return "-".join(["=did", offer.kind, *([key_safe(offer.task)] if offer.task else [])])


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a link was used, and for what."""

    person: str
    at: datetime
    """The broker's time of the fact."""
    sequence: int = 0
    choice: str = ""
    fact: str = ""
    """Its id."""
    outcome: ActOutcome = ActOutcome.RECORDED
    why: str = ""
    """Why nothing has changed by it."""

    @property
    def is_refused(self) -> bool:
        return self.outcome in (ActOutcome.REFUSED, ActOutcome.SET_ASIDE)


class _CaseHead(msgspec.Struct):
    applied: Applied


_read_mark = msgspec.json.Decoder(Mark)
_read_head = msgspec.json.Decoder(_CaseHead)


@dataclass(frozen=True)
class Answers:
    ledger: DeliveryLedger
    metrics: Metrics
    connection: Callable[[], Client]
    wait: timedelta
    """How long a person waits for the decision on what they have just said."""

    async def mark_of(self, link: Link, name: str) -> Mark | None:
        """What was said by the link before, with what has become of it by now. Raises NatsError or
        TimeoutError.
        """
        raw = await self.ledger.raw(_key(link, name))
        return None if raw is None else await self._decided(link, name, _read_mark.decode(raw), timedelta(0))

    async def give(self, link: Link, name: str, fact: Fact, choice: str = "") -> Mark:
        """Put it on record, and wait a moment for the decision on it. Raises NatsError, OSError or
        TimeoutError: not recorded.
        """
        stored = await append(self.connection(), fact_subject(link.case, fact.kind), fact.write(), fact.id)
        mark = Mark(
            person=link.person,
            at=await self._broker_time(stored.seq),
            sequence=stored.seq,
            choice=choice,
            fact=fact.id,
        )
        await self._keep(link, name, mark)
        if not stored.duplicate:
            self.metrics.acknowledged.labels(fact.kind).inc()
            log.info(fact.kind, person=link.person, notice=link.notice, sequence=stored.seq)
        return await self._decided(link, name, mark, self.wait)

    async def _broker_time(self, sequence: int) -> datetime:
        message = await message_at(asking(self.connection, TIMEOUT), FACTS, sequence)
        if message is None:
            raise NatsError(f"the broker does not show fact {sequence}, which it has just stored")
        return message.at

    async def _decided(self, link: Link, name: str, mark: Mark, wait: timedelta) -> Mark:
        """Whatever goes wrong here, the answer is on record: then it is not known yet what became of it."""
        if mark.outcome is not ActOutcome.RECORDED:
            return mark
        try:
            async with asyncio.timeout(wait.total_seconds() + TIMEOUT):
                became = await self._became(link.case, mark, wait)
                if became.outcome is ActOutcome.RECORDED:
                    return mark
                mark = replace(mark, outcome=became.outcome, why=became.refusal.why if became.refusal else "")
                await self._keep(link, name, mark)
        except AWAY as error:
            log.warning(
                "decision_not_known",
                person=link.person,
                sequence=mark.sequence,
                error=error_text(error),
            )
        if mark.is_refused:
            log.warning("answer_not_counted", person=link.person, sequence=mark.sequence, why=mark.why)
        return mark

    async def _keep(self, link: Link, name: str, mark: Mark) -> None:
        await self.ledger.put(_key(link, name), msgspec.json.encode(mark))

    async def _became(self, case: CaseId, mark: Mark, wait: timedelta) -> Became:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait.total_seconds()
        while True:
            raw = await self._case_past(case, mark.sequence)
            if raw is not None or loop.time() >= until:
                break
            await asyncio.sleep(LOOK_EVERY)
        became = NOT_KNOWN_YET if raw is None else await self._as_the_case_says(case, raw, mark.sequence)
        if became.outcome is ActOutcome.RECORDED:
            return await became_on_record(self.connection, case, mark.sequence, mark.at)
        return became

    async def _case_past(self, case: CaseId, sequence: int) -> bytes | None:
        """What stands under the case's key, once it has taken in the fact at `sequence`."""
        stored = await value_of(asking(self.connection, TIMEOUT), CASES, case)
        if stored is None or stored.is_deletion:
            return None
        try:
            head = _read_head.decode(head_of(stored.data))
        except msgspec.MsgspecError:
            return None
        return stored.data if head.applied.sequence >= sequence else None

    async def _as_the_case_says(self, case: CaseId, raw: bytes, sequence: int) -> Became:
        """Nothing where its last decision is about a later fact, or can't be read: then the record has the
        one on this.
        """
        try:
            decision = read_case(
                await whole_case(asking(self.connection, TIMEOUT), case, raw, frozenset(LISTS))
            ).decision
        except (ValueError, MissingPartError):
            return NOT_KNOWN_YET
        return became_by(decision) if decision.about.sequence == sequence else NOT_KNOWN_YET


def _key(link: Link, name: str) -> str:
    return f"{key_safe(link.notice)}.{name}"
