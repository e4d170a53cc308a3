"""Who proposes a change approves it with the same token, with another token of theirs, or as whom it profits:
refused each time.
"""

from typing import Any

import pytest
import pytest_asyncio

from shared.vocabulary import Role
from tests.attacks.conftest import Installation

Json = dict[str, Any]
MAKES_ITS_DEPUTY_MAYOR: Json = {"op": "set_holder", "post": "gov_main", "holder": "li_ding", "deputies": []}


@pytest_asyncio.fixture(loop_scope="session")
async def proposal(installation: Installation) -> str:
    headers = installation.lab.bearer(Role.SUPERVISOR, person="pan_qiu", unit="propaganda")
    answer = await installation.http.post(
        "/api/v1/directory/changes", json={"changes": [MAKES_ITS_DEPUTY_MAYOR]}, headers=headers
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["proposal"]


@pytest.mark.parametrize(
    ("role", "who", "why"),
    [
        (Role.SUPERVISOR, {"person": "pan_qiu", "unit": "propaganda"}, "proposed it yourself"),
        (
            Role.OPERATOR,
            {"person": "pan_qiu", "subject": "operators-token-of-pan-qiu"},
            "proposed it yourself",
        ),
        (Role.LEADER, {"person": "li_ding", "unit": "party_committee"}, "says of you"),
        (Role.LEADER, {"person": "qian_yi", "unit": "government"}, "says of you"),
        (Role.LEADER, {"unit": "government"}, "leader or supervisor of one of these: Party Committee"),
        (Role.DUTY_OFFICER, {"unit": "party_committee"}, "Your role"),
        (Role.AUDITOR, {"unit": "party_committee"}, "Your role"),
    ],
)
async def test_it_takes_another_entitled_person(
    installation: Installation, proposal: str, role: Role, who: Json, why: str
) -> None:
    headers = installation.lab.bearer(role, **who)
    answer = await installation.http.post(f"/api/v1/directory/proposals/{proposal}/approve", headers=headers)
    assert answer.status_code == 403, answer.text
    assert why in answer.json()["detail"]
    posts = (await installation.http.get("/api/v1/directory/posts", headers=headers)).json()["posts"]
    assert next(post["held_by"] for post in posts if post["id"] == "gov_main") == "qian_yi"
    refused = await installation.http.post(
        f"/api/v1/directory/proposals/{proposal}/refuse",
        json={},
        headers=installation.lab.bearer(Role.OPERATOR),
    )
    assert refused.status_code == 204
