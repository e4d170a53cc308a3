"""The trail alone: facts into the store, a fact until it is signed, verification, proofs, memory.

`python -m bench trail rate latency verify proof memory`, or some of them; sizes by FENGHUO_BENCH_FACTS and
FENGHUO_BENCH_RECORDS.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx2
import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.rig import quantile
from bench.trail_offered import endless
from bench.trail_store import kept_store
from fenghuo import embedded
from fenghuo.trail_source import source_at
from services.audit.checking.sources import write_folder
from services.audit.checking.verify import Verdict, verify
from shared.subjects import CHECKPOINT, fact_subject
from shared.tlog.note import Verifier
from tests.lab import Lab, Running, until

FACTS = int(os.environ.get("FENGHUO_BENCH_FACTS", "30000"))
RECORDS = int(os.environ.get("FENGHUO_BENCH_RECORDS", "50000"))
Figures = dict[str, object]
_ON_THEIR_WAY = 4_000
_STEADY = 1_000


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


Ready = tuple[str, bytes, dict[str, str]]
"""Subject, payload and headers of a fact."""


def written(count: int) -> list[Ready]:
    """Facts made beforehand: what offers them must not take the machine from what is measured."""
    made: list[Ready] = []
    for fact in islice(endless(), count):
        assert fact.subject
        made.append(
            (
                fact_subject(fact.subject, fact.kind),
                fact.write(),
                {"Nats-Msg-Id": fact.id, "Nats-Expected-Stream": "FACTS"},
            )
        )
    return made


async def offer(connection: Client, facts: Sequence[Ready], per_second: float | None = None) -> None:
    """As fast as the broker takes them, or at a steady rate. Each is confirmed; no more than a few thousand
    are on their way.
    """
    inbox, confirmed = connection.new_inbox(), 0

    async def counted(answer: Msg) -> None:
        nonlocal confirmed
        assert b"error" not in answer.data, answer.data
        confirmed += 1

    def most_confirmed(number: int) -> bool:
        return number - confirmed <= _ON_THEIR_WAY // 2

    subscription = await connection.subscribe(inbox, cb=counted)
    began = time.time()
    for number, (subject, payload, headers) in enumerate(facts):
        if (
            per_second is not None
            and number % 8 == 0
            and (wait := began + number / per_second - time.time()) > 0
        ):
            await asyncio.sleep(wait)
        if number - confirmed > _ON_THEIR_WAY:
            await until(partial(most_confirmed, number), seconds=60, what="the broker keeps up")
        await connection.publish(subject, payload, reply=inbox, headers=headers)
    await until(lambda: confirmed == len(facts), seconds=60, what="every fact confirmed by the broker")
    await subscription.unsubscribe()


class Moment(NamedTuple):
    """A checkpoint was announced: when, of which size, and the CPU seconds of audit, store and broker until
    then.
    """

    at: float
    size: int
    used: tuple[float, ...]


class Watched:
    """The checkpoints as they are announced: asking the audit for its size would cost it and the store more
    than some facts do.
    """

    def __init__(self, lab: Lab) -> None:
        self.moments: list[Moment] = []
        self._lab, self.pids = lab, tuple[int, ...]()

    async def begin(self, connection: Client) -> None:
        await connection.subscribe(CHECKPOINT, cb=self._announced)

    async def _announced(self, message: Msg) -> None:
        self.moments.append(Moment(time.time(), int(message.data.split(b"\n")[1]), cpu(*self.pids)))

    async def start(self) -> Running:
        """The audit, and what it does from the next checkpoint on."""
        running = await self._lab.start_service("audit", FENGHUO_TRAIL_PACE="PT1S")
        assert self._lab.mongo
        assert self._lab.nats
        self.pids = running.process.pid, self._lab.mongo.pid, self._lab.nats.pid
        self.moments.clear()
        return running

    async def reach(self, size: int) -> Moment:
        await until(
            lambda: bool(self.moments) and self.moments[-1].size >= size,
            seconds=600,
            what=f"{size} facts signed",
        )
        return self.moments[-1]


def cpu(*pids: int) -> tuple[float, ...]:
    return tuple(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def figures_between(name: str, first: Moment, last: Moment) -> Figures:
    facts, took = max(1, last.size - first.size), last.at - first.at
    used = [after - before for after, before in zip(last.used, first.used, strict=True)]
    return {
        f"{name}: facts/s into the store": round(facts / took),
        f"{name}: CPU µs a fact: audit, store, broker": [round(one / facts * 1e6) for one in used],
        f"{name}: % of a core: audit, store, broker": [round(one / took * 100) for one in used],
    }


async def rate() -> Figures:
    """A backlog worked off as fast as it goes, nobody else at work; then facts offered at 3,000 a second."""
    facts = written(FACTS)
    async with bare() as lab, lab.connection("admin") as connection:
        watched = Watched(lab)
        await watched.begin(connection)
        await offer(connection, facts)
        audit = await watched.start()
        await watched.reach(FACTS)
        # Whole seconds of work: the last checkpoint comes when its second is over, however little was left.
        backlog = [moment for moment in watched.moments if moment.size < FACTS]
        figures: Figures = {"facts": FACTS}
        if len(backlog) > 1:
            figures |= figures_between("backlog", backlog[0], backlog[-1])
        facts, before = written(FACTS), watched.moments[-1]
        first, began = before._replace(at=time.time(), used=cpu(*watched.pids)), time.time()
        await offer(connection, facts, 3_000)
        offered = time.time() - began
        last = await watched.reach(2 * FACTS)
        return {
            **figures,
            "offered facts/s": round(FACTS / offered),
            "complete and signed after the last was offered, s": round(last.at - began - offered, 2),
            **figures_between("offered", first, last),
            "memory of the audit, MB (RSS)": round(psutil.Process(audit.process.pid).memory_info().rss / 1e6),
        }


async def latency() -> Figures:
    """From a fact's publication to the signed checkpoint that covers it, announced on NATS, at 1,000
    facts/s.
    """
    count = min(FACTS, 20_000)
    facts = written(count)
    async with bare() as lab, lab.connection("admin") as connection:
        watched = Watched(lab)
        await watched.begin(connection)
        await watched.start()
        began = time.time()
        await offer(connection, facts, _STEADY)
        offered = time.time() - began
        await watched.reach(count)
        waits: list[float] = []
        at = iter(watched.moments)
        moment = next(at)
        for number in range(count):
            while moment.size <= number:
                moment = next(at)
            # When it was due: where the offering itself lags behind, that counts as waiting too.
            waits.append(moment.at - (began + number / _STEADY))
        return {
            "facts": count,
            "facts/s": round(count / offered),
            "fact → signed checkpoint, s: p50, p99, worst": [
                round(quantile(waits, share), 2) for share in (0.5, 0.99, 1.0)
            ],
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
                    verdict: Verdict = await verify(
                        opened, key, payloads=payloads, opener=partial(source_at, *place)
                    )
                    took = time.perf_counter() - began
                assert verdict.holds, verdict.faults[:3]
                figures[name] = round(store.records / took)
        return figures


def store_folder() -> Path:
    return Path(".fenghuo") / "bench" / f"export-{RECORDS}"


async def proof() -> Figures:
    """Inclusion proofs of records chosen at random, over HTTP, one after the other; the first is told apart,
    as it reads the right edge.
    """
    async with kept_store(RECORDS) as store:
        port, chosen = embedded.free_port(), random.Random(7)
        log = embedded.ROOT / ".fenghuo" / "bench" / "proofs.log"
        process = embedded.start(
            [sys.executable, "-m", "bench.proof_server", store.url, str(port)], log=log, cwd=embedded.ROOT
        )
        waits: list[float] = []
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

                async def answers() -> bool:
                    try:
                        return (await client.get("/openapi.json")).is_success
                    except httpx2.TransportError:
                        return False

                await until(answers, seconds=30, what=f"the proofs are served; {log}")
                for _ in range(1_001):
                    index, began = chosen.randrange(store.records), time.perf_counter()
                    (
                        await client.get("/api/v1/trail/proof/inclusion", params={"index": index})
                    ).raise_for_status()
                    waits.append((time.perf_counter() - began) * 1000)
        finally:
            embedded.stop(process)
        first, *rest = waits
        return {
            "records": store.records,
            "inclusion over HTTP, ms: p50, p99": [round(quantile(rest, share), 1) for share in (0.5, 0.99)],
            "inclusion over HTTP, ms: the first after a start": round(first, 1),
        }


async def memory() -> Figures:
    """The audit after a backlog, while proofs are asked for: the most it ever held."""
    async with bare() as lab, lab.connection("admin") as connection:
        watched = Watched(lab)
        await watched.begin(connection)
        await offer(connection, written(FACTS))
        audit = await watched.start()
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, psutil.Process(audit.process.pid).memory_info().rss)
                await asyncio.sleep(0.2)

        watching = asyncio.create_task(watch())
        await watched.reach(FACTS)
        async with httpx2.AsyncClient(base_url=audit.url) as client:
            for index in range(0, FACTS, max(1, FACTS // 300)):
                (
                    await client.get("/api/v1/trail/proof/inclusion", params={"index": index})
                ).raise_for_status()
        watching.cancel()
        return {"facts": FACTS, "most memory of the audit, MB (RSS)": round(most / 1e6)}


PARTS: dict[str, Callable[[], Awaitable[Figures]]] = {
    "rate": rate,
    "latency": latency,
    "verify": check,
    "proof": proof,
    "memory": memory,
}


async def run(*parts: str) -> Figures:
    figures: Figures = {
        "when, and load before": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.getloadavg()[0]:.1f} (1 min)"
    }
    for part in parts or tuple(PARTS):
        figures |= {f"{part}: {name}": figure for name, figure in (await PARTS[part]()).items()}
    return figures
