"""The store is away for long while facts come in: nothing is lost, nobody waits for the trail, and how far it
is can be seen.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import orjson
from nats.aio.client import Client

from services.audit.checking.verify import verify
from services.audit.store.trail import Trail
from services.audit.writing.pace import WORTH_SAYING, CatchUpPace
from shared import streams
from shared.facts import Fact
from shared.subjects import fact_subject
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of
from tests.intake.builders import form
from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, Running, until

MISSED = WORTH_SAYING + 1_000
"""As many as a county of half a million has in a day, come in all at once."""
ANSWERED = 5.0
"""Seconds in which whoever reports has the receipt, however far behind the trail is; some ms where the
machine is not shared.
"""


async def test_a_days_outage_of_the_store_is_caught_up_while_the_office_works_on(own_lab: Lab) -> None:
    audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_TRAIL_READS_PACE="PT1H")
    intake = await own_lab.start_service(
        "intake", FENGHUO_DIRECTORY=str(DIRECTORY), FENGHUO_DUTIES_WAIT="PT0S", FENGHUO_REPORTS_AT_ONCE="1000"
    )
    case = new_case()
    async with own_lab.connection("admin") as connection:
        before = await publish(connection, reported(case))
        await until(lambda: has(own_lab, audit, before))
        own_lab.kill_mongo()
        missed = [acknowledged(case) for _ in range(MISSED)]
        async with reporting(own_lab, intake) as answers:
            await publish_at_once(connection, missed)
            await until(lambda: is_behind(audit, MISSED), what="the outage is seen")
            assert (await ask(audit, "/healthz")).status_code == 200
            own_lab.start_mongo()
            seen = await catching_up(own_lab, audit)
        last = (await connection.jetstream().stream_info(streams.FACTS)).state.last_seq
    await until(lambda: has(own_lab, audit, last), seconds=60, what=f"{last} recorded; {audit.log}")
    assert answers, "reports came in all the while"
    assert all(status == 201 for status, _ in answers)
    assert max(seconds for _, seconds in answers) < ANSWERED
    assert "a second, done about" in seen["words"]
    assert seen["behind"] > 0
    assert seen["rate"] > 50, "the time the store was away does not count"
    assert not math.isnan(seen["left"])
    assert seen["proof"] == 200, "proofs of what is there are given while the rest is caught up"
    lines = [orjson.loads(line) for line in audit.log.read_bytes().splitlines() if line.startswith(b"{")]
    told = [line for line in lines if line["event"] == "trail_catching_up"]
    assert told
    assert "done about" in told[0]["words"]
    audit.stop()
    async with store_of(own_lab) as source:
        verdict = await verify(source, key_of(own_lab), payloads=False)
    assert (verdict.faults, verdict.size, verdict.lost) == ([], last, 0)
    assert last == before + MISSED + len(answers)
    trail = Trail(own_lab.mongo_url)
    raws = [payload.raw for _, payload in sorted((await trail.payloads.at(range(before, last))).items())]
    trail.close()
    sent = [fact.write() for fact in missed]
    known = set(sent)
    assert [raw for raw in raws if raw in known] == sent, "all there, in order, among the live ones"


@asynccontextmanager
async def reporting(lab: Lab, intake: Running) -> AsyncIterator[list[tuple[int, float]]]:
    """Somebody reports an incident again and again. Gives (status, seconds) of each answer."""
    answers: list[tuple[int, float]] = []

    async def on() -> None:
        async with httpx2.AsyncClient(
            base_url=intake.url, headers=lab.bearer(Role.DUTY_OFFICER, unit=form()["unit"]), timeout=20
        ) as http:
            while True:
                answer = await http.post(
                    "/api/v1/reports", json=form(), headers={"Idempotency-Key": uuid4().hex}
                )
                answers.append((answer.status_code, answer.elapsed.total_seconds()))
                if ends.is_set():
                    return
                await asyncio.sleep(0.1)

    ends = asyncio.Event()
    task = asyncio.create_task(on())
    try:
        yield answers
    finally:
        ends.set()
        await task


async def publish_at_once(connection: Client, facts: list[Fact]) -> None:
    """Without waiting for an answer to each; that all came is asked afterwards."""
    before = (await connection.jetstream().stream_info(streams.FACTS)).state.messages
    for at, fact in enumerate(facts):
        assert fact.subject
        await connection.publish(
            fact_subject(fact.subject, fact.kind),
            fact.write(),
            headers={"Nats-Msg-Id": fact.id, "Nats-Expected-Stream": "FACTS"},
        )
        if at % 500 == 0:
            await connection.flush()
    await connection.flush()

    async def all_there() -> bool:
        return (await connection.jetstream().stream_info(streams.FACTS)).state.messages >= before + len(facts)

    await until(all_there)


async def catching_up(lab: Lab, audit: Running) -> dict[str, Any]:
    """What can be seen in the midst of it."""

    async def amid() -> dict[str, Any] | None:
        status, words = await ready(audit)
        if status != 200 or "done about" not in words:
            return None
        now = await metrics(audit)
        return {
            "words": words,
            "behind": now["fenghuo_trail_behind_facts"],
            "rate": now["fenghuo_trail_records_per_second"],
            "left": now["fenghuo_trail_catching_up_seconds"],
            "proof": (await ask(audit, "/api/v1/trail/proof/inclusion?index=0")).status_code,
        }

    found = await until(amid, seconds=60, what=f"it says how far it is; {audit.log}")
    assert found
    assert not await has(lab, audit, MISSED), "it was still on its way then"
    return found


async def ask(audit: Running, path: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=audit.url, timeout=10) as client:
        return await client.get(path, headers=headers)


async def has(lab: Lab, audit: Running, size: int) -> bool:
    """Signed, and shown to who reads."""
    answer = await ask(audit, "/api/v1/trail/state", **lab.bearer(Role.AUDITOR))
    return answer.status_code == 200 and answer.json()["size"] >= size


async def is_behind(audit: Running, facts: int) -> bool:
    return (await metrics(audit))["fenghuo_trail_behind_facts"] >= facts


async def ready(audit: Running) -> tuple[int, str]:
    answer = await ask(audit, "/readyz")
    return answer.status_code, str(answer.json()["checks"]["sequencer"])


async def metrics(audit: Running) -> dict[str, float]:
    lines = (
        line.split()
        for line in (await ask(audit, "/metrics")).text.splitlines()
        if line.startswith("fenghuo_trail_")
    )
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def test_the_rate_after_an_outage_does_not_count_the_time_the_store_was_away() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    pace = CatchUpPace(lambda: now)
    for size in (0, 100):
        pace.recorded(size)
    pace.stream_has(20_100)
    now += timedelta(seconds=40)
    pace.recorded(100)
    assert pace.left is None, "nothing is known yet"
    now += timedelta(seconds=1)
    pace.recorded(1_100)
    assert (pace.rate, pace.left) == (1_000, timedelta(seconds=19))
