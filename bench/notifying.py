"""The notifier alone on a broker, with eight channels over HTTP and the decisions of real reports, ten
messages each. Goals: 5,000 messages out in less than 10 s; at 100 messages/s the gateway has each less
than 100 ms after its decision (p99); a gateway that hangs moves no other channel's p99 by more than 20 %;
at most 0.35 ms of CPU a message, templates included.

Half of the channels carry short texts, a quarter spoken ones, a quarter long ones. A person is told by two,
and has a third.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psutil
import yaml
from msgspec.structs import replace
from nats.aio.client import Client

from bench.rig import Gateway, quantile
from services.escalator.deciding.decide import decide
from shared.case import write_case
from shared.facts import Fact
from shared.ids import PersonId, case_id_at
from shared.streams import CASES, FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind
from tests.escalator.builders import a_report, default_rules, example_directory
from tests.lab import ROOT, Running, lab_in, until

PARTS = ("cost", "burst", "pace", "hanging")
FORMS = ("short", "spoken", "short", "long") * 2
CHANNELS = tuple(f"c{number}_{form}" for number, form in enumerate(FORMS))
TOLD, EACH = 5, 10
"""People and messages of a decision."""
BURST = 500
PACE, SECONDS, ROUNDS = 10, 15, 3
"""Decisions a second, seconds of a stretch, stretches of a sort."""
COST_PACE = 40
GIVE_UP = 90.0
PEOPLE = [person.id for person in example_directory().people]

Sent = dict[str, float]
"""When the decision of each case was sent."""


def channels_of(number: int) -> list[str]:
    """Of the person of this number; by the first two the person is told."""
    return [CHANNELS[(number + step) % len(CHANNELS)] for step in (0, 3, 5)]


class ByChannel(Gateway):
    """Knows when each case came by which channel, and gives no answer to a channel that hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging = ""
        self.came: list[tuple[str, str, float]] = []

    def taken(self, body: bytes) -> bool:
        data, now = orjson.loads(body)["data"], time.time()
        if data["channel"] == self.hanging:
            return False
        ids = data.get("also") or [data["notice"]]
        self.came += [(one[:26], data["channel"], now) for one in ids]
        return True


@dataclass
class Installation:
    gateway: ByChannel
    notifier: Running
    escalator: Client
    decided: int = 0

    async def decide(self) -> tuple[str, float]:
        """A report is decided, as the escalator does it; the case and the moment at which its decision was
        sent.
        """
        self.decided += 1
        now = datetime.now(UTC)
        case, sequence = case_id_at(now), self.decided
        report = a_report(occurred_at=now, learned_at=now, received_at=now)
        fact = Fact.of(
            Kind.REPORTED, id=f"r:{case}", source="/services/intake", subject=case, time=now, data=report
        )
        after, decision = decide(None, fact, sequence, now, default_rules())
        numbers = [(sequence * TOLD + place) % len(PEOPLE) for place in range(TOLD)]
        notices = tuple(
            replace(notice, person=PersonId(PEOPLE[number]), channels=tuple(channels_of(number)[:2]))
            for notice, number in zip(decision.notices, numbers, strict=False)
        )
        assert len(notices) == TOLD
        decision = replace(decision, notices=notices)
        js = self.escalator.jetstream()
        await js.publish(f"$KV.{CASES}.{case}", write_case(after))
        said = f"{case}:{sequence}"
        raw = Fact.bytes_of(
            Kind.DECIDED, id=said, source="/services/escalator", subject=case, time=now, data=decision
        )
        at = time.time()
        await js.publish(fact_subject(case, Kind.DECIDED), raw, stream=FACTS, headers={"Nats-Msg-Id": said})
        return case, at

    async def decisions(self, count: int, per_second: float) -> Sent:
        """Each at its moment, however long the others take."""
        began, tasks = time.monotonic(), list[asyncio.Task[tuple[str, float]]]()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                tasks.append(group.create_task(self.decide()))
        return dict(task.result() for task in tasks)

    async def all_out(self, sent: Sent) -> None:
        """Every message of these has come."""

        def are_out() -> bool:
            return sum(case in sent for case, _, _ in self.gateway.came) >= len(sent) * EACH

        await until(are_out, seconds=GIVE_UP, what="every message at the gateway")

    def cpu(self) -> float:
        return sum(psutil.Process(self.notifier.process.pid).cpu_times()[:2])

    def after(self, sent: Sent, but: Collection[str] = ()) -> list[float]:
        """Milliseconds from the decision to each message, without these channels."""
        return [
            (at - sent[case]) * 1000
            for case, channel, at in self.gateway.came
            if case in sent and channel not in but
        ]


async def run(*parts: str) -> dict[str, object]:
    figures: dict[str, object] = {}
    async with _installation() as all_up:
        sent = await all_up.decisions(100, COST_PACE)  # warm
        await all_up.all_out(sent)
        for part in parts or PARTS:
            figures |= await MEASURED[part](all_up)
    return figures


async def cost(all_up: Installation) -> dict[str, object]:
    each: list[float] = []
    for _ in range(ROUNDS):
        before = all_up.cpu()
        sent = await all_up.decisions(COST_PACE * SECONDS, COST_PACE)
        await all_up.all_out(sent)
        each.append((all_up.cpu() - before) / (len(sent) * EACH) * 1e6)
    return {f"CPU of the notifier a message, µs, at {COST_PACE * EACH}/s": _rounded(each)}


async def burst(all_up: Installation) -> dict[str, object]:
    seconds: list[float] = []
    for _ in range(ROUNDS):
        sent = await all_up.decisions(BURST, 1e9)
        await all_up.all_out(sent)
        last = max(at for case, _, at in all_up.gateway.came if case in sent)
        seconds.append(last - min(sent.values()))
    return {f"{BURST * EACH} messages over {len(CHANNELS)} channels, s": _rounded(seconds, 2)}


async def pace(all_up: Installation) -> dict[str, object]:
    late: list[float] = []
    for _ in range(ROUNDS):
        sent = await all_up.decisions(PACE * SECONDS, PACE)
        await all_up.all_out(sent)
        late += all_up.after(sent)
    return {f"decision → gateway at {PACE * EACH} messages/s, ms: p50, p99": _quantiles(late)}


async def hanging(all_up: Installation) -> dict[str, object]:
    """In turns, and judged by what the other channels' messages take."""
    calm, beside = list[float](), list[float]()
    channel = CHANNELS[0]
    for _ in range(ROUNDS):
        sent = await all_up.decisions(PACE * SECONDS, PACE)
        await all_up.all_out(sent)
        calm += all_up.after(sent, {channel})
        all_up.gateway.hanging = channel
        sent = await all_up.decisions(PACE * SECONDS, PACE)
        all_up.gateway.hanging = ""
        await all_up.all_out(sent)
        beside += all_up.after(sent, {channel})
    moved = quantile(beside, 0.99) / quantile(calm, 0.99) - 1
    return {
        "other channels, ms: p50, p99": _quantiles(calm),
        "the same beside a channel that hangs": _quantiles(beside),
        "its p99 moved by": f"{moved:+.0%}",
    }


MEASURED = {"cost": cost, "burst": burst, "pace": pace, "hanging": hanging}


@asynccontextmanager
async def _installation() -> AsyncGenerator[Installation]:
    gateway = ByChannel()
    server = await asyncio.get_running_loop().create_server(gateway.connection, "127.0.0.1", gateway.port)
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as name:
        async with lab_in(Path(name), mongo=False, directory=_directory(Path(name))) as lab:
            lab.forged = False
            channels = _channel_file(Path(name), gateway.port)
            notifier = await lab.start_service("notifier", FENGHUO_CHANNELS=str(channels))
            async with lab.connection("escalator") as escalator:
                yield Installation(gateway, notifier, escalator)
    server.close()


def _directory(folder: Path) -> Path:
    """The example's, with addresses on the eight channels."""
    document = yaml.safe_load((ROOT / "config" / "directory.yaml").read_text(encoding="utf-8"))
    for number, person in enumerate(document["people"]):
        address = f"+86{number:011}"
        person["channels"] = [{"channel": one, "address": address} for one in channels_of(number)]
    path = folder / "people.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def _channel_file(folder: Path, port: int) -> Path:
    lines = [
        f"  {name}: {{kind: webhook, url: 'http://127.0.0.1:{port}/{name}', private: true, form: {form}}}"
        for name, form in zip(CHANNELS, FORMS, strict=True)
    ]
    path = folder / "channels.yaml"
    path.write_text("\n".join(["channels:", *lines]) + "\n", encoding="utf-8")
    return path


def _rounded(values: Sequence[float], digits: int = 0) -> str:
    return ", ".join(f"{value:,.{digits}f}" for value in sorted(values))


def _quantiles(values: list[float]) -> str:
    return f"{quantile(values, 0.5):.1f}, {quantile(values, 0.99):.1f} ({len(values):,} messages)"
