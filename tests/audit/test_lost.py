"""What the broker has lost before the trail got it is said in the trail; what it loses afterwards the trail
still has.
"""

from typing import Any

import httpx2
import orjson
from nats.aio.client import Client

from services.audit.records.record import Rec
from services.audit.store.trail import Trail
from services.audit.writing.against_stream import stream_faults
from services.audit.writing.feed import Feed
from shared import streams
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of, verdict_of
from tests.lab import Lab, Running, until

SIZE = 40
LOST = (1, 2, 9, 10, 30)
"""Sequences: the beginning, one after the other, one alone."""
LATER = (5, 20)


async def deletable_facts(connection: Client) -> Any:
    """FACTS declared anew as it never is: so that messages can be taken out of it."""
    js = connection.jetstream()
    (facts,) = [config for config in streams.stream_configs() if config.name == streams.FACTS]
    await js.delete_stream(streams.FACTS)
    await js.add_stream(facts.evolve(deny_delete=False))
    for stream, durable in streams.durable_configs():
        if stream == streams.FACTS:
            await js.add_consumer(stream, durable)
    return js


async def test_a_fact_the_broker_lost_is_a_gap_on_record_and_the_trail_goes_on(own_lab: Lab) -> None:
    case = new_case()
    async with own_lab.connection("admin") as connection:
        js = await deletable_facts(connection)
        await publish(connection, reported(case), *(acknowledged(case) for _ in range(SIZE - 1)))
        for sequence in (*LOST, SIZE):
            await js.delete_msg(streams.FACTS, sequence)
        audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")
        # The last of all is missed as soon as something comes after it.
        await publish(connection, acknowledged(case))
        await covered(own_lab, audit, SIZE + 1)
        assert metric(audit, "fenghuo_trail_gaps_total") == len(LOST) + 1
        assert said(audit, "fact_lost") == [*LOST, SIZE]
        for sequence in LATER:
            await js.delete_msg(streams.FACTS, sequence)
        assert audit.stop() == 0
        audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")
        last = await publish(connection, acknowledged(case))
        await covered(own_lab, audit, last)
        assert metric(audit, "fenghuo_trail_gaps_total") == 0, "what was lost after it was recorded is no gap"
        assert audit.is_ready()
        page = httpx2.get(
            f"{audit.url}/api/v1/trail/entries",
            params={"kind": "gap", "order": "oldest"},
            headers=own_lab.bearer(Role.AUDITOR),
        )
        assert [entry["sequence"] for entry in page.json()["entries"]] == [*LOST, SIZE]
        audit.stop()
    verdict = await verdict_of(own_lab)
    assert (verdict.size, verdict.faults, verdict.lost) == (last, [], len(LOST) + 1)
    assert verdict.losses[2] == "record 8: the broker lost this fact before it was recorded"
    trail = Trail(own_lab.mongo_url)
    forms = {entry.index + 1: Rec.read(entry.rec).form for entry in await trail.entries.between(0, last)}
    trail.close()
    assert {sequence for sequence, form in forms.items() if form == "gap"} == {*LOST, SIZE}
    async with store_of(own_lab) as source, own_lab.connection("audit") as reader:
        assert await stream_faults(source, key_of(own_lab), Feed(lambda: reader)) == []


async def covered(lab: Lab, audit: Running, size: int) -> None:
    def is_signed() -> bool:
        answer = httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR))
        return answer.status_code == 200 and answer.json()["size"] >= size

    await until(is_signed, what=f"{size} signed; {audit.log}")


def metric(audit: Running, name: str) -> float:
    (line,) = [
        line for line in httpx2.get(f"{audit.url}/metrics").text.splitlines() if line.startswith(f"{name} ")
    ]
    return float(line.split()[1])


def said(audit: Running, event: str) -> list[int]:
    """The sequences that log lines of this event name."""
    lines = [orjson.loads(line) for line in audit.log.read_bytes().splitlines() if line.startswith(b"{")]
    return [line["sequence"] for line in lines if line["event"] == event]
