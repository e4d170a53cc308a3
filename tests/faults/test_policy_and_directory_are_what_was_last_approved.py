"""Policy and directory are what was last approved, after any restart, in any order, also by a kill, also of two escalators at once."""

import asyncio
import os
import random
from typing import Any

import httpx

from shared.vocabulary import Role
from tests.lab import ROOT, Lab, Running

ROUNDS = int(os.environ.get("FAULTS_RESTARTS", "2"))
"""Restarts in the suite; `make faults` does thirty."""
STRICTER = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8").replace('version: "2026-11-01"', 'version: "approved"')
SEED = 7


async def approve_stricter(lab: Lab, escalator: Running) -> None:
    versions = f"{escalator.url}/api/v1/policy/versions"
    async with httpx.AsyncClient(timeout=20) as http:
        drafter, leader = lab.bearer(Role.SUPERVISOR, person="chen_gui"), lab.bearer(Role.LEADER, person="wu_ji")
        draft = (await http.post(versions, content=STRICTER.encode(), headers=drafter)).json()
        approved = await http.post(f"{versions}/{draft['id']}/approve", headers=leader)
        assert approved.json()["standing"] == "in_force", approved.text


async def change_the_holder(lab: Lab, intake: Running) -> None:
    change = {"changes": [{"op": "set_holder", "post": "petition", "holder": "wu_ji"}]}
    async with httpx.AsyncClient(timeout=20) as http:
        answer = await http.post(f"{intake.url}/api/v1/directory/changes", json=change, headers=lab.bearer(Role.OPERATOR))
    assert answer.status_code == 201, answer.text


async def what_holds(lab: Lab, escalators: list[Running], intake: Running) -> tuple[set[str], list[str], str]:
    """(policies in force by the escalators, who approved what, holder of the post)."""
    leader = lab.bearer(Role.LEADER, person="wu_ji")

    async def get(url: str) -> Any:
        return (await http.get(url, headers=leader)).json()

    async with httpx.AsyncClient(timeout=20) as http:
        policies = {str((await get(f"{one.url}/api/v1/policy"))["policy"]).partition(" ")[0] for one in escalators}
        versions = (await get(f"{escalators[0].url}/api/v1/policy/versions"))["versions"]
        posts = {post["id"]: post["holder"] for post in (await get(f"{intake.url}/api/v1/directory/posts"))["posts"]}
    return policies, sorted(approval["by"] for version in versions for approval in version["approvals"]), posts["petition"]


async def test_after_any_restart_in_any_order(own_lab: Lab) -> None:
    dice = random.Random(SEED)
    escalators = list(await asyncio.gather(own_lab.start_service("escalator"), own_lab.start_service("escalator")))
    intake = await own_lab.start_service("intake")
    await approve_stricter(own_lab, escalators[0])
    await change_the_holder(own_lab, intake)
    for _ in range(ROUNDS):
        parts = dice.sample(["escalators", "intake"], 2)
        for running in (*escalators, intake):
            running.kill() if dice.random() < 0.5 else running.stop()
        if dice.random() < 0.5:
            own_lab.kill_nats()
            own_lab.start_nats()
        for part in parts:
            if part == "escalators":
                escalators = list(await asyncio.gather(own_lab.start_service("escalator"), own_lab.start_service("escalator")))
            elif part == "intake":
                intake = await own_lab.start_service("intake")
        assert await what_holds(own_lab, escalators, intake) == ({"approved"}, ["file", "wu_ji"], "wu_ji")
