"""A duty officer writes down calls to leaders that never were, so that nobody further is rung, and would end
the case.
"""

from typing import Any

from shared.case import DutyState
from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.lab import until

UNIT = "wangshan_info_centre"
LEADERS = ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu")
OFFICER: dict[str, Any] = {"role": Role.DUTY_OFFICER, "person": "zhang_lai"}


async def test_the_leader_hears_of_it_says_not_so_and_is_owed_it_again(installation: Installation) -> None:
    case = await installation.report(UNIT, level="II")
    assert (
        await log(installation, case, "qian_yi", number="+86 139 1234 5678", note="市长已知悉") == "applied"
    )
    link = await until(lambda: _link(installation, "qian_yi", case), what="the mayor hears of the call")
    assert link
    page = await installation.http.get(link)
    assert "并无此事" in page.text
    assert "…5678" in page.text
    assert "13912345678" not in page.text.replace(" ", "")
    assert "已记录" in (await installation.http.post(link, data={"choice": "not_so"})).text

    async def is_owed() -> bool:
        duty = next(
            one
            for one in (await installation.case(case)).duties
            if one.rule == "first_report" and one.bearer == "qian_yi"
        )
        return duty.state in (DutyState.OPEN, DutyState.LAPSED)

    await until(is_owed, what="owed again")
    (call,) = (await installation.case(case)).calls
    assert (call.by, call.number, call.listed, call.contested_at is not None) == (
        "zhang_lai",
        "…5678",
        False,
        True,
    )


async def test_nobody_contests_for_somebody_else(installation: Installation) -> None:
    case = await installation.report(UNIT, level="II")
    await log(installation, case, "qian_yi")
    assert (
        await installation.act(
            case, "contest", "party_committee", Role.LEADER, person="zhao_jia", text="没有"
        )
        == "refused"
    )
    body = {"to_person": "qian_yi", "text": "没有"}
    headers = installation.lab.bearer(Role.LEADER, person="zhao_jia")
    assert (
        await installation.http.post(f"/api/v1/cases/{case}/contest", json=body, headers=headers)
    ).status_code == 403


async def test_who_wrote_the_calls_down_does_not_end_the_case_by_them(installation: Installation) -> None:
    case = await installation.report(UNIT, level="II")
    for leader in LEADERS:
        assert await log(installation, case, leader) == "applied"
    answer = await installation.http.post(
        f"/api/v1/cases/{case}/close", json={"text": "完毕"}, headers=installation.lab.bearer(**OFFICER)
    )
    assert answer.status_code == 403
    assert (await installation.case(case)).ended_at is None


async def log(installation: Installation, case: str, person: str, **said: Any) -> str:
    """A call to the person is written down, and decided on."""
    headers = installation.lab.bearer(**OFFICER)
    body = {"person": person, "via": "logged_call", **said}
    answer = await installation.http.post(f"/api/v1/cases/{case}/acknowledge", json=body, headers=headers)

    async def is_on_the_case() -> bool:
        return any(call.person == person for call in (await installation.case(case)).calls)

    await until(is_on_the_case, what="the call is on the case")
    return answer.json()["outcome"].replace("recorded", "applied")


async def _link(installation: Installation, person: str, case: str) -> str | None:
    return installation.link(person, case, "called")
