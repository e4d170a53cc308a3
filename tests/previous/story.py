"""What an installation has been through before its data is kept: something of every kind that is stored.

Run by `tests.previous.make` with the code of the commit whose data it is: `python -m tests.previous.story
FOLDER`. What a later version must find again, it writes beside the data, in `told.json`.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from fenghuo.gateway_lab import GatewayLab
from fenghuo.token_ledger import TokenLedger
from services.escalator.policy.compress import compress
from shared import tokens
from shared.case import DutyState
from shared.ids import PersonId, UnitId
from shared.revocation import Revocation, TakenBackBy
from shared.secrets import SecretFile, signing_key
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.intake.test_ingest import cap
from tests.lab import ROOT, Lab, lab_in, until
from tests.notifier.conftest import start_notifier, webhook_key
from tests.stories.live import Live

FAST = 300
"""Half an hour takes six seconds, until the real policy is approved."""
UNIT, OTHER = "wangshan_info_centre", "wangshan_emergency"


async def tell(folder: Path) -> dict[str, Any]:
    async with lab_in(folder) as lab, GatewayLab(webhook_key(lab)) as gateway:
        lab.policy = folder / "policy.yaml"
        lab.policy.write_text(
            compress((ROOT / "config" / "policy.yaml").read_text(encoding="utf-8"), FAST), encoding="utf-8"
        )
        lab.ask_for_no_resolution()
        lab.directory = folder / "directory.yaml"
        lab.directory.write_bytes((ROOT / "config" / "directory.yaml").read_bytes())
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
        escalator = await lab.start_service("escalator")
        await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(lab.directory))
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S")
        async with httpx2.AsyncClient(base_url=intake.url, timeout=15) as http:
            live = Live(lab, gateway, http)
            told = {"lapsed": await lapse(live), "task": await task_done(live)}
            told |= await policy_approved(lab, escalator.url)
            told |= {
                "from_systems": await from_systems(lab, live),
                **await cases_left_open(live),
                **await directory_changed(live),
            }
            told |= await tokens_issued(lab)
            await until(lambda: quiet(lab, audit.url), seconds=60, what="all is in the trail")
            told |= state_of(lab, audit.url)
        for service in reversed(lab.services):
            assert service.stop() == 0, service.log.read_text()[-2000:]
        lab.services.clear()
    return told


async def lapse(live: Live) -> str:
    """Nobody answers in time; one does too late; then it is over."""
    case = await live.report(UNIT, level="II")

    async def has_lapsed() -> bool:
        return any(duty.state is DutyState.LAPSED for duty in (await live.case(case)).duties)

    await until(has_lapsed, what="a lapse")
    for person in sorted(
        {duty.owed_to for duty in (await live.case(case)).duties if duty.rule == "first_report"}
    ):
        await live.act(case, "acknowledge", "gov_office", Role.LEADER, person=person)
    assert await live.act(case, "resolve", UNIT, text="已处置") == "applied"
    assert await live.act(case, "close", "emergency_office", Role.DUTY_OFFICER, text="终结") in (
        "applied",
        "waits",
    )
    return case


async def task_done(live: Live) -> str:
    due_at = datetime.now(UTC) + timedelta(days=30)
    task = {"title": "路灯维修", "unit": "housing_bureau", "due_at": due_at.isoformat()}
    case = await live.report(
        "party_office",
        Role.LEADER,
        kind="task",
        category=None,
        area="620600",
        summary="会议交办",
        tasks=[task],
    )
    for act, unit, role, text in (
        ("accept", "housing_bureau", Role.REPORTER, None),
        ("complete", "housing_bureau", Role.REPORTER, "已修 40 盏"),
        ("verify", "party_office", Role.LEADER, "属实"),
        ("close", "party_office", Role.LEADER, "销号"),
    ):
        more: dict[str, Any] = {} if text is None else {"text": text}
        assert (
            await live.act(case, act, unit, role, **({} if act == "close" else {"task": "t1"}), **more)
            == "applied"
        ), act
    return case


async def policy_approved(lab: Lab, escalator: str) -> dict[str, str]:
    """The real policy, drafted by one and approved by another, takes the place of the file's."""
    text = (ROOT / "config" / "policy.yaml").read_bytes()
    async with httpx2.AsyncClient(base_url=f"{escalator}/api/v1/policy", timeout=15) as http:
        drafted = await http.post("/versions", content=text, headers=lab.bearer(Role.OPERATOR))
        assert drafted.status_code in (200, 201), drafted.text
        approver = lab.bearer(Role.LEADER, person="zhao_jia")
        approved = await http.post(f"/versions/{drafted.json()['id']}/approve", json={}, headers=approver)
        assert approved.status_code == 200, approved.text
    return {"policy": drafted.json()["id"]}


async def from_systems(lab: Lab, live: Live) -> str:
    """An alert and its update, by NATS; and a message that nobody can read."""
    async with lab.source("met-observatory") as client:
        js = client.jetstream()
        await js.publish("inbox.cap.met-observatory", cap("13060041600000_20261129"))
        await js.publish(
            "inbox.cap.met-observatory", cap("13060041600000_20261130", "Update", "13060041600000_20261129")
        )
        await js.publish("inbox.cap.met-observatory", b"<alert/>")

    async def cases() -> list[dict[str, Any]]:
        answer = await live.http.get("/api/v1/cases", headers=lab.bearer(Role.AUDITOR))
        return [one for one in answer.json()["cases"] if one["report"].get("source") == "met-observatory"]

    shown: list[dict[str, Any]] = await until(cases, what="the alert's case")
    return shown[0]["id"]


async def cases_left_open(live: Live) -> dict[str, str]:
    """Under the real policy: one with a leader who answered, one merged into it, one inventory, a task, one
    handed over.
    """
    one = await live.report(UNIT, level="II", summary="隧道坍塌")
    await live.act(one, "acknowledge", "gov_office", Role.LEADER, person="zhao_jia")
    same = await live.report(UNIT, level="III", summary="同一隧道")
    assert await live.act(
        same, "merge", "emergency_office", Role.DUTY_OFFICER, text="同一事件", into=one
    ) in ("applied", "waits")
    await live.act(one, "progress", UNIT, text="救援队已到场", percent=40)
    handed = await live.report(UNIT, level="IV", summary="管网漏损", category="public_health")
    await live.act(handed, "transfer", UNIT, to_unit=OTHER, text="应由应急局牵头")
    due_at = (datetime.now(UTC) + timedelta(days=3650)).isoformat()
    task = {"title": "年度排查", "unit": "housing_bureau", "due_at": due_at}
    left = await live.report(
        "party_office", Role.LEADER, kind="task", category=None, area="620600", summary="排查", tasks=[task]
    )
    assert await live.act(left, "accept", "housing_bureau", task="t1") == "applied"
    return {"open": one, "merged": same, "handed": handed, "task_open": left}


async def directory_changed(live: Live) -> dict[str, str]:
    await live.change(
        {"op": "set_holder", "post": "deputy_sg_in_charge", "holder": "qi_ying", "deputies": []}
    )
    return {"deputy_sg_in_charge": "qi_ying"}


async def tokens_issued(lab: Lab) -> dict[str, str]:
    """One good for as long as a token can be, one that was taken back."""
    now, key = datetime.now(UTC), signing_key(lab.secrets, SecretFile.TOKEN_SIGNING)
    who = Principal(
        subject="xu_you", role=Role.LEADER, person=PersonId("xu_you"), unit=UnitId("housing_bureau")
    )
    good, taken = (tokens.new_claims(who, now=now, lasts=tokens.LONGEST) for _ in range(2))
    async with TokenLedger(lab.settings("admin")) as ledger:
        await ledger.record([good, taken])
        await ledger.revoke(
            [Revocation(by=TakenBackBy.TOKEN, value=str(taken.id), at=now, ends_at=now + tokens.LONGEST)], now
        )
    return {"token_taken_back": tokens.sign(key, taken), "token_taken_back_id": str(taken.id)}


async def quiet(lab: Lab, audit: str) -> bool:
    """Nothing has been written for a while, and all of it is under a signed checkpoint."""
    before = state_of(lab, audit)
    await asyncio.sleep(1.5)
    after = state_of(lab, audit)
    async with lab.connection("admin") as admin:
        last = (await admin.jetstream().stream_info("FACTS")).state.last_seq
    return before == after and after["size"] == last


def state_of(lab: Lab, audit: str) -> dict[str, Any]:
    state = (
        httpx2.get(f"{audit}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR)).raise_for_status().json()
    )
    return {"size": state["size"], "root": state["root"]}


if __name__ == "__main__":
    home = Path(sys.argv[1])
    home.mkdir(parents=True)
    (home / "told.json").write_text(json.dumps(asyncio.run(tell(home)), indent=2, ensure_ascii=False) + "\n")
