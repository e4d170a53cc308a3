"""A day of faults in half a minute: people report and answer while parts of the installation are killed,
frozen and started again.

Invariant: everything that is asked of it comes from a seed; whoever is not answered asks again with the same
key, as a good client does. At the end all parts run, everything comes to rest, and the books are closed.
"""

import asyncio
import random
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from nats.aio.client import Client

from fenghuo.gateway_lab import Mode
from services.escalator.policy.compress import compress
from shared.ids import CaseId
from shared.vocabulary import Role
from tests.faults import closing
from tests.faults.approved import AS_APPROVED, approve_the_policy, change_the_holder, what_holds
from tests.faults.balance import BROKER, GATEWAY, Books, Outage, Receipt
from tests.faults.cluster_lab import cluster_lab_in
from tests.faults.gateway import GatewayProcess
from tests.faults.thrown_in import ThrownIn
from tests.lab import Lab, Running, lab_in, until
from tests.notifier.conftest import start_notifier

RATIO = 60
"""Half an hour takes thirty seconds, where nothing else is asked for."""
SERVICES = ("intake", "escalator", "notifier", "audit")
LEADERS = ("zhao_jia", "qian_yi", "sun_bing", "li_ding")
REPORTS_PER_SECOND = 4
PATIENCE = 60.0
"""Seconds a client goes on asking."""
LIGHTS_OUT = 30.0
"""Seconds after which a service that can't do its work may not say any more that it is ready."""
OLDER = "older-copy"
"""Of the broker's data, as it was when it was first killed."""


Request = tuple[str, dict[str, Any], dict[str, str]]
"""Path, body, headers."""
Deed = Callable[[], Awaitable[None]]


@dataclass
class Play:
    lab: Lab
    gateway: GatewayProcess
    chance: random.Random
    copies: int
    brokers: int
    running: dict[str, list[Running]] = field(default_factory=dict[str, list[Running]])
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    outages: list[Outage] = field(default_factory=list[Outage])
    """When nobody was there for a part."""
    deaths: list[Outage] = field(default_factory=list[Outage])
    """When one of its processes was killed or frozen, whoever else was there."""
    asked_again: int = 0
    requests: list[Request] = field(default_factory=list[Request])
    """Those with a key, which may come again."""
    lights: list[str] = field(default_factory=list[str])
    older_copy: bool = False

    def __post_init__(self) -> None:
        self.thrown_in = ThrownIn(self.lab, self.chance, self.brokers)

    async def start(self, service: str) -> Running:
        if service == "notifier":
            ours = {
                "FENGHUO_DIRECTORY": str(self.lab.directory),
                "FENGHUO_CHANNELS": str(self.gateway.channels),
            }
            started = await start_notifier(self.lab, self.gateway, **ours)
        else:
            started = await self.lab.start_service(service)
        self.running.setdefault(service, []).append(started)
        return started

    # What people do

    async def people(self, seconds: float) -> None:
        """Reports at a steady rate; leaders answer some of them."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with httpx2.AsyncClient(timeout=10) as http, asyncio.TaskGroup() as group:
            for number in range(int(seconds * REPORTS_PER_SECOND)):
                await asyncio.sleep(max(0.0, began + number / REPORTS_PER_SECOND - loop.time()))
                group.create_task(self._report(http, number, self.chance.random()))

    async def _report(self, http: httpx2.AsyncClient, number: int, chance: float) -> None:
        now = datetime.now(UTC).isoformat()
        form = {
            "category": "accident",
            "level": ("I", "II", "III", "IV")[number % 4],
            "unit": "emergency_bureau",
            "area": "620622",
        }
        form |= {
            "occurred_at": now,
            "learned_at": now,
            "summary": f"第{number}号储罐泄漏 tank {number} leaks",
        }
        headers = self.lab.bearer(Role.REPORTER, unit="emergency_bureau") | {
            "Idempotency-Key": f"play-{number}"
        }
        told = await self._asked(http, "/api/v1/reports", form, headers)
        case = CaseId(told["case"])
        if chance < 0.5:
            person = LEADERS[number % len(LEADERS)]
            await self._asked(
                http, f"/api/v1/cases/{case}/acknowledge", {}, self.lab.bearer(Role.LEADER, person=person)
            )
        if chance < 0.2:
            await self._asked(
                http,
                f"/api/v1/cases/{case}/progress",
                {"text": "on the way", "percent": 50},
                headers | {"Idempotency-Key": f"go-{number}"},
            )

    async def _asked(
        self, http: httpx2.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any]:
        """Until somebody takes it: each intake in turn."""
        last = "nobody"
        async with asyncio.timeout(PATIENCE):
            while True:
                for intake in self.running["intake"]:
                    try:
                        answer = await http.post(intake.url + path, json=body, headers=headers)
                    except httpx2.HTTPError as error:
                        last = repr(error)
                        continue
                    if answer.status_code in (200, 201, 202, 409):
                        told = answer.json()
                        if "Idempotency-Key" in headers:
                            self.requests.append((path, body, headers))
                        if "fact" in told:
                            self.receipts.append(Receipt(CaseId(told["case"]), told["fact"]["sequence"]))
                        return told
                    last = f"{answer.status_code} {answer.text[:200]}"
                    assert answer.status_code == 503, f"{path}: {last}"
                self.asked_again += 1
                await asyncio.sleep(0.2)

    # What happens to the machine

    def deeds(self) -> tuple[Deed, ...]:
        return (
            *(lambda service=service: self._killed(service) for service in SERVICES),
            self._broker_killed,
            self._store_killed,
            self._frozen,
            self._gateway_in_trouble,
            self._gateway_frozen,
        )

    def worse_deeds(self) -> tuple[Deed, ...]:
        """Where there is time for them."""
        return (
            self.thrown_in.facts,
            self._case_unreadable,
            self._asked_twice,
            lambda: self.thrown_in.facts_again(self.receipts),
            self._durable_anew,
            self._gateway_takes_nothing,
            *([self._broker_frozen] if self.brokers == 1 else []),
        )

    async def faults(self, seconds: float, *more: Deed) -> None:
        """One after the other, each from the list in an order of the seed's."""
        loop = asyncio.get_running_loop()
        ends_at, waiting = loop.time() + seconds, list[Deed]()
        while loop.time() < ends_at:
            if not waiting:
                waiting = [*self.deeds(), *more]
                self.chance.shuffle(waiting)
            await waiting.pop()()
            await asyncio.sleep(self.chance.uniform(0.2, 1.0))

    async def _killed(self, service: str) -> None:
        began = datetime.now(UTC)
        victim = self.running[service].pop(0)
        victim.kill()
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        await self.start(service)
        self._away(service, began, 1 if service == "audit" else self.copies)

    async def _broker_killed(self) -> None:
        began = datetime.now(UTC)
        await asyncio.to_thread(self.lab.kill_nats)
        if self.brokers == 1 and not self.older_copy:
            await asyncio.to_thread(shutil.copytree, self.lab.folder / "nats", self.lab.folder / OLDER)
            self.older_copy = True
        await asyncio.sleep(self.chance.uniform(0.0, 3.0))
        await asyncio.to_thread(self.lab.start_nats)
        self._away(BROKER, began, self.brokers)
        await self.all_ready("all are ready after the broker")

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
        self._away("escalator", began, self.copies)

    async def _gateway_in_trouble(self) -> None:
        await self.gateway.command("/voice", Mode.FAIL)
        await asyncio.sleep(1)
        await self.gateway.command("/voice", Mode.OK)

    async def _gateway_frozen(self) -> None:
        """It takes calls and answers none for so long that some are handed over again."""
        began = datetime.now(UTC)
        self.gateway.freeze()
        await asyncio.sleep(self.chance.uniform(1.0, 7.0))
        self.gateway.thaw()
        self.deaths.append(Outage(GATEWAY, began, datetime.now(UTC)))

    async def _case_unreadable(self) -> None:
        """Its next act makes it again."""
        if not self.receipts:
            return
        case = self.chance.choice(self.receipts).case
        await self.thrown_in.case(case)
        headers = self.lab.bearer(Role.REPORTER, unit="emergency_bureau") | {
            "Idempotency-Key": f"unreadable-{len(self.requests)}"
        }
        async with httpx2.AsyncClient(timeout=10) as http:
            await self._asked(
                http, f"/api/v1/cases/{case}/progress", {"text": "still on the way", "percent": 60}, headers
            )

    async def _asked_twice(self) -> None:
        """Clients that were not answered ask again, long after the broker has forgotten them."""
        async with self.thrown_in.forgetful(), httpx2.AsyncClient(timeout=10) as http:
            for path, body, headers in self.chance.sample(self.requests, min(5, len(self.requests))):
                await self._asked(http, path, body, headers)

    async def _durable_anew(self) -> None:
        await self.thrown_in.durable_anew()
        await self.all_ready("all are ready after a durable was made anew")

    async def _gateway_takes_nothing(self) -> None:
        began = datetime.now(UTC)
        await self.gateway.command("*", Mode.FAIL)
        await self._lights_go_out("notifier", "no channel takes anything")
        await self.gateway.command("*", Mode.OK)
        self.deaths.append(Outage(GATEWAY, began, datetime.now(UTC)))

    async def _broker_frozen(self) -> None:
        """It takes what is written and stores nothing of it."""
        assert self.lab.nats
        began = datetime.now(UTC)
        self.lab.nats.send_signal(signal.SIGSTOP)
        for service in SERVICES:
            await self._lights_go_out(service, "the broker stores nothing")
        self.lab.nats.send_signal(signal.SIGCONT)
        self._away(BROKER, began, self.brokers)
        await self.all_ready("all are ready after the broker stood still")

    async def _lights_go_out(self, service: str, why: str) -> None:
        for part in self.running[service]:

            async def is_out(part: Running = part) -> bool:
                return not await asyncio.to_thread(part.is_ready)

            try:
                await until(is_out, seconds=LIGHTS_OUT, what="the light is out")
            except AssertionError:
                self.lights.append(f"{service} says that it is ready, and {why}")

    def _away(self, part: str, began: datetime, copies: int) -> None:
        """One of so many was, until now."""
        away = Outage(part, began, datetime.now(UTC))
        self.deaths.append(away)
        if copies == 1:
            self.outages.append(away)

    async def all_ready(self, what: str) -> None:
        """Wait for it. Raises AssertionError with what the first one that is not ready says."""
        try:
            await until(self._is_ready, seconds=PATIENCE, what=what)
        except AssertionError as error:
            async with httpx2.AsyncClient(timeout=5) as http:
                said = [
                    (await http.get(f"{part.url}/readyz")).text
                    for parts in self.running.values()
                    for part in parts
                ]
            raise AssertionError(f"{error}\n" + "\n".join(said)) from None

    async def _is_ready(self) -> bool:
        return all(
            [await asyncio.to_thread(part.is_ready) for parts in self.running.values() for part in parts]
        )

    # The books

    async def approve(self) -> None:
        """What every restart of this play must keep."""
        await approve_the_policy(self.lab, self.running["escalator"][0])
        await change_the_holder(self.lab, self.running["intake"][0])

    async def not_as_approved(self) -> list[str]:
        holds = [
            await what_holds(self.lab, self.running["escalator"], intake) for intake in self.running["intake"]
        ]
        return [f"in force, approved by, holder: {there}" for there in holds if there != AS_APPROVED]

    async def close_books(self) -> Books:
        async with self.lab.connection("admin") as admin:
            through = await self._at_rest(admin)
            await closing.told(admin)
            for notifier in self.running["notifier"]:
                await asyncio.to_thread(notifier.stop)
            clocks = await closing.read_clocks(admin)
            await closing.struck_arrived(admin, clocks, self.thrown_in.unreadable)
            # After the clocks: one that has struck in between stands here.
            facts = await closing.read_facts(admin, self.thrown_in.unreadable)
            await closing.recorded(self.lab, self.running["audit"][0], facts[-1].sequence)
            return Books(
                receipts=[*self.receipts],
                facts=facts,
                through=through,
                cases=await closing.read_cases(admin),
                clocks=clocks,
                calls=await self.gateway.calls(),
                hand_overs=await self.gateway.hand_overs(),
                records=await closing.differences(self.lab),
                outages=self.outages,
                deaths=self.deaths,
                unreadable=self.thrown_in.unreadable,
                repeated=self.thrown_in.repeated,
                lights=self.lights,
            )

    async def _at_rest(self, admin: Client) -> int:
        """Everything is taken in, and no escalator runs any more. Returns up to where they were through."""
        while True:
            through = await closing.taken_in(admin)
            for escalator in self.running["escalator"]:
                await asyncio.to_thread(escalator.stop)
            self.running["escalator"].clear()
            if not await closing.is_half_done(admin):
                return through
            await self.start("escalator")

    async def restored(self) -> str | None:
        """An older copy of the broker's data is put back. What the audit says of it: empty where it goes on;
        None without a copy.
        """
        if not self.older_copy:
            return None
        await asyncio.to_thread(self.lab.kill_nats)
        shutil.rmtree(self.lab.folder / "nats")
        (self.lab.folder / OLDER).rename(self.lab.folder / "nats")
        await asyncio.to_thread(self.lab.start_nats)
        audit = self.running["audit"][0]
        async with httpx2.AsyncClient(timeout=10) as http:
            await self._report(http, -1, chance=1.0)

            async def says() -> str:
                words = str((await http.get(f"{audit.url}/readyz")).json()["checks"]["sequencer"])
                return words if "halted" in words and not await asyncio.to_thread(audit.is_ready) else ""

            try:
                return await until(says, seconds=PATIENCE, what="the audit says so")
            except AssertionError:
                return ""


@asynccontextmanager
async def play_in(
    folder: Path, seed: int, copies: int, brokers: int, ratio: int = RATIO
) -> AsyncIterator[Play]:
    """Everything up, `copies` of each service, one broker or three."""
    async with (
        lab_in(folder) if brokers == 1 else cluster_lab_in(folder) as lab,
        GatewayProcess(lab) as gateway,
    ):
        fast = folder / "policy.yaml"
        fast.write_text(compress(lab.policy.read_text(encoding="utf-8"), ratio), encoding="utf-8")
        lab.policy = fast
        lab.ask_for_no_resolution()
        play = Play(lab, gateway, random.Random(seed), copies, brokers)
        for service in SERVICES:
            for _ in range(1 if service == "audit" else copies):  # a trail has one writer
                await play.start(service)
        yield play


async def played(
    folder: Path,
    seed: int,
    *,
    copies: int,
    brokers: int,
    seconds: float,
    ratio: int = RATIO,
    worse: bool = False,
) -> tuple[Play, Books]:
    """`worse`: with all that takes longer, and the broker is restored from an older copy at the end."""
    async with play_in(folder, seed, copies, brokers, ratio) as play:
        if worse:
            await play.approve()
        async with asyncio.TaskGroup() as group:
            group.create_task(play.people(seconds))
            group.create_task(play.faults(seconds, *(play.worse_deeds() if worse else ())))
        await play.all_ready("all are ready at the end")
        not_as_approved = await play.not_as_approved() if worse else []
        books = replace(await play.close_books(), not_as_approved=not_as_approved)
        return play, replace(books, restored=await play.restored()) if worse else books
