"""A policy and a directory that people approved: what must hold after any restart."""

from typing import Any

import httpx2

from shared.vocabulary import Role
from tests.lab import Lab, Running

Holds = tuple[set[str], list[str], str]
AS_APPROVED: Holds = ({"approved"}, ["file", "wu_ji"], "wu_ji")


async def approve_the_policy(lab: Lab, escalator: Running) -> None:
    """The installation's own under another name."""
    text = lab.policy.read_text(encoding="utf-8").replace('version: "2026-11-01"', 'version: "approved"')
    versions = f"{escalator.url}/api/v1/policy/versions"
    async with httpx2.AsyncClient(timeout=20) as http:
        drafter, leader = (
            lab.bearer(Role.SUPERVISOR, person="chen_gui"),
            lab.bearer(Role.LEADER, person="wu_ji"),
        )
        draft = (await http.post(versions, content=text.encode(), headers=drafter)).json()
        approved = await http.post(f"{versions}/{draft['id']}/approve", headers=leader)
        assert approved.json()["standing"] == "in_force", approved.text


async def change_the_holder(lab: Lab, intake: Running) -> None:
    change = {"changes": [{"op": "set_holder", "post": "petition", "holder": "wu_ji"}]}
    async with httpx2.AsyncClient(timeout=20) as http:
        answer = await http.post(
            f"{intake.url}/api/v1/directory/changes", json=change, headers=lab.bearer(Role.OPERATOR)
        )
    assert answer.status_code == 201, answer.text


async def what_holds(lab: Lab, escalators: list[Running], intake: Running) -> Holds:
    """(policies in force by the escalators, who approved what, holder of the post)."""
    leader = lab.bearer(Role.LEADER, person="wu_ji")

    async def get(url: str) -> Any:
        return (await http.get(url, headers=leader)).json()

    async with httpx2.AsyncClient(timeout=20) as http:
        policies = {
            str((await get(f"{one.url}/api/v1/policy"))["policy"]).partition(" ")[0] for one in escalators
        }
        versions = (await get(f"{escalators[0].url}/api/v1/policy/versions"))["versions"]
        posts = {
            post["id"]: post["holder"]
            for post in (await get(f"{intake.url}/api/v1/directory/posts"))["posts"]
        }
    return (
        policies,
        sorted(approval["by"] for version in versions for approval in version["approvals"]),
        posts["petition"],
    )
