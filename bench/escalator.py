"""Cases a second through the escalator with its real policy: reports flooded into the record, until every
decision is out.

Nothing but the broker and one or two replicas runs. Goal: at least 1,500 a second in one process.
"""

import asyncio
import time
from datetime import UTC, datetime

import psutil
from nats.aio.client import Client
from nats.js.api import PubAck
from ulid import ULID

from bench.rig import broker_alone
from shared.facts import Fact
from shared.ids import CaseId
from shared.subjects import fact_subject
from shared.vocabulary import Kind
from tests.escalator.builders import a_report
from tests.lab import Lab, Running, until

CASES = 10_000
WARM = 500
PATIENCE = 120.0


async def flood(intake: Client, count: int) -> list[CaseId]:
    """`count` reports of as many cases straight into the record, as intake would put them there."""
    cases = [CaseId(str(ULID())) for _ in range(count)]
    js = intake.jetstream()
    now = datetime.now(UTC)
    data = a_report(occurred_at=now, learned_at=now, received_at=now)
    waiting: list[asyncio.Future[PubAck]] = []
    for case in cases:
        raw = Fact.bytes_of(
            Kind.REPORTED, id=f"r:{case}", source="/services/intake", subject=case, time=now, data=data
        )
        waiting.append(
            await js.publish_async(
                fact_subject(case, Kind.REPORTED), raw, stream="FACTS", headers={"Nats-Msg-Id": f"r:{case}"}
            )
        )
        if len(waiting) >= 1000:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    return cases


async def decided(admin: Client) -> int:
    """How many decisions stand in the record."""
    subjects = (
        await admin.jetstream().stream_info("FACTS", subjects_filter=f"fact.*.{Kind.DECIDED}")
    ).state.subjects or {}
    return sum(subjects.values())


async def at_least(admin: Client, count: int) -> int:
    """How many there are, once there are so many."""
    found = await decided(admin)
    return found if found >= count else 0


async def measured(lab: Lab, replicas: int) -> dict[str, object]:
    running: list[Running] = []
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        await flood(intake, CASES)
        before = await decided(admin)
        began = time.perf_counter()
        running = [
            await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S", wait=False)
            for _ in range(replicas)
        ]
        first = await until(lambda: at_least(admin, before + WARM), seconds=PATIENCE)
        warm = time.perf_counter()
        now = await until(lambda: at_least(admin, before + CASES), seconds=PATIENCE)
        took = time.perf_counter() - warm
        processes = [psutil.Process(one.process.pid) for one in running]
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
        result: dict[str, object] = {
            f"cases/s, {replicas} replica(s)": round((now - first) / took),
            "from the start of the process, s": round(time.perf_counter() - began, 1),
            "CPU a case, µs of one core": round(cpu / CASES * 1e6),
            "memory (PSS) MB": [round(process.memory_full_info().pss / 1e6) for process in processes],
        }
    for one in running:
        one.stop()
    return result


async def run() -> dict[str, object]:
    found: dict[str, object] = {}
    for replicas in (1, 2):
        async with broker_alone() as lab:
            found |= {f"{key} ({replicas})": value for key, value in (await measured(lab, replicas)).items()}
    return found
