"""The pages of the policy against the real broker: who may see and do what, what survives an error, which
cases run under which version.
"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio

from services.escalator.policy_store.steps import LONGEST
from shared.case import Case
from shared.tokens import COOKIE
from shared.vocabulary import Role
from tests.escalator.wire import case_now, report
from tests.lab import Lab, lab_in, until

SAME = {"Sec-Fetch-Site": "same-origin"}
CLERK, LEADER = {"person": "chen_gui"}, {"person": "wu_ji"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path_factory.mktemp("policy-pages"), mongo=False) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pages(town: Lab) -> AsyncIterator[httpx2.AsyncClient]:
    service = await town.start_service(
        "escalator", FENGHUO_WATCH_EVERY="PT0.3S", FENGHUO_DESK_URL="http://desk.example"
    )
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as client:
        yield client
    service.stop()


def as_(town: Lab, role: Role, language: str = "en", **who: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={town.token(role, **who)}", "Accept-Language": language, **SAME}


async def in_force(town: Lab, pages: httpx2.AsyncClient) -> str:
    listed = (await pages.get("/api/v1/policy/versions", headers=town.bearer(Role.AUDITOR))).json()
    return next(one["id"] for one in listed["versions"] if one["standing"] == "in_force")


async def drafted(
    town: Lab, pages: httpx2.AsyncClient, name: str, by: str = CLERK["person"], **fields: str
) -> str:
    version = await in_force(town, pages)
    given = {"version": name, "measure.1": "admonitory_talk", "do": "save", **fields}
    answer = await pages.post(
        f"/versions/{version}/change", data=given, headers=as_(town, Role.SUPERVISOR, person=by)
    )
    assert answer.status_code == 303, answer.text
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"said": ["drafted"]}
    return urlsplit(answer.headers["location"]).path


async def test_a_stranger_is_led_to_the_log_in_and_back(pages: httpx2.AsyncClient) -> None:
    for path in ("/", "/versions/x", "/versions/x/change", "/versions/x/text", "/versions/x/trial"):
        answer = await pages.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login?next=%2F"), path
    assert (await pages.get("/login")).status_code == 200


async def test_whoever_may_not_draft_or_approve_finds_no_button_and_is_refused(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    draft = await drafted(town, pages, "who-may")
    for role, unit, drafts, approves in (
        (Role.REPORTER, "petition_office", False, False),
        (Role.DUTY_OFFICER, "gov_office", False, False),
        (Role.AUDITOR, "petition_office", False, False),
        (Role.DISCIPLINE, "discipline_organ", True, False),
        (Role.LEADER, "emergency_bureau", False, False),
        (Role.LEADER, "gov_office", False, True),
        (Role.LEADER, "party_committee", False, True),
    ):
        headers = as_(town, role, unit=unit)
        page = (await pages.get(draft, headers=headers)).text
        assert (f'href="{draft}/change"' in page, f'action="{draft}/approve"' in page) == (drafts, approves)
        assert (await pages.get(f"{draft}/change", headers=headers)).status_code == (200 if drafts else 403)
        for path, allowed in (
            ("change", drafts),
            ("text", drafts),
            ("submit", drafts),
            ("approve", approves),
        ):
            answer = await pages.post(f"{draft}/{path}", data={}, headers=headers)
            assert (answer.status_code == 403) is not allowed, (role, path)
    refused = await pages.get("/", headers=as_(town, Role.PUBLISHER, "zh"))
    assert refused.status_code == 403
    assert "您的角色是发布系统" in refused.text
    assert "auditor" not in refused.text


async def test_a_form_of_another_site_does_nothing(town: Lab, pages: httpx2.AsyncClient) -> None:
    draft = await drafted(town, pages, "same-origin")
    for path in ("change", "text", "submit", "approve"):
        headers = {**as_(town, Role.SUPERVISOR, **CLERK), "Sec-Fetch-Site": "cross-site"}
        assert (await pages.post(f"{draft}/{path}", data={}, headers=headers)).status_code == 403


async def test_what_was_typed_is_there_again_with_the_line_and_the_remedy_in_both_languages(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    version = await in_force(town, pages)
    text = town.policy.read_text(encoding="utf-8").replace("IV: { report: PT2H", "IV: { report: soon")
    typed = text.replace("\n", "\r\n")  # as a browser sends it
    for language, line, words in (("zh", "第 24 行", "不是时长"), ("en", "line 24", "is not a duration")):
        answer = await pages.post(
            f"/versions/{version}/text",
            data={"text": typed, "do": "save"},
            headers=as_(town, Role.SUPERVISOR, language, **CLERK),
        )
        assert answer.status_code == 422
        assert line in answer.text
        assert words in answer.text
        assert "IV: { report: soon, written: PT4H" in answer.text
        assert answer.text.count("report: soon") == 2, "in the fault and in the field"
    answer = await pages.post(
        f"/versions/{version}/change",
        data={"version": "x", "half_hour.within": "bald", "do": "save"},
        headers=as_(town, Role.SUPERVISOR, **CLERK),
    )
    assert answer.status_code == 422
    assert 'value="bald"' in answer.text
    assert "write a number, such as 30" in answer.text


async def test_what_is_too_large_or_odd_is_refused_and_breaks_nothing(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    version, headers = await in_force(town, pages), as_(town, Role.SUPERVISOR, **CLERK)
    for text, status in (
        ("x" * (4 * LONGEST), 413),
        ("x" * (LONGEST + 1), 422),
        ("", 422),
        ("a: &a [*a]", 422),
    ):
        answer = await pages.post(f"/versions/{version}/text", data={"text": text}, headers=headers)
        assert answer.status_code == status, answer.text[:500]
    for odd in ("nothing", "a%2Fb", "x" * 200):
        assert (await pages.get(f"/versions/{odd}", headers=headers)).status_code in (404, 422)
    for days in ("0", "91", "many"):
        assert (await pages.get(f"/versions/{version}/trial?days={days}", headers=headers)).status_code == 404
    draft = await drafted(town, pages, "odd")
    for meeting in ("<script>", "a b", "x" * 400, "http://desk.example/cases/../x", "nothing"):
        answer = await pages.post(f"{draft}/submit", data={"meeting_written": meeting}, headers=headers)
        assert answer.status_code == 422
        assert "<script>" not in answer.text
    leader = as_(town, Role.LEADER, **LEADER)
    for field, value in (
        ("in_force_from", "yesterday"),
        ("in_force_from", "99999-01-01T00:00"),
        ("file", "x"),
    ):
        answer = await pages.post(f"{draft}/approve", data={field: value}, headers=leader)
        assert answer.status_code == 422, answer.text[:300]


async def test_whoever_drafted_it_is_told_that_a_second_person_approves(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    draft = await drafted(town, pages, "own", by="xie_ze")
    own = as_(town, Role.LEADER, person="xie_ze")
    page = (await pages.get(draft, headers=own)).text
    assert "You have drafted it yourself" in page
    assert f'action="{draft}/approve"' not in page


async def test_nothing_is_kept_before_it_is_laid_down(town: Lab, pages: httpx2.AsyncClient) -> None:
    version = await in_force(town, pages)
    answer = await pages.post(
        f"/versions/{version}/change",
        data={
            "version": "only-looked-at",
            "levels.IV.report": "45",
            "levels.IV.report:unit": "minutes",
            "do": "check",
        },
        headers=as_(town, Role.DISCIPLINE, unit="discipline_organ"),
    )
    assert answer.status_code == 200, answer.text
    assert "level IV: 45 min" in answer.text
    assert 'value="only-looked-at"' in answer.text
    listed = (await pages.get("/api/v1/policy/versions", headers=town.bearer(Role.AUDITOR))).text
    assert "only-looked-at" not in listed


async def test_the_first_page_says_how_many_open_cases_run_under_each_version(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    async with town.connection("intake") as intake, town.connection("admin") as admin:
        case = await report(intake, level="II")

        async def there() -> Case | None:
            return await case_now(admin, case)

        await until(there)
    version = await in_force(town, pages)

    async def counted() -> bool:
        page = (await pages.get(f"/versions/{version}", headers=as_(town, Role.AUDITOR))).text
        return f'href="http://desk.example/cases/{case}"' in page

    await until(counted, what="the case is counted under its version")
    other_unit = as_(town, Role.REPORTER, unit="petition_office")
    page = (await pages.get(f"/versions/{version}", headers=other_unit)).text
    assert str(case) not in page, "a reporter reads the cases of their unit, and reads them on the desk"
    assert "Open cases that began under it · " in page
    assert "None." not in page


async def test_a_trial_says_in_words_what_would_have_gone_differently(
    town: Lab, pages: httpx2.AsyncClient
) -> None:
    async with town.connection("intake") as intake:
        case = await report(intake, level="IV")
    draft = await drafted(town, pages, "tried", **{"levels.IV.report": "1", "levels.IV.report:unit": "hours"})

    async def tried() -> bool:
        page = (await pages.get(f"{draft}/trial?days=7", headers=as_(town, Role.LEADER, "zh", **LEADER))).text
        return f"/cases/{case}" in page and "时限不同" in page and "周戊" in page

    await until(tried, what="the case in the trial")
