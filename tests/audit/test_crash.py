"""Killed with -9 after any step, the trail goes on gapless, equal to the stream, and signed."""

import sys
from typing import Any

import httpx2
from pymongo import MongoClient

from services.audit.records.record import Rec
from services.audit.store.trail import Trail
from shared import streams
from shared.vocabulary import Role
from tests.audit.by_hand import edit_payload
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.killing import kill_and_check
from tests.audit.reading import verdict_of
from tests.durables import is_worked_off
from tests.lab import Lab, Running, until

LIVES = ("built:2", "payloads:2", "entries:3", "tiles:2", "signed:1", "checkpoint:2", "tiles:4")
SIZE = 400


def dying(*lives: str) -> list[str]:
    return [sys.executable, "-m", "tests.audit.dying", *lives]


async def test_a_sequencer_killed_between_any_two_steps_neither_loses_nor_doubles_a_fact(
    own_lab: Lab,
) -> None:
    case, other = new_case(), new_case()
    facts = [
        reported(case),
        reported(other),
        *(acknowledged(other if i % 3 else case) for i in range(SIZE - 2)),
    ]
    expected = [fact.write() for fact in facts]
    pace: dict[str, Any] = {"FENGHUO_TRAIL_PACE": "PT0.05S", "FENGHUO_TRAIL_BATCH": "20"}
    async with own_lab.connection("admin") as connection:
        await publish(connection, *facts)
    lives = await own_lab.start_service("audit", command=dying(*LIVES), wait=False, **pace)
    await until(
        lambda: lives.process.poll() is not None, seconds=90, what=f"{len(LIVES)} deaths; log {lives.log}"
    )
    assert lives.process.returncode == 0, lives.log.read_text()[-2000:]
    living = await own_lab.start_service("audit", **pace)
    await _sealed(own_lab, living, len(expected))
    living.stop()
    verdict = await verdict_of(own_lab)
    assert verdict.faults == []
    trail = Trail(own_lab.mongo_url)
    payloads = await trail.payloads.at(range(len(expected)))
    assert [payloads[index].raw for index in range(len(expected))] == expected
    assert await trail.entries.size() == verdict.size == len(expected)
    epochs = [Rec.read(entry.rec).epoch for entry in await trail.entries.between(0, len(expected))]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) > 3, "several lives wrote"
    trail.close()


async def test_facts_delivered_again_are_compared_and_not_written_again(own_lab: Lab) -> None:
    first = await own_lab.start_service("audit", command=dying("tiles:1"), wait=False)
    case = new_case()
    async with own_lab.connection("admin") as connection:
        js = connection.jetstream()
        last = await publish(
            connection, *(reported(case) if i == 0 else acknowledged(case) for i in range(20))
        )
        await until(lambda: first.process.poll() is not None)
        _alter_payload(own_lab, 7)
        # Written, not all acknowledged: let the broker lose its patience sooner.
        ((_, durable),) = [
            pair for pair in streams.durable_configs() if pair[1].durable_name == streams.AUDIT_DURABLE
        ]
        await js.add_consumer(streams.FACTS, durable.evolve(ack_wait=1.0))
        audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")

        await until(lambda: is_worked_off(js, streams.FACTS, streams.AUDIT_DURABLE))
        await _sealed(own_lab, audit, last)
    (alarms,) = [
        line
        for line in httpx2.get(f"{audit.url}/metrics").text.splitlines()
        if line.startswith("fenghuo_trail_faults_total ")
    ]
    assert float(alarms.split()[1]) >= 1, "the altered payload differs from the broker's fact"
    audit.stop()
    verdict = await verdict_of(own_lab)
    assert verdict.size == 20
    assert [fault.index for fault in verdict.faults] == [7]


def _alter_payload(lab: Lab, index: int) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(lab.mongo_url)
    payloads = client["fenghuo_payloads"]["payloads"]
    edit_payload(payloads, index, raw=b"{}")
    client.close()


async def test_store_and_broker_may_go_away_and_come_back(own_lab: Lab) -> None:
    audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")
    case = new_case()
    async with own_lab.connection("admin") as connection:
        await _sealed(own_lab, audit, await publish(connection, reported(case)))
        own_lab.kill_mongo()
        await publish(connection, acknowledged(case), acknowledged(case))
        await until(lambda: not audit.is_ready(), what="not ready without a store")
        own_lab.start_mongo()
        await until(audit.is_ready, what="ready again with the store")
        last = await publish(connection, acknowledged(case))
    await _sealed(own_lab, audit, last)
    own_lab.kill_nats()
    await until(lambda: not audit.is_ready(), what="not ready without a broker")
    own_lab.start_nats()
    await until(audit.is_ready, what="ready again with the broker")
    async with own_lab.connection("admin") as connection:
        last = await publish(connection, acknowledged(case))
    await _sealed(own_lab, audit, last)
    audit.stop()
    verdict = await verdict_of(own_lab)
    assert (verdict.faults, verdict.size) == ([], 5)


async def _sealed(lab: Lab, audit: Running, size: int) -> None:
    headers = lab.bearer(Role.AUDITOR)

    async def covered() -> bool:
        async with httpx2.AsyncClient(base_url=audit.url, headers=headers) as client:
            answer = await client.get("/api/v1/trail/state")
            return answer.status_code == 200 and answer.json()["size"] >= size

    await until(covered, what=f"{size} facts sealed; log {audit.log}: {audit.log.read_text()[-1500:]}")


async def test_killed_at_random_moments_under_load_nothing_is_lost_doubled_or_taken_back(
    own_lab: Lab,
) -> None:
    """Sequencer, store and broker, once each; `python -m bench crash` does it fifty times."""
    done = await kill_and_check(own_lab, times=3, seed=4)
    assert done["killed"] == {"sequencer": 1, "store": 1, "broker": 1}
