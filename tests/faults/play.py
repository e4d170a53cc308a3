"""A day of faults in half a minute: people report and answer while parts of the installation are killed, frozen and started again.

Invariant: everything that is asked of it comes from a seed; whoever is not answered asks again with the same key, as a good client does.
At the end all parts run, everything comes to rest, and the books are closed.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from fenghuo.gateway_lab import GatewayLab, Mode
from services.audit.checking.against_stream import stream_faults
from services.audit.writing.feed import Feed
from services.escalator.policy.compress import compress
from shared.broker_time import stored_at
from shared.case import Case, read_case
from shared.case_parts import part_of, whole_case
from shared.facts import Fact
from shared.ids import CaseId
from shared.stored import asking
from shared.streams import CASES, CLOCKS, FACTS, durable_configs, escalator_durable
from shared.subjects import LANES
from shared.vocabulary import Role
from tests.audit.reading import key_of, store_of
from tests.faults.balance import BROKER, Books, Outage, Receipt, Stored
from tests.faults.cluster_lab import cluster_lab_in
from tests.lab import Lab, Running, lab_in, until
from tests.notifier.conftest import start_notifier, webhook_key

RATIO = 60
"""Half an hour takes thirty seconds."""
SERVICES = ("intake", "escalator", "notifier", "audit")
LEADERS = ("zhao_jia", "qian_yi", "sun_bing", "li_ding")
REPORTS_PER_SECOND = 4
PATIENCE = 60.0
"""Seconds a client goes on asking, and everything may take to come to rest."""


@dataclass
class Play:
    lab: Lab
    gateway: GatewayLab
    chance: random.Random
    copies: int
    brokers: int
    running: dict[str, list[Running]] = field(default_factory=dict[str, list[Running]])
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    outages: list[Outage] = field(default_factory=list[Outage])
    asked_again: int = 0
    waits_for: str = ""
    """What a durable that is not at rest was seen to wait for, for whoever reads why a play did not end."""

    async def start(self, service: str) -> Running:
        if service == "notifier":
            started = await start_notifier(self.lab, self.gateway, FENGHUO_DIRECTORY=str(self.lab.directory))
        else:
            started = await self.lab.start_service(service)
        self.running.setdefault(service, []).append(started)
        return started

    # What people do

    async def people(self, seconds: float) -> None:
        """Reports at a steady rate; leaders answer some of them."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with httpx.AsyncClient(timeout=10) as http, asyncio.TaskGroup() as group:
            for number in range(int(seconds * REPORTS_PER_SECOND)):
                await asyncio.sleep(max(0.0, began + number / REPORTS_PER_SECOND - loop.time()))
                group.create_task(self._report(http, number, self.chance.random()))

    async def _report(self, http: httpx.AsyncClient, number: int, chance: float) -> None:
        now = datetime.now(UTC).isoformat()
        form = {"category": "accident", "level": ("I", "II", "III", "IV")[number % 4], "unit": "emergency_bureau", "area": "620622"}
        form |= {"occurred_at": now, "learned_at": now, "summary": f"第{number}号储罐泄漏 tank {number} leaks"}
        headers = self.lab.bearer(Role.REPORTER, unit="emergency_bureau") | {"Idempotency-Key": f"play-{number}"}
        told = await self._asked(http, "/api/v1/reports", form, headers)
        case = CaseId(told["case"])
        if chance < 0.5:
            person = LEADERS[number % len(LEADERS)]
            await self._asked(http, f"/api/v1/cases/{case}/acknowledge", {}, self.lab.bearer(Role.LEADER, person=person))
        if chance < 0.2:
            await self._asked(
                http, f"/api/v1/cases/{case}/progress", {"text": "on the way", "percent": 50}, headers | {"Idempotency-Key": f"go-{number}"}
            )

    async def _asked(self, http: httpx.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """Until somebody takes it: each intake in turn."""
        last = "nobody"
        async with asyncio.timeout(PATIENCE):
            while True:
                for intake in self.running["intake"]:
                    try:
                        answer = await http.post(intake.url + path, json=body, headers=headers)
                    except httpx.HTTPError as error:
                        last = repr(error)
                        continue
                    if answer.status_code in (200, 201, 202, 409):
                        told = answer.json()
                        if "fact" in told:
                            self.receipts.append(Receipt(CaseId(told["case"]), told["fact"]["sequence"]))
                        return told
                    last = f"{answer.status_code} {answer.text[:200]}"
                    assert answer.status_code == 503, f"{path}: {last}"
                self.asked_again += 1
                await asyncio.sleep(0.2)

    # What happens to the machine

    def deeds(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        return (
            *(lambda service=service: self._killed(service) for service in SERVICES),
            self._broker_killed,
            self._store_killed,
            self._frozen,
            self._gateway_in_trouble,
        )

    async def faults(self, seconds: float) -> None:
        """One after the other, each from the list in an order of the seed's."""
        loop = asyncio.get_running_loop()
        ends_at, waiting = loop.time() + seconds, list[Callable[[], Awaitable[None]]]()
        while loop.time() < ends_at:
            if not waiting:
                waiting = [*self.deeds()]
                self.chance.shuffle(waiting)
            await waiting.pop()()
            await asyncio.sleep(self.chance.uniform(0.2, 1.0))

    async def _killed(self, service: str) -> None:
        began = datetime.now(UTC)
        victim = self.running[service].pop(0)
        victim.kill()
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        await self.start(service)
        if self.copies == 1:
            self._away(service, began)

    async def _broker_killed(self) -> None:
        began = datetime.now(UTC)
        await asyncio.to_thread(self.lab.kill_nats)
        await asyncio.sleep(self.chance.uniform(0.0, 1.5))
        await asyncio.to_thread(self.lab.start_nats)
        await self.all_ready("all are ready after the broker")
        if self.brokers == 1:
            self._away(BROKER, began)

    async def _store_killed(self) -> None:
        await asyncio.to_thread(self.lab.kill_mongo)
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        await asyncio.to_thread(self.lab.start_mongo)

    async def _frozen(self) -> None:
        """An escalator that is taken for dead and comes back."""
        began = datetime.now(UTC)
        victim = self.running["escalator"][0].process
        victim.send_signal(signal.SIGSTOP)
        await asyncio.sleep(3)
        victim.send_signal(signal.SIGCONT)
        if self.copies == 1:
            self._away("escalator", began)

    async def _gateway_in_trouble(self) -> None:
        self.gateway.gateway.command("/voice", Mode.FAIL)
        await asyncio.sleep(1)
        self.gateway.gateway.command("/voice", Mode.OK)

    def _away(self, part: str, began: datetime) -> None:
        self.outages.append(Outage(part, began, datetime.now(UTC)))

    async def all_ready(self, what: str) -> None:
        """Wait for it. Raises AssertionError with what the first one that is not ready says."""
        try:
            await until(self._is_ready, seconds=PATIENCE, what=what)
        except AssertionError as error:
            async with httpx.AsyncClient(timeout=5) as http:
                said = [(await http.get(f"{part.url}/readyz")).text for parts in self.running.values() for part in parts]
            raise AssertionError(f"{error}\n" + "\n".join(said)) from None

    async def _is_ready(self) -> bool:
        return all([await asyncio.to_thread(part.is_ready) for parts in self.running.values() for part in parts])

    # The books

    async def close_books(self) -> Books:
        async with self.lab.connection("admin") as admin:
            while not await self._at_rest(admin):
                await self.start("escalator")
            await until(lambda: self._nothing_waits(admin, ("notifier", "audit")), seconds=PATIENCE, what="calls and records are out")
            for notifier in self.running["notifier"]:
                await asyncio.to_thread(notifier.stop)
            clocks = await _clocks(admin)
            facts = await _facts(admin)  # after the clocks: one that has struck in between stands here
            last = facts[-1].sequence
            await until(lambda: self._recorded(last), seconds=PATIENCE, what="the trail covers all of it")
            return Books(
                receipts=self.receipts,
                facts=facts,
                cases=await _cases(admin),
                clocks=clocks,
                calls=[call for message in self.gateway.gateway.messages for call in message.data.get("also") or [message.id]],
                records=await self._differences(),
                outages=self.outages,
            )

    async def _at_rest(self, admin: Client) -> bool:
        """Everything is taken in and no clock is decided on any more; False where one was being decided on at the stop."""
        try:
            await until(lambda: self._nothing_waits(admin), seconds=PATIENCE, what="the services have taken everything in")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.waits_for}") from None
        for escalator in self.running["escalator"]:
            await asyncio.to_thread(escalator.stop)
        self.running["escalator"].clear()
        js = admin.jetstream()
        return not any([(await js.consumer_info(FACTS, escalator_durable(lane))).num_ack_pending for lane in range(LANES)])

    async def _nothing_waits(self, admin: Client, durables: tuple[str, ...] | None = None) -> bool:
        js = admin.jetstream()
        try:
            for stream, config in durable_configs():
                if durables is None or config.durable_name in durables:
                    info = await js.consumer_info(stream, cast(str, config.durable_name))
                    if info.num_pending or info.num_ack_pending:
                        self.waits_for = f"{config.durable_name}: {info.num_pending} to come, {info.num_ack_pending} not acknowledged"
                        return False
        except (NatsError, TimeoutError):
            return False
        return True

    async def _recorded(self, last: int) -> bool:
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(f"{self.running['audit'][0].url}/api/v1/trail/state", headers=self.lab.bearer(Role.AUDITOR))
        return answer.status_code == 200 and answer.json()["size"] >= last

    async def _differences(self) -> list[str]:
        async with store_of(self.lab) as source, self.lab.connection("audit") as reader:
            return [str(fault) for fault in await stream_faults(source, key_of(self.lab), Feed(lambda: reader))]


async def _facts(admin: Client) -> list[Stored]:
    js = admin.jetstream()
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=30)
    subscription = await js.pull_subscribe("fact.>", stream=FACTS, config=config)
    facts: list[Stored] = []
    left = (await subscription.consumer_info()).num_pending or 0
    while left > 0:
        for message in await subscription.fetch(min(left, 200), timeout=20):
            left -= 1
            facts.append(Stored(message.metadata.sequence.stream, stored_at(message), Fact.read(message.data)))
    await subscription.unsubscribe()
    return facts


async def _cases(admin: Client) -> dict[CaseId, Case]:
    ask = asking(lambda: admin, timeout=30)
    bucket = await admin.jetstream().key_value(CASES)
    cases: dict[CaseId, Case] = {}
    for case_id, part in map(part_of, await bucket.keys()):
        if not part:
            raw = (await bucket.get(case_id)).value or b""
            cases[case_id] = read_case(await whole_case(ask, case_id, raw))
    return cases


async def _clocks(admin: Client) -> dict[CaseId, datetime]:
    js = admin.jetstream()
    info = await js.stream_info(CLOCKS, subjects_filter="clock.armed.>")
    clocks: dict[CaseId, datetime] = {}
    for subject in info.state.subjects or {}:
        with suppress(NotFoundError):  # it has struck this moment
            headers = cast(dict[str, str], (await js.get_last_msg(CLOCKS, subject)).headers or {})
            clocks[CaseId(subject.rsplit(".", 1)[1])] = datetime.fromisoformat(headers["Nats-Schedule"].removeprefix("@at "))
    return clocks


@asynccontextmanager
async def play_in(folder: Path, seed: int, copies: int, brokers: int) -> AsyncIterator[Play]:
    """Everything up, `copies` of each service, one broker or three."""
    async with lab_in(folder) if brokers == 1 else cluster_lab_in(folder) as lab, GatewayLab(webhook_key(lab)) as gateway:
        fast = folder / "policy.yaml"
        fast.write_text(compress(lab.policy.read_text(encoding="utf-8"), RATIO), encoding="utf-8")
        lab.policy = fast
        play = Play(lab, gateway, random.Random(seed), copies, brokers)
        for service in SERVICES:
            for _ in range(1 if service == "audit" else copies):  # a trail has one writer
                await play.start(service)
        yield play


async def played(folder: Path, seed: int, *, copies: int, brokers: int, seconds: float) -> tuple[Play, Books]:
    async with play_in(folder, seed, copies, brokers) as play:
        async with asyncio.TaskGroup() as group:
            group.create_task(play.people(seconds))
            group.create_task(play.faults(seconds))
        await play.all_ready("all are ready at the end")
        return play, await play.close_books()
