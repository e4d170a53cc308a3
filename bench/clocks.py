"""A million pending clocks: memory of broker and escalator, and how long after both were killed everything is
watched again.

Goals: broker 600 MB, escalator 150 MB, watching within 5 s. "Watching" is: the escalator says it is ready,
and the clock of a case that came due while all was down is decided. The clocks are those of cases elsewhere
(a million cases with their state would be 18 GB); what the independent check takes is measured beside it, on
real cases.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import psutil
from nats.aio.client import Client
from prometheus_client import CollectorRegistry
from ulid import ULID

from bench.at_once import arm_all
from bench.escalator import at_least, flood
from bench.rig import broker_alone
from services.escalator.metrics import WatchMetrics
from services.escalator.self_check.watcher import Watcher
from services.escalator.settings import EscalatorSettings
from shared.ids import CaseId
from shared.vocabulary import Kind
from tests.escalator.wire import case_now, report
from tests.lab import Lab, Running, until

CLOCKS = 1_000_000
CHECKED = 10_000
"""Real cases that the independent check goes through."""


async def run() -> dict[str, object]:
    async with broker_alone() as lab:
        result = await _killed_and_back(lab)
    async with broker_alone() as lab:
        return result | await _the_check(lab)


async def _killed_and_back(lab: Lab) -> dict[str, object]:
    far = datetime.now(UTC) + timedelta(days=365)
    async with lab.connection("admin") as admin, lab.connection("intake") as intake:
        service = await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S")
        case = await report(intake)
        await until(lambda: case_now(admin, case))
        began = time.perf_counter()
        for _ in range(CLOCKS // 50_000):
            await arm_all(admin, [CaseId(str(ULID())) for _ in range(50_000)], far)
        armed = time.perf_counter() - began
        await asyncio.sleep(3)
        before = _memory(lab, service)
        await arm_all(admin, [case], datetime.now(UTC) + timedelta(seconds=2))
    service.kill()
    lab.kill_nats()
    await asyncio.sleep(3)  # the case's clock comes due while nobody is there
    down = time.perf_counter()
    lab.start_nats()
    healthy = time.perf_counter() - down
    service = await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S", wait=False)
    await until(service.is_ready, seconds=60)
    ready = time.perf_counter() - down
    async with lab.connection("admin") as admin:
        await until(lambda: _has_struck(admin, case), seconds=60)
    watching = time.perf_counter() - down
    await asyncio.sleep(2)
    after = _memory(lab, service)
    return {
        "pending clocks": CLOCKS,
        "armed per second": round(CLOCKS / armed),
        "broker MB (RSS), escalator MB (PSS)": before,
        "the same after the restart": after,
        "kill -9 of both: broker healthy after, s": round(healthy, 1),
        "escalator ready after, s": round(ready, 1),
        "the clock that came due meanwhile is decided after, s": round(watching, 1),
    }


async def _has_struck(admin: Client, case: CaseId) -> bool:
    now = await case_now(admin, case)
    return now is not None and now.decision.about.kind == Kind.DUE


async def _the_check(lab: Lab) -> dict[str, object]:
    async with (
        lab.connection("intake") as intake,
        lab.connection("admin") as admin,
        lab.connection("escalator") as escalator,
    ):
        await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S")
        await flood(intake, CHECKED)
        await until(lambda: at_least(admin, CHECKED), seconds=300)
        settings = EscalatorSettings(watch_also=(), watch_rate=1_000_000)
        watcher = Watcher(
            lambda: escalator, settings, WatchMetrics(CollectorRegistry()), lambda: datetime.now(UTC)
        )
        await asyncio.sleep(6)
        cpu, began = time.process_time(), time.perf_counter()
        met = await watcher.round()
        took, used = time.perf_counter() - began, time.process_time() - cpu
        return {
            "the check: cases and clocks": (met.cases, met.clocks),
            "differences": len(met.differences),
            "one round at full speed, s": round(took, 2),
            "CPU of a case with its clock, µs": round(used / met.cases * 1e6),
        }


def _memory(lab: Lab, service: Running) -> tuple[int, int]:
    assert lab.nats
    broker = psutil.Process(lab.nats.pid).memory_info().rss
    return round(broker / 1e6), round(psutil.Process(service.process.pid).memory_full_info().pss / 1e6)
