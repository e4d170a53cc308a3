"""What leaves the escalator: a decision, the case's clock, what follows for other cases, and what could not be decided on.

Invariant: everything is idempotent, so that a repeat after a crash changes nothing: facts by message id (`<case>:<sequence>` and
`<case>:<sequence>:<number>`), the clock because a case has one subject for it.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.escalator import clocks
from services.escalator.pull import Handed
from services.escalator.send import Exchange
from shared.broker import PUBLISH_TIMEOUT
from shared.facts import Decision, Fact, Frozen, Rejection
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/escalator"


class Outgoings:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def append(self, subject: str, raw: bytes, message_id: str) -> asyncio.Future[int]:
        """One fact, on its way; await the future for the broker's word that it is stored."""
        return await self._exchange.publish(subject, raw, {"Nats-Msg-Id": message_id, "Nats-Expected-Stream": FACTS})

    async def send(self, decision: Decision, step: Callable[[str], Awaitable[None]]) -> None:
        """Everything at once; returns when the broker has all of it. Whatever did not get out is repeated when the fact comes again."""
        if decision.is_empty:
            return
        case, about = decision.case, decision.about
        fact_id = f"{case}:{about.sequence}"
        raw = Fact.bytes_of(Kind.DECIDED, id=fact_id, source=SOURCE, subject=case, time=about.time, data=decision)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            waiting = [("published", await self.append(fact_subject(case, Kind.DECIDED), raw, fact_id))]
            if decision.clock is not None and decision.clock.at is not None:
                waiting.append(("clock_set", await clocks.arm(self._exchange, case, decision.clock.duty, decision.clock.at)))
            for number, other in enumerate(decision.sends):
                other_id = f"{fact_id}:{number}"
                body = Fact.bytes_of(other.kind, id=other_id, source=SOURCE, subject=other.case, time=about.time, data=other.data)
                waiting.append(("sent", await self.append(fact_subject(other.case, other.kind), body, other_id)))
            for name, stored in waiting:
                await stored
                await step(name)
            if decision.clock is not None and decision.clock.at is None:
                await clocks.cancel(self._exchange, case)
                await step("clock_set")
        await step("sent_out")

    async def tell(self, kind: Kind, fact_id: str, at: datetime, data: Frozen) -> None:
        """A fact about no case: what happened to the policy itself."""
        raw = Fact.bytes_of(kind, id=fact_id, source=SOURCE, subject=None, time=at, data=data)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await (await self.append(fact_subject(fact_id, kind), raw, fact_id))

    async def set_aside(self, handed: Handed, reason: str, errors: tuple[tuple[str, str], ...] = ()) -> None:
        digest = hashlib.sha256(handed.data).hexdigest()
        rejection = Rejection(
            subject=handed.subject,
            reason=f"set aside by the escalator: {reason}",
            errors=errors,
            headers=dict(handed.headers or {}),
            body=base64.b64encode(handed.data).decode(),
            digest=digest,
        )
        message_id = f"aside:{handed.sequence}"
        fact = Fact.bytes_of(Kind.REJECTED, id=message_id, source=SOURCE, subject=None, time=handed.at, data=rejection)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await (await self.append(fact_subject(digest, Kind.REJECTED), fact, message_id))
        log.error("set_aside", sequence=handed.sequence, reason=reason, next="look at the rejected fact in the trail; the lane goes on")
