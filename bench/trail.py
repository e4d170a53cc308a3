"""The trail alone: facts into the store, a fact until it is signed, verification, proofs, memory.

`python -m bench trail rate latency verify proof memory`, or some of them; sizes by FENGHUO_BENCH_FACTS and FENGHUO_BENCH_RECORDS.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.rig import quantile
from bench.trail_offered import endless
from bench.trail_store import kept_store
from fenghuo.trail_source import source_at
from services.audit.checking.sources import write_folder
from services.audit.checking.verify import Verdict, verify
from services.audit.log.note import Verifier
from services.audit.store.trail import Trail
from shared.subjects import CHECKPOINT, fact_subject
from shared.vocabulary import Role
from tests.lab import Lab, Running, until

FACTS = int(os.environ.get("FENGHUO_BENCH_FACTS", "30000"))
RECORDS = int(os.environ.get("FENGHUO_BENCH_RECORDS", "50000"))
Figures = dict[str, object]


@asynccontextmanager
async def bare() -> AsyncGenerator[Lab]:
    """Broker and store, no service."""
    with TemporaryDirectory(prefix="fenghuo-bench-") as name:
        lab = Lab(Path(name))
        try:
            await lab.start()
            yield lab
        finally:
            lab.close()


async def offer(connection: Client, count: int, per_second: float | None = None) -> int:
    """Facts as fast as the broker takes them, or at a steady rate. Returns the sequence of the last."""
    js = connection.jetstream(publish_async_max_pending=2_000)
    began = time.time()
    for number, fact in enumerate(islice(endless(), count)):
        if per_second is not None and (wait := began + number / per_second - time.time()) > 0.005:
            await asyncio.sleep(wait)
        assert fact.subject
        await js.publish_async(fact_subject(fact.subject, fact.kind), fact.write(), headers={"Nats-Msg-Id": fact.id})
    await js.publish_async_completed()
    return (await js.stream_info("FACTS")).state.last_seq


async def sealed(lab: Lab, audit: Running, size: int, patience: float = 600) -> None:
    headers = lab.bearer(Role.AUDITOR)
    async with httpx.AsyncClient(base_url=audit.url, headers=headers, timeout=30) as client:

        async def covered() -> bool:
            await asyncio.sleep(0.1)
            answer = await client.get("/api/v1/trail/state")
            return answer.status_code == 200 and answer.json()["size"] >= size

        await until(covered, seconds=patience, what=f"{size} facts sealed; log {audit.log}")


def cpu(*pids: int) -> list[float]:
    return [sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids]


async def rate() -> Figures:
    """A backlog worked off as fast as it goes; then facts offered at 3,000 a second."""
    async with bare() as lab, lab.connection("admin") as connection:
        assert lab.mongo
        assert lab.nats
        last = await offer(connection, FACTS)
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT1S")
        pids = audit.process.pid, lab.mongo.pid, lab.nats.pid
        before, began = cpu(*pids), time.time()
        await sealed(lab, audit, last)
        took = time.time() - began
        used = [after - was for after, was in zip(cpu(*pids), before, strict=True)]
        before, began, first = cpu(*pids), time.time(), last
        last = await offer(connection, FACTS, 3_000)
        offered = time.time() - began
        await sealed(lab, audit, last)
        whole = time.time() - began
        steady = [after - was for after, was in zip(cpu(*pids), before, strict=True)]
        return {
            "facts": FACTS,
            "backlog: facts/s into the store": round(FACTS / took),
            "backlog: CPU µs a fact: audit, store, broker": [round(one / FACTS * 1e6) for one in used],
            "backlog: audit's CPU, % of a core": round(used[0] / took * 100),
            "offered facts/s": round((last - first) / offered),
            "then complete and signed after, s": round(whole - offered, 2),
            "CPU % of a core at that rate: audit, store, broker": [round(one / whole * 100) for one in steady],
            "CPU µs a fact: audit, store, broker": [round(one / FACTS * 1e6) for one in steady],
            "memory of the audit, MB (RSS)": round(psutil.Process(audit.process.pid).memory_info().rss / 1e6),
        }


async def latency() -> Figures:
    """From a fact's publication to the signed checkpoint that covers it, announced on NATS, at 1,000 facts/s."""
    count = min(FACTS, 20_000)
    async with bare() as lab, lab.connection("admin") as connection:
        await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT1S")
        signed: list[tuple[float, int]] = []

        async def announced(message: Msg) -> None:
            signed.append((time.time(), int(message.data.split(b"\n")[1])))

        await connection.subscribe(CHECKPOINT, cb=announced)
        js = connection.jetstream(publish_async_max_pending=2_000)
        sent: list[float] = []
        began = time.time()
        for number, fact in enumerate(islice(endless(), count)):
            if (wait := began + number / 1_000 - time.time()) > 0:
                await asyncio.sleep(wait)
            assert fact.subject
            sent.append(time.time())
            await js.publish_async(fact_subject(fact.subject, fact.kind), fact.write(), headers={"Nats-Msg-Id": fact.id})
        await js.publish_async_completed()
        await until(lambda: bool(signed) and signed[-1][1] >= count, seconds=60)
        waits: list[float] = []
        at = iter(signed)
        when, size = next(at)
        for sequence, moment in enumerate(sent, 1):
            while size < sequence:
                when, size = next(at)
            waits.append(when - moment)
        return {
            "facts": count,
            "facts/s": round(count / (sent[-1] - sent[0])),
            "fact → signed checkpoint, s: p50, p99, worst": [round(quantile(waits, share), 2) for share in (0.5, 0.99, 1.0)],
        }


async def check() -> Figures:
    """From an exported folder with and without its payloads, on all cores; from the store."""
    async with kept_store(RECORDS) as store:
        folder = store_folder()
        key = Verifier.read(store.vkey)
        async with source_at(None, store.url) as source:
            if not (folder / "checkpoint").exists():
                await write_folder(source, store.records, folder, store.vkey, lambda _done, _all: None)
            figures: Figures = {"records": store.records}
            for name, place, payloads in (
                ("folder, headers: records/s", (folder, None), False),
                ("folder, with payloads: records/s", (folder, None), True),
                ("store, with payloads: records/s", (None, store.url), True),
            ):
                async with source_at(*place) as opened:
                    began = time.perf_counter()
                    verdict: Verdict = await verify(opened, key, payloads=payloads, opener=partial(source_at, *place))
                    took = time.perf_counter() - began
                assert verdict.holds, verdict.faults[:3]
                figures[name] = round(store.records / took)
        return figures


def store_folder() -> Path:
    return Path(".fenghuo") / "bench" / f"export-{RECORDS}"


async def proof() -> Figures:
    """Inclusion proofs of records chosen at random, as the reader answers them."""
    async with kept_store(RECORDS) as store:
        trail = Trail(store.url)
        reader, chosen = store.reader(trail), random.Random(7)
        waits: list[float] = []
        try:
            for _ in range(1_000):
                index, began = chosen.randrange(store.records), time.perf_counter()
                await reader.inclusion(index)
                waits.append((time.perf_counter() - began) * 1000)
        finally:
            trail.close()
        return {"records": store.records, "inclusion, ms: p50, p99": [round(quantile(waits, share), 1) for share in (0.5, 0.99)]}


async def memory() -> Figures:
    """The audit after a backlog, while proofs are asked for: the most it ever held."""
    async with bare() as lab, lab.connection("admin") as connection:
        last = await offer(connection, FACTS)
        audit = await lab.start_service("audit")
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, psutil.Process(audit.process.pid).memory_info().rss)
                await asyncio.sleep(0.2)

        watching = asyncio.create_task(watch())
        await sealed(lab, audit, last)
        async with httpx.AsyncClient(base_url=audit.url) as client:
            for index in range(0, last, max(1, last // 300)):
                (await client.get("/api/v1/trail/proof/inclusion", params={"index": index})).raise_for_status()
        watching.cancel()
        return {"facts": FACTS, "most memory of the audit, MB (RSS)": round(most / 1e6)}


PARTS: dict[str, Callable[[], Awaitable[Figures]]] = {"rate": rate, "latency": latency, "verify": check, "proof": proof, "memory": memory}


async def run(*parts: str) -> Figures:
    figures: Figures = {"when, and load before": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.getloadavg()[0]:.1f} (1 min)"}
    for part in parts or tuple(PARTS):
        figures |= {f"{part}: {name}": figure for name, figure in (await PARTS[part]()).items()}
    return figures
