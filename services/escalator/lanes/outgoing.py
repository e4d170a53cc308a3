"""What leaves the escalator: a decision, the case's clock, what follows for other cases, and what could not
be decided on.

Invariant: everything is idempotent, so that a repeat after a crash changes nothing: facts by message id
(`<case>:<sequence>` and
`<case>:<sequence>:<number>`), the clock because a case has one subject for it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from pydantic import BaseModel

from services.escalator.lanes import clocks
from shared.broker.append import PUBLISH_TIMEOUT, is_authentic
from shared.broker.exchange import Exchange, WrittenAt
from shared.broker.open_pull import Handed
from shared.case import Case
from shared.case_parts import parted_decision
from shared.facts import Checked, Decision, Fact, Frozen, Value
from shared.facts.aside import Odd, aside
from shared.facts.cause import Cause
from shared.facts.distrust import Distrust
from shared.on_record import on_record
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/escalator"


class _OutgoingFact(NamedTuple):
    """A fact about a case, before it is bytes."""

    kind: Kind
    case: str
    id: str
    at: datetime
    data: BaseModel | Value | dict[str, Any]


_OnItsWay = tuple[str, asyncio.Future[WrittenAt], _OutgoingFact | None]
"""The step it is, the broker's word on it, and the fact where it is one."""


class Outgoings:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def append(self, subject: str, raw: bytes, message_id: str) -> asyncio.Future[WrittenAt]:
        """One fact, on its way; await the future for the broker's word that it is stored."""
        return await self._exchange.publish(
            subject, raw, {"Nats-Msg-Id": message_id, "Nats-Expected-Stream": FACTS}
        )

    async def send(
        self, decision: Decision, step: Callable[[str], Awaitable[None]], *, again: bool = False
    ) -> None:
        """Everything at once; returns when the broker has all of it. Whatever did not get out is repeated
        when the fact comes again: then (`again`) what is on record is not said a second time, however long
        ago it was said.
        """
        if decision.is_empty:
            return
        case, about = decision.case, decision.about
        fact_id = f"{case}:{about.sequence}"
        decided = [
            _OutgoingFact(Kind.DECIDED, case, f"{fact_id}:p{number}" if number else fact_id, about.time, part)
            for number, part in enumerate(parted_decision(decision))
        ]
        sends = [
            _OutgoingFact(other.kind, other.case, f"{fact_id}:{number}", about.time, other.data)
            for number, other in enumerate(decision.sends)
        ]
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            waiting: list[_OnItsWay] = [
                ("published", await self._say(outgoing), outgoing)
                for outgoing in decided
                if not (again and await self._is_told(outgoing))
            ]
            if decision.clock is not None and decision.clock.at is not None:
                waiting.append(
                    (
                        "clock_set",
                        await clocks.arm(self._exchange, case, decision.clock.duty, decision.clock.at),
                        None,
                    )
                )
            waiting += [
                ("sent", await self._say(outgoing), outgoing)
                for outgoing in sends
                if not (again and await self._is_told(outgoing))
            ]
            for name, stored, outgoing in waiting:
                written = await stored
                if (
                    outgoing is not None
                    and written.repeated
                    and not await is_authentic(self._exchange.ask, written)
                ):
                    await self._say_all_the_same(outgoing, written)
                await step(name)
            if decision.clock is not None and decision.clock.at is None:
                await clocks.cancel(self._exchange, case)
                await step("clock_set")
        await step("sent_out")

    async def _say(self, outgoing: "_OutgoingFact") -> asyncio.Future[WrittenAt]:
        raw = Fact.bytes_of(
            outgoing.kind,
            id=outgoing.id,
            source=SOURCE,
            subject=outgoing.case,
            time=outgoing.at,
            data=outgoing.data,
        )
        return await self.append(fact_subject(outgoing.case, outgoing.kind), raw, outgoing.id)

    async def _is_told(self, outgoing: "_OutgoingFact") -> bool:
        """Whether it is on record: the broker forgets ids, and a durable made anew begins with what is long
        done.
        """
        return (
            await on_record(
                self._exchange.connection,
                fact_subject(outgoing.case, outgoing.kind),
                outgoing.id,
                outgoing.at,
            )
            is not None
        )

    async def _say_all_the_same(self, outgoing: "_OutgoingFact", forgery: int) -> None:
        """Somebody took the id so that the broker drops the fact: it goes out under one that nobody can
        guess.
        """
        log.critical(
            "id_was_taken",
            id=outgoing.id,
            sequence=forgery,
            next="said under another id; find out who wrote the forgery",
        )
        await (await self._say(outgoing._replace(id=f"{outgoing.id}:{secrets.token_hex(8)}")))

    async def tell(self, kind: Kind, fact_id: str, at: datetime, data: Frozen) -> None:
        """A fact about no case: what happened to the policy itself. What is on record is not told again."""
        subject = fact_subject(fact_id, kind)
        raw = Fact.bytes_of(kind, id=fact_id, source=SOURCE, subject=None, time=at, data=data)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            if await on_record(self._exchange.connection, subject, fact_id, at) is None:
                await (await self.append(subject, raw, fact_id))

    async def arm_again(self, case: Case) -> None:
        """The case's one clock, whether or not it is pending; a moment that has passed strikes at once."""
        if case.clock_at is None:
            return
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await (await clocks.arm(self._exchange, case.id, case.clock_duty, case.clock_at))

    async def say_checked(self, said: Checked, fact_id: str, at: datetime) -> None:
        raw = Fact.bytes_of(Kind.CHECKED, id=fact_id, source=SOURCE, subject=said.case, time=at, data=said)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await (await self.append(fact_subject(said.case or "", Kind.CHECKED), raw, fact_id))

    async def set_aside(
        self,
        handed: Handed,
        case: str | None,
        reason: str,
        cause: Cause,
        distrust: Distrust | None = None,
        errors: tuple[tuple[str, str], ...] = (),
    ) -> None:
        odd = Odd(handed.subject, handed.sequence, handed.at, handed.data, handed.headers or {}, case)
        fact = aside(
            odd,
            SOURCE,
            f"set aside by the escalator: {reason}",
            cause=cause,
            distrust=distrust,
            errors=errors,
        )
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await (await self.append(fact.subject, fact.raw, fact.id))
        log.error(
            "set_aside", sequence=handed.sequence, reason=reason, next="see `fenghuo inbox`; the lane goes on"
        )
