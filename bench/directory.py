"""A directory of 20,000 people and 3,000 units: stored from the file, read by a service that starts, changed
and followed.
"""

import asyncio
import gc
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psutil
import yaml
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from bench.large_directory import large_directory
from bench.rig import broker_alone
from services.intake.directory.changes import Changed, ChangeForm, DirectoryChanges
from services.intake.directory.in_force import DirectoryInForce
from services.intake.directory.operator_file import OperatorFile
from services.intake.metrics import Metrics
from services.intake.recording.record import FactRecord
from shared.broker.connection import connect
from shared.directory import Directory, gaps, shown
from shared.directory.faults import faults_of
from shared.directory.live import LiveDirectory
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.lab import ROOT, Lab, until

CHANGES = 10
FOLLOWERS = ("intake", "escalator", "notifier", "audit")


class Stopwatch:
    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        return f"{time.perf_counter() - self.wall:.2f} s ({time.process_time() - self.cpu:.2f} s of CPU here)"


def empty() -> Directory:
    return Directory(version="none", areas=(), units=(), people=(), posts=())


def intake(connection: Client) -> tuple[LiveDirectory, DirectoryChanges, OperatorFile]:
    live = LiveDirectory(empty(), lambda: connection)
    record = FactRecord(lambda: connection, Metrics(CollectorRegistry()))
    in_force = DirectoryInForce(live, record, lambda: connection, lambda: datetime.now(UTC))
    changes = DirectoryChanges(in_force, record, lambda: datetime.now(UTC), frozenset)
    return live, changes, OperatorFile(in_force, lambda: datetime.now(UTC))


async def run() -> dict[str, Any]:
    document = orjson.dumps(large_directory())
    directory = Directory.model_validate_json(document)
    async with broker_alone() as lab, lab.connection("intake") as writing, lab.connection("audit") as reading:
        own, changes, operator_file = intake(writing)
        watch = Stopwatch()
        await operator_file.take(directory)
        figures: dict[str, Any] = {
            "document, MB": f"{len(document) / 1e6:.1f}",
            "first start: stored and told": str(watch),
        }
        before = _memory()
        watch = Stopwatch()
        live = LiveDirectory(empty(), lambda: reading)
        await live.open()
        figures["a service that starts has read it"] = str(watch)
        figures["memory more for it, MB"] = f"{_memory() - before:.0f}"
        assert live.now == directory
        following = asyncio.create_task(own.run())
        await own.open()  # what it wrote itself a moment ago
        figures |= await _changes(lab, changes)
        following.cancel()
    figures |= await _services()
    now = datetime.now(UTC)
    for name, task in {
        "gaps of two weeks, 300 rosters": lambda: gaps(directory, now, now + timedelta(days=14)),
        "the page of all rosters": lambda: shown.part(directory, "rosters", now, personal=False),
        "checked as a whole": lambda: faults_of(directory),
    }.items():
        watch = Stopwatch()
        task()
        figures[name] = str(watch)
    return figures


async def _changes(lab: Lab, changes: DirectoryChanges) -> dict[str, Any]:
    """From the moment the request came in until the last of four followers has it, and how much of it the
    request took to be checked.
    """
    heard: dict[int, list[float]] = {}
    connections = [await _connected(lab, user) for user in FOLLOWERS]
    followers = [LiveDirectory(empty(), lambda one=one: one) for one in connections]
    for follower in followers:
        await follower.open()
        follower.listeners.append(
            lambda _, follower=follower: heard.setdefault(follower.revision, []).append(time.perf_counter())
        )
    tasks = [asyncio.create_task(follower.run()) for follower in followers]
    await asyncio.sleep(2)
    last: list[float] = []
    answered: list[float] = []
    for number in range(CHANGES):
        since = datetime.now(UTC)
        absence = {"from": since.isoformat(), "until": (since + timedelta(days=1)).isoformat()}
        form = {"changes": [{"op": "set_absence", "person": f"person_{19_000 + number}", "absence": absence}]}
        begun = time.perf_counter()
        changed = await changes.change(
            ChangeForm.model_validate(form), Principal(subject="op", role=Role.OPERATOR)
        )
        answered.append(time.perf_counter() - begun)
        assert isinstance(changed, Changed)
        revision = changed.revision
        await until(lambda revision=revision: len(heard.get(revision, ())) == len(followers))
        last.append(max(heard[revision]) - begun)
    for task in tasks:
        task.cancel()
    for connection in connections:
        await connection.close()
    middle = CHANGES // 2
    return {
        "change → answer, ms, median and worst": f"{sorted(answered)[middle] * 1e3:.0f}, {max(answered) * 1e3:.0f}",
        "change → in the last of four followers, ms, median and worst": f"{sorted(last)[middle] * 1e3:.0f}, {max(last) * 1e3:.0f}",
    }


async def _services() -> dict[str, Any]:
    """Each service as a process of its own, started on a bucket that has everything: until it is ready, and
    what it takes more of memory than with the directory of the example.
    """
    started = {
        name: await _started(document)
        for name, document in {"large": _with_example(), "example": _example()}.items()
    }
    figures: dict[str, Any] = {}
    for service, (wall, cpu, memory) in started["large"].items():
        small_wall, small_cpu, small_memory = started["example"][service]
        figures[f"{service}: start to ready"] = f"{wall:.1f} s ({cpu:.1f} of CPU)"
        figures[f"{service}: with the example"] = f"{small_wall:.1f} s ({small_cpu:.1f} of CPU)"
        figures[f"{service}: memory more, MB"] = f"{memory - small_memory:.0f}"
    return figures


async def _started(document: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    """(seconds, seconds of CPU, MB) of each service."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as name:
        path = Path(name) / "directory.yaml"
        path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
        lab = Lab(Path(name), path, forged=False)
        try:
            await lab.start()
            first = await lab.start_service("intake", wait=False)
            await until(first.is_ready, seconds=300, what="the directory stored")
            taken: dict[str, tuple[float, float, float]] = {}
            for service in FOLLOWERS:
                begun = time.perf_counter()
                process = psutil.Process((await lab.start_service(service)).process.pid)
                cpu = process.cpu_times()
                taken[service] = (
                    time.perf_counter() - begun,
                    cpu.user + cpu.system,
                    process.memory_info().rss / 1e6,
                )
            return taken
        finally:
            lab.close()


def _example() -> dict[str, Any]:
    return yaml.load(
        (ROOT / "config" / "directory.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )


def _with_example() -> dict[str, Any]:
    """The large one below the example's top, since the policy names the example's posts."""
    example, large = _example(), large_directory()
    large["units"][0]["superior"] = next(unit["id"] for unit in example["units"] if not unit.get("superior"))
    large["areas"][0]["within"] = next(area["code"] for area in example["areas"] if not area.get("within"))
    return {
        name: part + large.get(name, []) if isinstance(part, list) else part for name, part in example.items()
    }


async def _connected(lab: Lab, user: str) -> Client:
    return await connect(lab.settings(user), user, timeout=10)


def _memory() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6
