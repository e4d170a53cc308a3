"""What it costs to see whether a message is an authentic fact, on top of parsing it: as the escalator and the
notifier do (`distrust` of a Fact), and as the audit does (`distrust_envelope` of parsed JSON). One thread, no
broker.
"""

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import orjson

from bench.trail_facts import Year
from services.audit.records.record import BrokerMessage
from shared.directory import load_directory
from shared.facts import Fact
from shared.facts.authenticity import distrust, distrust_envelope

FACTS, ROUNDS = 5_000, 7


async def run() -> dict[str, object]:
    await asyncio.sleep(0)
    year = Year(load_directory(Path("config/directory.yaml")), FACTS, seed=1)
    stored = [(one.subject, _headers(one), one.raw or b"") for one in islice(year.messages(), FACTS)]
    facts = [(subject, headers, Fact.read(raw)) for subject, headers, raw in stored]
    envelopes = [(subject, headers, orjson.loads(raw)) for subject, headers, raw in stored]
    assert not any(distrust(*one) for one in facts), (
        "the facts measured are authentic: what is refused costs less"
    )
    return {
        "facts": len(facts),
        "µs a fact, of a Fact": _each(lambda: [distrust(*one) for one in facts]),
        "µs a fact, of parsed JSON": _each(lambda: [distrust_envelope(*one) for one in envelopes]),
        "µs to parse one, for comparison": _each(lambda: [Fact.read(raw) for _, _, raw in stored]),
    }


def _headers(message: BrokerMessage) -> dict[str, str]:
    """As they are stored."""
    lane_and_case = f"{message.subject.split('.')[1]}.{message.message_id.partition(':')[0]}"
    if message.subject.endswith(".due"):
        sourced = f"CLOCKS 20 clock.due.*.* fact.{{{{wildcard(1)}}}}.due clock.due.{lane_and_case} 7N0ehTaX"
        return {
            "Content-Type": "application/cloudevents+json",
            "Nats-Scheduler": f"clock.armed.{lane_and_case}",
            "Nats-Schedule-Next": "purge",
            "Nats-TTL": "24h",
            "Nats-Stream-Source": sourced,
        }
    return {"Nats-Msg-Id": message.message_id, "Nats-Expected-Stream": "FACTS"}


def _each(work: Callable[[], object]) -> float:
    """The processor's time, the best of a few rounds."""
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return round(min(took) / FACTS * 1e6, 2)
