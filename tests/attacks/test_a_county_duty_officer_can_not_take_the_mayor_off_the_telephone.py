"""A county's duty officer marks the mayor absent for a year, then for an hour: both wait, the mayor stays
mayor and hears of it at once.

So do a holder, a deputy and a number of another unit, and a year put together of days of somebody of the own
unit.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.lab import until

Json = dict[str, Any]
OFFICER: Json = {"person": "jin_hong", "unit": "shaquan_info_centre"}
"""On duty in the information centre of Shaquan."""
MAYOR, OF_MAYOR = "qian_yi", "+860000000102"


async def change(installation: Installation, *changes: Json, **who: Any) -> httpx2.Response:
    headers = installation.lab.bearer(Role.DUTY_OFFICER, **(OFFICER | who))
    body = {"changes": changes, "why": "市长生病"}
    return await installation.http.post("/api/v1/directory/changes", json=body, headers=headers)


async def withdraw(installation: Installation, proposal: str) -> None:
    headers = installation.lab.bearer(Role.DUTY_OFFICER, **OFFICER)
    answer = await installation.http.post(
        f"/api/v1/directory/proposals/{proposal}/refuse", json={}, headers=headers
    )
    assert answer.status_code == 204, answer.text


def absence(person: str, length: timedelta, *, after: timedelta = timedelta()) -> Json:
    since = datetime.now(UTC) + after
    return {
        "op": "set_absence",
        "person": person,
        "absence": {"from": since.isoformat(), "until": (since + length).isoformat()},
    }


async def holder_of(installation: Installation, post: str) -> str:
    answer = await installation.http.get(
        "/api/v1/directory/posts", headers=installation.lab.bearer(Role.AUDITOR)
    )
    return next(one["held_by"] for one in answer.json()["posts"] if one["id"] == post)


def heard(installation: Installation, number: str, proposal: str) -> list[str]:
    """What came on this number since, as SMS, with these words."""
    return [
        one.text
        for one in installation.gateway.gateway.messages
        if one.to == number and one.channel == "sms" and proposal in one.text
    ]


@pytest.mark.parametrize("length", [timedelta(days=365), timedelta(hours=1)])
async def test_the_mayor_stays_mayor_and_is_told(installation: Installation, length: timedelta) -> None:
    until_then = (
        f"{datetime.now(UTC) + length + timedelta(hours=8):%Y-%m-%d}"
        if length > timedelta(days=300)
        else "至"
    )
    before = len(heard(installation, OF_MAYOR, "尚未生效"))
    answer = await change(installation, absence(MAYOR, length))
    assert answer.status_code == 202, answer.text
    assert "of another unit" in answer.json()["detail"]
    assert "Party Committee of Wangfeng, or the operator" in answer.json()["detail"]
    assert await holder_of(installation, "gov_main") == MAYOR
    await until(lambda: len(heard(installation, OF_MAYOR, "尚未生效")) > before, what="the mayor is told")
    said = heard(installation, OF_MAYOR, "尚未生效")[-1]
    assert until_then in said
    assert "申请人：金洪（沙泉县信息中心，沙泉县信息中心值班员）。事由：市长生病" in said
    await withdraw(installation, answer.json()["proposal"])


@pytest.mark.parametrize(
    "attempt",
    [
        {"op": "set_holder", "post": "gov_main", "holder": "jin_hong"},
        {"op": "set_holder", "post": "shaquan_info_duty", "holder": "jin_hong", "deputies": ["yan_yu"]},
        {"op": "end_absence", "person": MAYOR, "at": "2199-01-01T00:00:00Z"},
        {
            "op": "override_roster",
            "roster": "two_offices",
            "override": {
                "from": "2199-01-01T00:00:00Z",
                "until": "2199-01-01T01:00:00Z",
                "person": "jin_hong",
            },
        },
    ],
)
async def test_nothing_of_the_kind_is_in_force_by_one_word(installation: Installation, attempt: Json) -> None:
    answer = await change(installation, attempt)
    assert answer.status_code == 202, answer.text
    assert await holder_of(installation, "gov_main") == MAYOR
    await withdraw(installation, answer.json()["proposal"])


async def test_a_year_is_not_put_together_of_days(installation: Installation) -> None:
    """Of the own unit, a day each time: from the second day on it takes a second person."""
    colleague, day = "yan_yu", timedelta(days=1)
    own: Json = {"person": None, "unit": "shaquan_government", "subject": "officer-of-the-county"}
    first = await change(installation, absence(colleague, day), **own)
    second = await change(installation, absence(colleague, day, after=day), **own)
    assert (first.status_code, second.status_code) == (201, 202), first.text + second.text
    await installation.change({"op": "end_absence", "person": colleague, "at": datetime.now(UTC).isoformat()})
