"""A case of ten thousand items: registered over HTTP, then gone from the bucket, and made again from the
record while others report.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

from bench.rig import Rig, quantile, rig
from shared.facts.report import MOST_ITEMS_OF_A_CASE
from shared.streams import CASES
from shared.vocabulary import Role

MANY = MOST_ITEMS_OF_A_CASE
SIDE_BY_SIDE = 16
PATIENCE = 120.0
"""Seconds for one answer."""


async def run() -> dict[str, str]:
    async with rig() as installation, httpx2.AsyncClient(timeout=PATIENCE) as http:
        lab, services = installation.lab, installation.services
        intake, escalator = services["intake"].url, services["escalator"].url
        office = lab.bearer(Role.SUPERVISOR, unit="emergency_office")

        async def post(path: str, form: dict[str, Any]) -> httpx2.Response:
            return await http.post(
                f"{intake}{path}", json=form, headers={**office, "Idempotency-Key": str(uuid4())}
            )

        now = datetime.now(UTC).isoformat()
        report = {
            "kind": "campaign",
            "unit": "emergency_office",
            "area": "620600",
            "occurred_at": now,
            "learned_at": now,
        }
        case = (
            (await post("/api/v1/reports", report | {"summary": "矛盾纠纷和安全隐患大排查"}))
            .raise_for_status()
            .json()["case"]
        )
        numbers, taken = iter(range(1, MANY + 1)), list[float]()

        async def register() -> None:
            for number in numbers:
                began = time.perf_counter()
                item = {"summary": f"第{number}项：吊顶松动", "measure": "加固并复查", "owner": "tao_ri"}
                (await post(f"/api/v1/cases/{case}/register", item)).raise_for_status()
                taken.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(register() for _ in range(SIDE_BY_SIDE)))
        registered = time.perf_counter() - began
        stood = await _until_all_are_there(http, f"{intake}/api/v1/cases/{case}", office)
        one_more = await post(f"/api/v1/cases/{case}/register", {"summary": "第10001项"})
        assert one_more.status_code == 422, one_more.text[:500]

        await _lose(installation, case)
        operator = lab.bearer(Role.OPERATOR)
        before, cpu = installation.memory()["escalator"][1], installation.cpu_seconds()
        beside = asyncio.create_task(_beside(post, installation.form()))
        began = time.perf_counter()
        answer = await http.post(f"{escalator}/api/v1/cases/{case}/rebuild", headers=operator)
        took = time.perf_counter() - began
        beside.cancel()
        others = await beside
        spent = {name: installation.cpu_seconds()[name] - cpu[name] for name in ("escalator", "nats-server")}
        done = answer.raise_for_status().json()
        assert (done["outcome"], done["differing"]) == ("rebuilt", 0), done
        await _until_all_are_there(http, f"{intake}/api/v1/cases/{case}", office, after=stood)
        return {
            f"{MANY} items registered, {SIDE_BY_SIDE} at a time": f"{registered:.0f} s, {MANY / registered:.0f}/s",
            "one of them, over HTTP to the decision: p50, p99": f"{quantile(taken, 0.5) * 1000:.0f}, {quantile(taken, 0.99) * 1000:.0f} ms",
            "the case made again from its first fact, over HTTP": f"{took:.1f} s, {done['differing']} decisions differ",
            "of it CPU of the escalator, of the broker": f"{spent['escalator']:.1f}, {spent['nats-server']:.1f} s",
            "memory of the escalator, before and after": f"{before:.0f} → {installation.memory()['escalator'][1]:.0f} MB",
            "reports of others meanwhile, to the duties: how many, p50, slowest": (
                f"{len(others)}, {quantile(others, 0.5) * 1000:.0f}, {max(others, default=0) * 1000:.0f} ms"
            ),
        }


async def _until_all_are_there(
    http: httpx2.AsyncClient, path: str, headers: dict[str, str], after: str = ""
) -> str:
    """The revision of the case that has them all; another one than `after`."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await http.get(path, headers=headers)
            revision = answer.headers.get("ETag", "")
            if (
                answer.status_code == 200
                and revision != after
                and len(answer.json().get("items", ())) == MANY
            ):
                return revision
            await asyncio.sleep(0.5)


async def _lose(installation: Rig, case: str) -> None:
    """Nothing of it is left in the bucket, not even an earlier revision."""
    async with installation.lab.connection("admin") as admin:
        for subject in (f"$KV.{CASES}.{case}.>", f"$KV.{CASES}.{case}"):
            await admin.jetstream().purge_stream(f"KV_{CASES}", subject=subject)


async def _beside(post: Any, form: dict[str, Any]) -> list[float]:
    """Others report while the case is made again."""
    taken: list[float] = []
    while True:
        began = time.perf_counter()
        try:
            (await post("/api/v1/reports", form)).raise_for_status()
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            return taken
