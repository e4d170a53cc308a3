"""The clocks: deadlines held by the broker as scheduled messages, so that they survive any process and nobody
polls.

Invariant: a case has at most one pending clock, for the earliest moment at which any of its duties has
something to do; arming again replaces it. No message id is set: the broker would silently drop a re-armed
clock inside its dedupe window. The body is the complete fact of the clock's striking.
"""

import asyncio
from datetime import datetime

import orjson
from nats.js.errors import APIError

from shared.broker.exchange import Exchange, WrittenAt
from shared.facts import Due, Fact, rfc3339
from shared.ids import CaseId, DutyId
from shared.streams import CLOCKS
from shared.subjects import armed_subject, due_subject
from shared.vocabulary import Kind

FIRED_KEPT = "24h"
"""How long a fired clock stays in CLOCKS; in FACTS it stays for good."""


async def arm(
    exchange: Exchange, case: CaseId, duty: DutyId | None, at: datetime
) -> asyncio.Future[WrittenAt]:
    """Sent when this returns; await the future for the broker's word."""
    stamp = rfc3339(at)
    fact = Fact.bytes_of(
        Kind.DUE,
        id=f"clock:{case}:{stamp}",
        source="/services/escalator/clocks",
        subject=case,
        time=at,
        data=Due(duty=duty, at=at),
    )
    headers = {
        "Nats-Schedule": f"@at {stamp}",
        "Nats-Schedule-Target": due_subject(case),
        "Nats-Schedule-TTL": FIRED_KEPT,
        "Nats-Expected-Stream": CLOCKS,
        "Content-Type": "application/cloudevents+json",
    }
    return await exchange.publish(armed_subject(case), fact, headers)


async def cancel(exchange: Exchange, case: CaseId) -> None:
    """Take the case's pending clock away; nothing happens where there is none. Raises APIError."""
    answer = orjson.loads(
        (
            await exchange.ask(
                f"$JS.API.STREAM.PURGE.{CLOCKS}", orjson.dumps({"filter": armed_subject(case)})
            )
        ).data
    )
    if error := answer.get("error"):
        raise APIError.from_error(error)
