"""A county's duty officer ends a grave emergency before its leaders have answered: withdraws it, closes it,
grades it down, and agrees to that with every token at hand: their own, another of the same person, a
colleague's, another county's.
"""

from typing import Any

import pytest

from shared.case import CaseStatus
from shared.vocabulary import Level, Role
from tests.attacks.conftest import Installation
from tests.lab import until

UNIT, ABOVE = "wangshan_info_centre", "wangshan_government"
ENDS: list[tuple[str, dict[str, Any]]] = [("withdraw", {}), ("regrade", {"level": "IV"})]


@pytest.mark.parametrize(("path", "said"), ENDS)
async def test_alone_it_changes_nothing_and_the_calls_go_on(
    installation: Installation, path: str, said: dict[str, Any]
) -> None:
    case = await installation.report(UNIT, level="II")
    officer: dict[str, Any] = {"role": Role.DUTY_OFFICER, "person": "jiang_yue"}
    assert await installation.act(case, path, UNIT, **officer, text="误报", **said) == "waits"
    for who in ("jiang_yue", "tao_ri", "yan_yu"):
        assert await agrees(installation, case, Role.LEADER, person=who) == 403, (
            f"{who} stands above nobody here"
        )
    now = await installation.case(case)
    assert (now.status, now.level) == (CaseStatus.OPEN, Level.II)
    assert now.ending
    await until(lambda: _rung(installation, "wu_ji", case, "fallback"), what="the chain goes on")


@pytest.mark.parametrize("path", ["close", "resolve"])
async def test_only_the_leader_in_charge_closes_or_resolves_it(installation: Installation, path: str) -> None:
    case = await installation.report(UNIT, level="II")
    for unit, role, person in (
        (UNIT, Role.DUTY_OFFICER, "jiang_yue"),
        (ABOVE, Role.LEADER, "wei_huang"),
        ("emergency_office", Role.LEADER, "zhou_wu"),
    ):
        headers = installation.lab.bearer(role, unit=unit, person=person)
        answer = await installation.http.post(
            f"/api/v1/cases/{case}/{path}", json={"text": "完毕"}, headers=headers
        )
        assert (answer.status_code, answer.json()["why"]) == (403, "only_the_leader_ends_it"), person
    assert (await installation.case(case)).status is CaseStatus.OPEN


async def test_an_officer_of_the_whole_city_is_not_their_own_second_by_another_token(
    installation: Installation,
) -> None:
    case = await installation.report(UNIT, level="II")
    assert (
        await installation.act(
            case, "withdraw", "emergency_office", Role.DUTY_OFFICER, person="zhang_lai", text="误报"
        )
        == "waits"
    )
    assert await agrees(installation, case, Role.DUTY_OFFICER, person="zhang_lai") in (202, 409)
    assert await agrees(
        installation, case, Role.DUTY_OFFICER, person="zhang_lai", subject="another-token"
    ) in (202, 409)
    now = await installation.case(case)
    assert (now.status, now.ending is not None) == (CaseStatus.OPEN, True)


async def agrees(installation: Installation, case: str, role: Role, **who: str) -> int:
    """The status of the answer to somebody who would be the second person."""
    headers = installation.lab.bearer(role, **who)
    return (
        await installation.http.post(f"/api/v1/cases/{case}/second", json={"approve": True}, headers=headers)
    ).status_code


async def test_the_superior_is_rung_and_their_button_ends_it_for_everybody(
    installation: Installation,
) -> None:
    case = await installation.report(UNIT, level="II")
    assert (
        await installation.act(case, "withdraw", UNIT, Role.DUTY_OFFICER, person="jiang_yue", text="误报")
        == "waits"
    )
    link = await until(lambda: _link(installation, "wei_huang", case, "second"), what="the superior is asked")
    assert link
    assert (await installation.http.post(link)).status_code == 200
    assert (await installation.case(case)).status is CaseStatus.OPEN, (
        "pressed without a choice it decides nothing"
    )
    page = await installation.http.post(link, data={"choice": "agree"})
    assert "已记录" in page.text, page.text
    await until(lambda: _is(installation, case, CaseStatus.WITHDRAWN), what="withdrawn")
    for leader in ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu"):
        await until(
            lambda who=leader: _rung(installation, who, case, "withdrawn"), what=f"{leader} hears of it"
        )


async def test_a_limit_that_passes_while_it_waits_lapses_as_ever(installation: Installation) -> None:
    case = await installation.report(UNIT, level="I")
    assert (
        await installation.act(
            case, "regrade", UNIT, Role.DUTY_OFFICER, person="jiang_yue", text="轻微", level="IV"
        )
        == "waits"
    )
    await until(lambda: _lapsed(installation, case), what="the half hour has passed")
    assert (await installation.case(case)).level is Level.I


async def _is(installation: Installation, case: str, status: CaseStatus) -> bool:
    return (await installation.case(case)).status is status


async def _lapsed(installation: Installation, case: str) -> bool:
    return any(duty.lapse for duty in (await installation.case(case)).duties if duty.rule == "first_report")


async def _rung(installation: Installation, person: str, case: str, purpose: str) -> bool:
    return purpose in installation.rung(person, case)


async def _link(installation: Installation, person: str, case: str, purpose: str) -> str | None:
    return installation.link(person, case, purpose)
