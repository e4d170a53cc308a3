"""Pages are closed: to strangers, to other sites, to other roles; and they say everything without a
script.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import pytest_asyncio

from shared.standing import standing_case
from shared.vocabulary import Role
from tests.lab import Lab, Running, until
from tests.pages.conftest import report

SAME = {"Sec-Fetch-Site": "same-origin"}
CHINESE = {"Accept-Language": "zh"}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(intake: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=intake.url, follow_redirects=False) as client:
        yield client


def cookie(lab: Lab, role: Role, **who: str) -> dict[str, str]:
    return {"Cookie": f"fenghuo_token={lab.token(role, **who)}"}


async def test_a_stranger_is_led_to_the_log_in_and_back(town: Lab, desk: httpx2.AsyncClient) -> None:
    answer = await desk.get("/cases/X?said=done")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fcases%2FX%3Fsaid%3Ddone"

    token = town.token(Role.LEADER, person="sun_bing")
    answer = await desk.post("/login", data={"token": f" {token}\n", "next": "/report"}, headers=SAME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/report")
    kept = answer.headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_a_log_in_leads_nowhere_else(town: Lab, desk: httpx2.AsyncClient, elsewhere: str) -> None:
    token = town.token(Role.LEADER, person="sun_bing")
    answer = await desk.post("/login", data={"token": token, "next": elsewhere}, headers=SAME)
    assert answer.headers["location"] == "/"


async def test_a_wrong_token_is_refused_and_not_shown_again(desk: httpx2.AsyncClient) -> None:
    answer = await desk.post("/login", data={"token": "not-a-token-at-all"}, headers=SAME)
    assert answer.status_code == 401
    assert "not-a-token-at-all" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_a_form_of_another_site_does_nothing(
    town: Lab, intake: Running, desk: httpx2.AsyncClient, origin: dict[str, str]
) -> None:
    case = await report(town, intake)
    leader = cookie(town, Role.LEADER, person="sun_bing")
    for path in (
        f"/cases/{case}/acknowledge",
        f"/cases/{case}/acts/progressed",
        f"/cases/{case}/acts/closed",
        "/report",
        "/login",
        "/logout",
    ):
        assert (await desk.post(path, data={"text": "x"}, headers={**leader, **origin})).status_code == 403
    assert (
        await desk.post(f"/cases/{case}/acknowledge", headers={**leader, "Origin": intake.url})
    ).status_code == 303


async def test_every_page_may_load_only_from_here_and_is_kept_nowhere(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake)
    officer = cookie(town, Role.DUTY_OFFICER, person="wang_xin")
    lists = ("/tasks", "/roster", "/gaps", "/suspicions", "/?show=mine&kind=incident")
    for path in (
        "/",
        "/report",
        *lists,
        f"/cases/{case}",
        f"/desk/cases/{case}",
        "/?wall=1",
        "/desk/alarms",
        "/login",
        "/cases/unknown",
    ):
        answer = await desk.get(path, headers=officer)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "http://" not in answer.text.replace(intake.url, "")
        assert "https://" not in answer.text


async def test_without_a_script_the_page_says_who_owes_what_and_acknowledges(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake, summary="供热主管道爆裂")
    leader = cookie(town, Role.LEADER, person="sun_bing")
    page = (await desk.get("/", headers={**leader, "Accept-Language": "zh"})).text
    assert "供热主管道爆裂" in page
    beside = (await desk.get(f"/?case={case}", headers={**leader, "Accept-Language": "zh"})).text
    assert "我已知悉" in beside
    answer = await desk.post(f"/cases/{case}/acknowledge", data={"back": "/"}, headers={**leader, **SAME})
    assert answer.headers["location"] == f"/?said=acknowledged#case-{case}"


async def test_a_comment_is_written_on_the_case_and_stands_there_in_both_languages(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake)
    officer = cookie(town, Role.DUTY_OFFICER, person="wang_xin")
    page = (await desk.get(f"/cases/{case}", headers={**officer, **CHINESE})).text
    assert "记录备注" in page

    path = f"/cases/{case}/acts/commented"
    empty = await desk.post(path, data={"text": " "}, headers={**officer, **SAME})
    assert empty.status_code == 422
    answer = await desk.post(path, data={"text": "家属已到场"}, headers={**officer, **SAME})
    assert answer.status_code == 303, answer.text

    async def shows() -> bool:
        return "家属已到场" in (await desk.get(f"/cases/{case}", headers=officer)).text

    await until(shows, what="the comment on the case's page")
    chinese = (await desk.get(f"/cases/{case}", headers={**officer, **CHINESE})).text
    english = (await desk.get(f"/cases/{case}", headers={**officer, "Accept-Language": "en"})).text
    assert "值班员）备注</b>" in chinese
    assert "duty officer) noted</b>" in english
    beside = (await desk.get(f"/?case={case}", headers={**officer, **CHINESE})).text
    assert re.search("data-latest>最近： .*值班员）备注</p>", beside), (
        "beside the board stands what came last"
    )


async def test_a_reporter_sees_the_cases_of_their_own_unit_alone(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake, unit="heating_company")
    mine, other = (
        cookie(town, Role.REPORTER, person=who, unit=unit)
        for who, unit in (("lu_hai", "heating_company"), ("you_shen", "water_bureau"))
    )
    assert case in (await desk.get("/", headers=mine)).text
    assert case not in (await desk.get("/", headers=other)).text
    assert (await desk.get(f"/cases/{case}", headers=other)).status_code == 404


async def test_only_what_may_be_done_to_a_case_has_an_address(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake)
    officer = {**cookie(town, Role.DUTY_OFFICER, person="wang_xin"), **SAME}
    assert (
        await desk.post(f"/cases/{case}/acts/decided", data={"text": "x"}, headers=officer)
    ).status_code == 404
    assert (
        await desk.post(
            f"/cases/{case}/acts/measure_decided", data={"text": "x", "measure": "y"}, headers=officer
        )
    ).status_code == 403


async def test_who_is_on_watch_signs_in_from_the_roster(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    page = (await desk.get("/roster", headers=cookie(town, Role.DUTY_OFFICER, person="wang_xin"))).text
    assert "Duty desk of the Two Offices" in page or "On watch now" in page
    case = standing_case("roster", "two_offices")

    async def is_watched() -> bool:
        return (
            await desk.get(f"/cases/{case}", headers=cookie(town, Role.DUTY_OFFICER, person="wang_xin"))
        ).status_code == 200

    await until(is_watched, what="the roster's case on the board")
    answer = await desk.post(
        f"/cases/{case}/acts/signed_in",
        data={"back": "/roster"},
        headers={**cookie(town, Role.DUTY_OFFICER, person="wang_xin"), **SAME},
    )
    assert answer.headers["location"] == f"/roster?said=done#case-{case}"


async def test_a_publisher_has_no_desk(town: Lab, desk: httpx2.AsyncClient) -> None:
    answer = await desk.get("/", headers=cookie(town, Role.PUBLISHER))
    assert answer.status_code == 403
    assert "text/html" in answer.headers["content-type"]


async def test_static_files_are_kept_for_ever_under_their_digest_and_nothing_else_is_served(
    desk: httpx2.AsyncClient,
) -> None:
    style = (await desk.get("/login")).text.split('href="/static/pages.css?v=')[1].split('"')[0]
    assert "immutable" in (await desk.get(f"/static/pages.css?v={style}")).headers["cache-control"]
    assert (await desk.get("/static/..%2Fpages.py")).status_code == 404


async def test_a_cookie_alone_changes_nothing_over_the_interface_either(
    town: Lab, intake: Running, desk: httpx2.AsyncClient
) -> None:
    case = await report(town, intake)
    leader = cookie(town, Role.LEADER, person="sun_bing")
    path = f"/api/v1/cases/{case}/acknowledge"
    elsewhere = {"Sec-Fetch-Site": "same-site", "Content-Type": "text/plain"}
    assert (await desk.post(path, content="{}", headers={**leader, **elsewhere})).status_code == 403
    assert (
        await desk.post(path, json={}, headers=town.bearer(Role.LEADER, person="sun_bing"))
    ).status_code == 200


async def test_a_change_that_waits_is_decided_on_the_page_of_the_watches(
    town: Lab, desk: httpx2.AsyncClient
) -> None:
    since = datetime.now(UTC)
    span = {"from": since.isoformat(), "until": (since + timedelta(days=14)).isoformat()}
    body = {"changes": [{"op": "set_absence", "person": "han_chen", "absence": span}], "why": "年休假"}
    officer = {"person": "han_chen", "unit": "emergency_bureau"}
    asked = await desk.post(
        "/api/v1/directory/changes", json=body, headers=town.bearer(Role.DUTY_OFFICER, **officer)
    )
    assert asked.status_code == 202, asked.text
    action = f"/roster/proposals/{asked.json()['proposal']}/approve"
    own = (await desk.get("/roster", headers=cookie(town, Role.DUTY_OFFICER, **officer) | CHINESE)).text
    assert "韩辰: 登记为不在岗" in own
    assert action not in own, "nobody is their own second person"
    assert "撤回" in own, "but may take it back"
    assert (
        "年休假"
        not in (await desk.get("/roster", headers=cookie(town, Role.LEADER, unit="shaquan_government"))).text
    )
    leader = cookie(town, Role.LEADER, person="qian_yi", unit="government") | CHINESE
    assert action in (await desk.get("/roster", headers=leader)).text
    assert (await desk.post(action, headers=leader)).status_code == 403, "from another site"
    answer = await desk.post(action, headers=leader | SAME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/roster?said=approve"), answer.text
    after = (await desk.get("/roster?said=approve", headers=leader)).text
    assert "已同意：变更生效，并通知所涉人员。" in after
    assert "年休假" not in after
