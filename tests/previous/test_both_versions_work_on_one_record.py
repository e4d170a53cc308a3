"""The last landing's services beside this one's: upgraded and rolled back under load, no report and no act is
lost or decided twice.

`ROLLING_SECONDS` (2) is how long each stage is under load; from 10 on the notifier and the audit change over
too (`make faults`).
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from shared.facts import Fact, read_decision
from shared.vocabulary import Kind, Role
from tests.audit.reading import verdict_of
from tests.intake.builders import form
from tests.intake.test_ingest import end_of, facts_after
from tests.lab import Lab, Running, until
from tests.previous.installation import WRITTEN_BY, previous_in
from tests.previous.make import checked_out, has_commit

SECONDS = float(os.environ.get("ROLLING_SECONDS", "2"))
IS_LONG = SECONDS >= 10
SERVICES = ("escalator", "intake", "notifier", "audit") if IS_LONG else ("escalator", "intake")
UNIT = "wangshan_info_centre"
OLD = "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv[1], run_name='__main__')"
pytestmark = pytest.mark.skipif(
    not has_commit(WRITTEN_BY),
    reason=f"this clone lacks the commit {WRITTEN_BY[:12]} whose services are to run: fetch its history",
)


@dataclass
class Load:
    """Somebody reports and says how it goes on, again and again, wherever an intake is."""

    lab: Lab
    urls: list[str] = field(default_factory=list[str])
    reported: list[str] = field(default_factory=list[str])
    """Fact ids of the reports that were accepted."""
    acted: list[str] = field(default_factory=list[str])
    unlike: list[str] = field(default_factory=list[str])
    """Answers that neither accept nor ask to try again."""

    async def go_on(self) -> None:
        bearer = self.lab.bearer(Role.REPORTER, unit=UNIT)
        async with httpx2.AsyncClient(timeout=15, headers=bearer) as http:
            for number in count():
                await self._one(http, self.urls[number % len(self.urls)])
                await asyncio.sleep(0.02)

    async def _one(self, http: httpx2.AsyncClient, url: str) -> None:
        key = {"Idempotency-Key": uuid4().hex}
        told = form(unit=UNIT, area="620622", category="accident", level="III")
        answer = await self._sent(http, f"{url}/api/v1/reports", told, key)
        if answer is None or answer.status_code != 201:
            return
        self.reported.append(answer.json()["fact"]["id"])
        act = f"{url}/api/v1/cases/{answer.json()['case']}/progress"
        if (
            acted := await self._sent(http, act, {"text": "救援队已到场"}, {"Idempotency-Key": uuid4().hex})
        ) is not None:
            self.acted.append(acted.json()["fact"]["id"])

    async def _sent(
        self, http: httpx2.AsyncClient, url: str, body: object, key: dict[str, str]
    ) -> httpx2.Response | None:
        """None where nobody is there, or is not ready."""
        try:
            answer = await http.post(url, json=body, headers=key)
        except httpx2.HTTPError:
            return None
        # A request that the stop of the older version cut off was answered by its server alone.
        if answer.status_code in (404, 429, 503) or answer.text == "Internal Server Error":
            return None
        if answer.is_error:
            self.unlike.append(f"{answer.status_code} {answer.text}")
            return None
        return answer


@asynccontextmanager
async def under(load: Load) -> AsyncIterator[None]:
    task = asyncio.create_task(load.go_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def start_old(lab: Lab, code: Path) -> list[Running]:
    return await start(lab, lambda name: [sys.executable, "-c", OLD, str(code), f"services.{name}"])


async def start_new(lab: Lab) -> list[Running]:
    return await start(lab, lambda _: None)


async def start(lab: Lab, command: Callable[[str], list[str] | None]) -> list[Running]:
    return await asyncio.gather(
        *(
            lab.start_service(
                name, command=command(name), FENGHUO_DUTIES_WAIT="PT0S", FENGHUO_TRAIL_PACE="PT0.2S"
            )
            for name in SERVICES
        )
    )


def intake_of(services: list[Running]) -> str:
    return next(service.url for service in services if service.name == "intake")


def stop(services: list[Running]) -> None:
    """Intake first, as an orchestrator takes a service out before it ends it."""
    for service in reversed(services):
        assert service.stop() == 0, service.log.read_text()[-2000:]


async def test_an_upgrade_and_a_roll_back_under_load_lose_nothing(tmp_path: Path) -> None:
    code = checked_out(WRITTEN_BY, tmp_path / "code")
    async with previous_in(tmp_path / "data") as lab:
        before, load = await end_of(lab), Load(lab)
        old = await start_old(lab, code)
        load.urls = [intake_of(old)]
        async with under(load):
            new = await start_new(lab)
            load.urls = [intake_of(old), intake_of(new)]
            await asyncio.sleep(SECONDS)
            load.urls = [intake_of(new)]
            stop(old)
            await asyncio.sleep(SECONDS)
            again = await start_old(lab, code)
            load.urls = [intake_of(new), intake_of(again)]
            await asyncio.sleep(SECONDS)
            load.urls = [intake_of(again)]
            stop(new)
            await asyncio.sleep(SECONDS)
        assert load.unlike == []
        assert len(load.acted) > 5, f"{len(load.reported)} reports, {len(load.acted)} acts"
        facts = await until(
            lambda: all_decided(lab, before, load), seconds=60, what="every report and act is decided"
        )
        kinds = Counter(fact.kind for fact in facts)
        assert kinds[Kind.REJECTED] == 0, [fact.data for fact in facts if fact.kind == Kind.REJECTED]
        assert kinds[Kind.REPORTED] == len({fact.id for fact in facts if fact.kind == Kind.REPORTED})
        if IS_LONG:
            stop(again)
            await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
            await until(lambda: is_whole(lab), seconds=60, what="the trail has all")
            assert (await verdict_of(lab)).faults == []


async def all_decided(lab: Lab, before: int, load: Load) -> list[Fact]:
    """The facts since, once there is one decision on each report and act that was accepted; empty before."""
    facts = await facts_after(lab, before)
    decided = Counter(read_decision(fact.data).about.id for fact in facts if fact.kind == Kind.DECIDED)
    wanted = (*load.reported, *load.acted)
    assert all(decided[fact] <= 1 for fact in wanted), "decided twice"
    return facts if all(decided[fact] for fact in wanted) else []


async def is_whole(lab: Lab) -> bool:
    return (await verdict_of(lab)).size >= await end_of(lab)
