"""A campaign of ten thousand items goes on like any other case: on the board, act by act, and after its
services were killed.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from msgspec.structs import replace
from nats.aio.client import Client

from services.escalator.lanes.cases import Cases
from shared.broker.exchange import Exchange
from shared.case import Item
from shared.case_parts import part_of, places_of
from shared.ids import CaseId, PersonId, UnitId
from shared.vocabulary import Role
from tests.lab import Lab, lab_in, until

UNITS = ["beacon_hill_government", "shaquan_government"]
MANY = 10_000


async def campaign(http: httpx2.AsyncClient, lab: Lab) -> CaseId:
    now = datetime.now(UTC).isoformat()
    form = {
        "kind": "campaign",
        "unit": "emergency_office",
        "area": "620600",
        "occurred_at": now,
        "learned_at": now,
        "summary": "矛盾纠纷和安全隐患大排查",
        "tasks": [{"title": "一周内排查上报", "units": UNITS, "within": "P7D"}],
    }
    answer = await http.post("/api/v1/reports", json=form, headers=lab.bearer(Role.SUPERVISOR))
    assert answer.status_code == 201, answer.text
    return CaseId(answer.json()["case"])


async def register(client: Client, case: CaseId, many: int) -> None:
    """So many items in one stroke, written as the escalator writes a case; one by one they would take
    minutes.
    """
    exchange = Exchange(lambda: client)
    await exchange.open()
    cases = Cases(exchange)
    whole, revision = await cases.load(case)
    assert whole is not None
    now = datetime.now(UTC)
    items = [
        Item(
            number=number,
            unit=UnitId(UNITS[number % 2]),
            summary=f"解放路{number}号外墙脱落，" + "墙体开裂" * 30,
            measure="围挡加固",
            owner=PersonId("zhao_jia"),
            due_at=now + timedelta(days=30),
            at=now,
            by="zhao_jia",
        )
        for number in range(1, many + 1)
    ]
    large = replace(whole, items=tuple(items))
    await cases.store(large, cases.stow(large), revision)


async def parts_of(admin: Client, case: CaseId) -> tuple[set[str], set[str]]:
    """The parts that the case names, and those that lie in the bucket."""
    bucket = await admin.jetstream().key_value("CASES")
    named = {
        address
        for addresses in places_of((await bucket.get(case)).value or b"").values()
        for address in addresses
    }
    keys = [part_of(key) for key in await bucket.keys()]
    return named, {address for head, address in keys if head == case and address}


@pytest.mark.timeout(240)
async def test_a_campaign_of_ten_thousand_items_goes_on(tmp_path: Path) -> None:
    async with lab_in(tmp_path, mongo=False) as lab:
        intake, escalator = (
            await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT10S"),
            await lab.start_service("escalator"),
        )
        async with (
            httpx2.AsyncClient(base_url=intake.url, timeout=60) as http,
            lab.connection("admin") as admin,
        ):
            case = await campaign(http, lab)
            escalator.kill()
            async with lab.connection("escalator") as client:
                await register(client, case, MANY - 3)
            escalator = await lab.start_service("escalator")

            async def act(path: str, **form: Any) -> httpx2.Response:
                headers = {**lab.bearer(Role.DUTY_OFFICER, unit=UNITS[0]), "Idempotency-Key": str(uuid4())}
                return await http.post(f"/api/v1/cases/{case}/{path}", json=form, headers=headers)

            async def items() -> list[dict[str, Any]]:
                return (
                    (await http.get(f"/api/v1/cases/{case}", headers=lab.bearer(Role.LEADER)))
                    .json()
                    .get("items", [])
                )

            await until(items, what="the case on the board")
            due_at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
            for number in range(3):
                answer = await act(
                    "register", summary=f"第{number}处", measure="围挡", owner="kong_xuan", due_at=due_at
                )
                assert (answer.status_code, answer.json()["outcome"]) == (200, "applied")
                if number == 1:
                    escalator.kill()
                    escalator = await lab.start_service("escalator")
            stood = await items()
            assert [item["number"] for item in stood] == list(range(1, MANY + 1))
            listed = (
                await http.get("/api/v1/cases", headers=lab.bearer(Role.LEADER), params={"kind": "campaign"})
            ).json()["cases"]
            assert [(one["id"], "items" in one) for one in listed] == [(case, False)], "a list stays a list"
            named, there = await parts_of(admin, case)
            assert named
            assert named == there, "what the case does not name any more is gone"
            done = await act("complete", task="t1", text="全部排查")
            assert done.json()["outcome"] == "applied", done.text
            intake.kill()
            again = await lab.start_service("intake")
            async with httpx2.AsyncClient(base_url=again.url, timeout=60) as after:
                shown = (await after.get(f"/api/v1/cases/{case}", headers=lab.bearer(Role.LEADER))).json()
                assert len(shown["items"]) == MANY
                assert {task["id"]: task.get("state") for task in shown["tasks"]}["t1"] == "completed"
