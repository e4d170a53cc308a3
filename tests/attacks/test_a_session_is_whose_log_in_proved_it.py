"""Sessions are forged, fixed, stolen, replayed and led astray; each deed is done to the running services."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from ulid import ULID

from shared import sessions
from shared.broker.write import write
from shared.ids import PersonId
from shared.revocation import TakenBackBy
from shared.sessions import LoginLink, OpenSession, SessionMoment, digest_of
from shared.streams import SESSIONS
from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.everywhere import take_back
from tests.attacks.test_a_token_taken_back_works_nowhere import fenghuo
from tests.lab import until

SAME = {"Sec-Fetch-Site": "same-origin"}
PERSON = "chen_gui"  # supervisor, leader and reporter


async def new_code(installation: Installation, *more: str, person: str = PERSON) -> str:
    return str((await fenghuo(installation, "token", "link", person, *more))["code"])


def browser(url: str, cookie: str = "") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=url,
        headers=SAME,
        follow_redirects=False,
        cookies={sessions.COOKIE: cookie} if cookie else None,
    )


async def log_in(installation: Installation, code: str, **more: str) -> httpx2.Response:
    async with browser(installation.intake.url) as http:
        return await http.post("/login/code", data={"code": code, **more})


async def session(installation: Installation, *more: str) -> str:
    answer = await log_in(installation, await new_code(installation, *more))
    assert answer.status_code == 303, answer.text
    return answer.cookies[sessions.COOKIE]


async def earlier_session(
    installation: Installation, ago: timedelta, *, used: timedelta | None = None
) -> tuple[str, str]:
    """The id and the cookie of one that began so long ago and was used last so long ago."""
    now, cookie, digest = datetime.now(UTC), sessions.new_secret(), digest_of(sessions.new_code())
    began = now - ago
    link = LoginLink(
        person=PersonId("sun_bing"),
        roles=(Role.LEADER,),
        issued_at=began,
        ends_at=began + sessions.LINK_LASTS,
    )
    opened = OpenSession(
        id=str(ULID.from_datetime(began)),
        secret=digest_of(cookie),
        person=link.person,
        roles=link.roles,
        began=began,
        lasts=timedelta(hours=12),
    )
    async with installation.lab.connection("admin") as admin:
        await write(admin, SESSIONS, f"link.{digest}", link.model_dump_json().encode())
    async with installation.lab.connection("intake") as intake:
        await write(intake, SESSIONS, f"open.{digest}", opened.model_dump_json().encode())
        if used is not None:
            raw = SessionMoment(at=now - used).model_dump_json().encode()
            await write(intake, SESSIONS, f"used.{digest}", raw)
    return opened.id, cookie


async def status(url: str, cookie: str, path: str = "/sessions") -> int:
    async with browser(url, cookie) as http:
        return (await http.get(path)).status_code


async def test_a_link_opens_one_session_however_often_it_is_looked_at_or_pressed(
    installation: Installation,
) -> None:
    code = await new_code(installation)
    async with browser(installation.intake.url) as scanner:
        for _ in range(3):
            page = await scanner.get(f"/login/code/{code}")
            assert (page.status_code, sessions.COOKIE in page.cookies) == (200, False)
    answers = await asyncio.gather(*(log_in(installation, code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]
    assert sum(sessions.COOKIE in answer.cookies for answer in answers) == 1


async def test_one_log_in_opens_the_pages_of_all_services_and_log_out_closes_them_all(
    installation: Installation,
) -> None:
    cookie = await session(installation)
    places = [service.url for service in (installation.intake, installation.escalator, installation.audit)]
    for url in places:
        await until(lambda url=url: _is(url, cookie, 200), what="the session is known there")
    async with browser(installation.audit.url, cookie) as http:
        left = await http.post("/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    for url in places:
        await until(lambda url=url: _is(url, cookie, 303), what="who stole the cookie gets nothing there")


async def _is(url: str, cookie: str, expected: int) -> bool:
    return await status(url, cookie) == expected


@pytest.mark.parametrize("cookie", ["x" * 43, "x" * 5000, "01.02.03", "%00"])
async def test_a_forged_cookie_is_nobody(installation: Installation, cookie: str) -> None:
    assert await status(installation.intake.url, cookie) in (303, 431)


async def test_with_intakes_own_key_nobody_gets_a_session_without_the_operators_link(
    installation: Installation,
) -> None:
    now, stolen = datetime.now(UTC), "stolen"
    forged = OpenSession(
        id="01",
        secret=digest_of(stolen),
        person=PersonId("auditor"),
        roles=(Role.AUDITOR,),
        began=now,
        lasts=timedelta(hours=12),
    )
    link = LoginLink(
        person=forged.person, roles=forged.roles, issued_at=now, ends_at=now + timedelta(minutes=10)
    )
    async with installation.lab.connection("intake") as intake:
        with pytest.raises(TimeoutError):  # the broker does not take it
            await write(intake, SESSIONS, "link.forged", link.model_dump_json().encode(), timeout=0.5)
        await write(intake, SESSIONS, "open.forged", forged.model_dump_json().encode())
    honest = await session(installation)  # told after the forged one
    for service in (installation.intake, installation.audit):
        await until(lambda service=service: _is(service.url, honest, 200))
        assert await status(service.url, stolen) == 303


async def test_a_session_chosen_by_somebody_else_becomes_nobodys(installation: Installation) -> None:
    """Fixation: the cookie a browser had before its log-in opens nothing after it."""
    fixed, code = "f" * 43, await new_code(installation)
    async with browser(installation.intake.url, fixed) as http:
        answer = await http.post("/login/code", data={"code": code})
    assert answer.cookies[sessions.COOKIE] != fixed
    assert await status(installation.intake.url, fixed) == 303


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/login/code", {"code": "x"}),
        ("/logout", {}),
        ("/login/role", {"role": "leader"}),
        ("/sessions/end", {}),
    ],
)
async def test_another_site_logs_nobody_in_or_out(
    installation: Installation, path: str, form: dict[str, str]
) -> None:
    cookie = await session(installation)
    async with browser(installation.intake.url, cookie) as http:
        answer = await http.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert await status(installation.intake.url, cookie) == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_a_link_leads_nowhere_else(installation: Installation, elsewhere: str) -> None:
    answer = await log_in(installation, await new_code(installation), next=elsewhere)
    assert answer.headers["location"] == "/"


async def test_what_is_taken_back_takes_the_session_and_the_unused_link(installation: Installation) -> None:
    person = "zhou_wu"
    unused = await new_code(installation, person=person)
    cookie = (await log_in(installation, await new_code(installation, person=person))).cookies[
        sessions.COOKIE
    ]
    assert await status(installation.intake.url, cookie) == 200
    await take_back(installation, TakenBackBy.PERSON, person)
    for service in (installation.intake, installation.audit):
        await until(lambda service=service: _is(service.url, cookie, 303))
    assert (await log_in(installation, unused)).status_code == 401


async def test_one_session_is_taken_back_by_its_id(installation: Installation) -> None:
    before = {row["id"] for row in await fenghuo(installation, "token", "list")}
    cookie = await session(installation)
    listed = [row for row in await fenghuo(installation, "token", "list") if row["is_session"]]
    (row,) = [row for row in listed if row["id"] not in before]
    await fenghuo(installation, "token", "revoke", row["id"])
    await until(lambda: _is(installation.intake.url, cookie, 303))


async def test_a_role_the_session_was_not_opened_for_is_not_put_on(installation: Installation) -> None:
    cookie = await session(installation, "--role", "supervisor", "--role", "leader")
    async with browser(installation.intake.url, cookie) as http:
        assert (await http.post("/login/role", data={"role": "reporter"})).status_code == 403
        http.cookies.set(sessions.ROLE_COOKIE, "redactor")
        page = await http.get("/sessions?lang=en")
    assert "<small>supervisor</small>" in page.text


async def test_who_was_at_work_for_days_stays_logged_in_where_a_service_starts_anew(
    installation: Installation,
) -> None:
    """Of all their uses the bucket has the last one alone."""
    known, cookie = await earlier_session(installation, timedelta(days=3), used=timedelta(hours=1))
    over, _ = await earlier_session(installation, timedelta(days=3), used=timedelta(hours=13))
    listed = [row["id"] for row in await fenghuo(installation, "token", "list")]
    assert known in listed, "so that it can be taken back"
    assert over not in listed
    again = await installation.lab.start_service("intake")
    assert await status(again.url, cookie) == 200
    again.stop()


async def test_whoever_ends_all_other_sessions_keeps_this_one(installation: Installation) -> None:
    """Also where its use is noted with this very request."""
    _, other = await earlier_session(installation, timedelta(hours=2))
    _, this = await earlier_session(installation, timedelta(hours=1))
    url = installation.intake.url
    await session(installation)  # told after the two, which nobody has asked with yet
    async with browser(url, this) as http:
        assert (await http.post("/sessions/end")).status_code == 303
    assert (await status(url, this), await status(url, other)) == (200, 303)


async def test_guessing_codes_is_slowed_down(installation: Installation) -> None:
    async with browser(installation.intake.url) as http:
        tried = [(await http.post("/login/code", data={"code": f"{n:012}"})).status_code for n in range(60)]
    assert set(tried) <= {404, 429}
    assert 429 in tried
