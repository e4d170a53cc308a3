"""The explorer: find a record, read it in plain words, see its proof hold; for auditors alone."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from shared.vocabulary import Role
from tests.lab import Lab, Running, until
from tests.pages.conftest import OpenPage, log_in, report


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(town: Lab, intake: Running, audit: Running) -> str:
    """A case whose report and first decision are under a signed checkpoint."""
    reported = await report(town, intake, summary="沙泉县面粉库粉尘爆燃", area="620621")
    async with httpx2.AsyncClient(base_url=audit.url, headers=town.bearer(Role.AUDITOR)) as client:

        async def is_signed() -> bool:
            answer = await client.get("/api/v1/trail/entries", params={"case": reported})
            return answer.status_code == 200 and len(answer.json()["entries"]) >= 2

        await until(is_signed, what="the case in the trail")
    return reported


@pytest_asyncio.fixture(loop_scope="session")
async def auditor(town: Lab, audit: Running) -> AsyncIterator[httpx2.AsyncClient]:
    cookie = f"fenghuo_token={town.token(Role.AUDITOR)}"
    async with httpx2.AsyncClient(base_url=audit.url, headers={"Cookie": cookie}) as client:
        yield client


async def test_units_are_offered_by_the_directory_of_now(
    town: Lab, intake: Running, auditor: httpx2.AsyncClient
) -> None:
    unit = {"id": "new_bureau", "name": {"zh": "新设机构", "en": "New bureau"}, "area": "620621"}
    async with httpx2.AsyncClient(base_url=intake.url, headers=town.bearer(Role.OPERATOR)) as client:
        (
            await client.post(
                "/api/v1/directory/changes", json={"changes": [{"op": "put_unit", "unit": unit}]}
            )
        ).raise_for_status()

    async def is_offered() -> bool:
        return "New bureau" in (await auditor.get("/", params={"lang": "en"}, follow_redirects=True)).text

    await until(is_offered, what="the unit that was added at run time")


async def test_an_auditor_finds_a_record_and_sees_its_proof_hold(
    town: Lab, audit: Running, case: str, open_page: OpenPage
) -> None:
    page = await open_page(audit.url)
    await log_in(page, town.token(Role.AUDITOR))
    await expect(page.locator(".state .check.holds")).to_contain_text("signed by the trail's key")
    await page.locator("#text").fill("面粉库粉尘")
    await page.locator("#kind").select_option("reported")
    await page.get_by_role("button", name="Search").click()
    rows = page.locator("main table tbody tr")
    await expect(rows).to_have_count(1)

    await rows.first.get_by_role("link").first.click()

    await expect(page.locator("h1")).to_contain_text("reported Level II (grave) accident")
    await expect(page.locator("dl.facts").first).to_contain_text("沙泉县面粉库粉尘爆燃")
    await expect(page.locator("dl.facts").first).to_contain_text("Shaquan County")
    await expect(page.locator(".check.holds")).to_have_count(4)
    await expect(page.locator(".check.broken")).to_have_count(0)
    await page.get_by_role("link", name="After it in this case").click()
    await expect(page.locator("h1")).to_contain_text("owes")
    await page.get_by_text("Line of the policy").click()
    await expect(page.locator("main")).to_contain_text("levels.II.report")
    await page.get_by_role("link", name="The whole case").click()
    await expect(page.locator(".timeline li").first).to_contain_text("reported")


async def test_the_explorer_speaks_chinese_on_every_screen(
    town: Lab, audit: Running, case: str, open_page: OpenPage
) -> None:
    for width in (360, 1600):
        page = await open_page(audit.url, locale="zh-CN", viewport={"width": width, "height": 800})
        await log_in(page, town.token(Role.DISCIPLINE, person="feng_ren"))
        await expect(page.locator("header")).to_contain_text("纪检监察")
        for path in ("/", f"/cases/{case}", "/records/0"):
            await page.goto(path)
            await expect(page.locator("main")).to_contain_text("检查点")
            if path == "/":
                await expect(page.locator("main")).to_contain_text("内置存储")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (
                f"{path} is wider than {width}"
            )


async def test_the_evidence_of_a_case_is_one_click_away(auditor: httpx2.AsyncClient, case: str) -> None:
    page = (await auditor.get(f"/cases/{case}")).text
    assert f'href="/api/v1/cases/{case}/bundle"' in page
    bundle = await auditor.get(f"/api/v1/cases/{case}/bundle")
    assert bundle.status_code == 200
    assert bundle.content.startswith(b"PK")


async def test_a_comment_stands_in_the_trail_and_on_the_explorers_page_in_both_languages(
    town: Lab, intake: Running, auditor: httpx2.AsyncClient, case: str
) -> None:
    async with httpx2.AsyncClient(base_url=intake.url, headers=town.bearer(Role.DUTY_OFFICER)) as client:
        answer = await client.post(f"/api/v1/cases/{case}/comment", json={"text": "家属已到场"})
        assert answer.status_code in (200, 202), answer.text

    async def shows(language: str, *words: str) -> bool:
        page = (await auditor.get(f"/cases/{case}", params={"lang": language})).text
        return all(word in page for word in words)

    await until(lambda: shows("zh", "家属已到场", "备注"), what="the comment in Chinese")
    assert await shows("en", "家属已到场", "noted")
    found = await auditor.get("/api/v1/trail/entries", params={"case": case, "kind": "commented"})
    assert len(found.json()["entries"]) == 1


async def test_a_search_that_finds_nothing_says_what_to_try_and_a_bad_time_stands_at_its_field(
    auditor: httpx2.AsyncClient, case: str
) -> None:
    page = (await auditor.get("/", params={"person": "nobody", "text": "nowhere"})).text
    assert "No record fits" in page
    assert "Fewer words" in page
    assert "The unit instead" in page
    page = (
        await auditor.get(
            "/",
            params={
                "since": "yesterday",
                "claimed_since": "2026-11-02T00:00",
                "claimed_until": "2026-11-01T00:00",
            },
        )
    ).text
    assert 'id="since-error"' in page
    assert 'id="claimed_until-error"' in page
    assert '<details class="further" open>' in page
    for path, status in (
        ("/records/99999999", 404),
        ("/records/x", 404),
        ("/cases/none", 404),
        ("/?cursor=broken", 400),
    ):
        assert (await auditor.get(path)).status_code == status, path


async def test_only_those_who_look_into_what_others_did_may_look(town: Lab, audit: Running) -> None:
    async with httpx2.AsyncClient(base_url=audit.url) as stranger:
        assert (await stranger.get("/records/0")).headers["location"] == "/login?next=%2Frecords%2F0"
        allowed: dict[Role, Any] = {}
        for role in Role:
            allowed[role] = (
                await stranger.get("/", headers={"Cookie": f"fenghuo_token={town.token(role)}"})
            ).status_code == 200
    assert {role for role, ok in allowed.items() if ok} == {Role.AUDITOR, Role.DISCIPLINE, Role.SUPERVISOR}


async def test_what_is_held_is_marked_where_it_stands_and_the_proof_can_be_taken_away(
    town: Lab, audit: Running, auditor: httpx2.AsyncClient, case: str
) -> None:
    async with httpx2.AsyncClient(
        base_url=audit.url, headers=town.bearer(Role.DISCIPLINE, person="feng_ren")
    ) as organ:
        placed = await organ.post("/api/v1/trail/holds", json={"case": case, "why": "inquiry 2026-17"})
        assert placed.status_code == 201, placed.text

    async def held() -> str | None:
        page = (await auditor.get("/", params={"case": case, "kind": "held"})).text
        return page if "placed a legal hold</span>" in page else None

    page = await until(held, what="the hold under a checkpoint")
    assert page
    assert "mark-held" in page
    record = placed.json()["record"]
    page = (await auditor.get(f"/records/{record}")).text
    assert "inquiry 2026-17" in page
    assert "nothing of it may be erased" in page
    proof = await auditor.get(f"/records/{record}/proof")
    assert proof.text.startswith("c2sp.org/tlog-proof@v1\n")
    assert "attachment" in proof.headers["content-disposition"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def excused(town: Lab, intake: Running, audit: Running) -> str:
    """A case whose half hour has passed while nobody could be called: there is no notifier in this town."""
    learned = datetime.now(UTC) - timedelta(minutes=29, seconds=57)
    times = {"occurred_at": learned.isoformat(), "learned_at": learned.isoformat()}
    reported = await report(town, intake, summary="城东变电站停电", unit="water_bureau", **times)
    async with httpx2.AsyncClient(base_url=audit.url, headers=town.bearer(Role.AUDITOR)) as client:

        async def has_lapsed() -> bool:
            answer = await client.get("/api/v1/trail/entries", params={"case": reported, "lapse": True})
            return answer.status_code == 200 and bool(answer.json()["entries"])

        await until(has_lapsed, what="the lapse in the trail")
    return reported


EXCUSED = {
    "zh-CN": "免责（系统自身故障）：未送出任何呼叫",
    "en": "Excused, the failure was ours: no call had been handed over",
}
"""The last one to look refers one of the lapses."""


@pytest.mark.parametrize("locale", EXCUSED)
async def test_what_excuses_a_lapse_stands_beside_it_in_the_explorer_and_in_the_evidence(
    town: Lab, audit: Running, excused: str, auditor: httpx2.AsyncClient, open_page: OpenPage, locale: str
) -> None:
    for width in (380, 1200):
        page = await open_page(audit.url, locale=locale, viewport={"width": width, "height": 800})
        await log_in(page, town.token(Role.AUDITOR))
        await page.goto(f"/cases/{excused}")
        await expect(page.locator(".timeline li.lapse")).to_contain_text(EXCUSED[locale])
        await page.locator(".timeline li.lapse a.when").click()
        await expect(page.locator("main .followed")).to_contain_text(EXCUSED[locale])
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    bundle = await auditor.get(f"/api/v1/cases/{excused}/bundle")
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        timeline = archive.read(f"timeline.{locale[:2]}.html").decode()
    assert timeline.count(EXCUSED[locale]) >= 2, "in the table of what was owed, and where it lapsed"


@pytest.mark.parametrize("locale", EXCUSED)
async def test_the_discipline_organ_sees_what_excuses_a_lapse_before_it_refers_it(
    town: Lab, intake: Running, excused: str, open_page: OpenPage, locale: str
) -> None:
    is_chinese = locale == "zh-CN"
    for width in (380, 1200):
        page = await open_page(intake.url, locale=locale, viewport={"width": width, "height": 800})
        await log_in(page, town.token(Role.DISCIPLINE, person="feng_ren"))
        await page.goto(f"/cases/{excused}")
        await expect(page.locator("tr[data-duty=first_report-gov_main]")).to_contain_text(EXCUSED[locale])
        form = page.locator("#confirmed")
        await form.locator("summary").click()
        await expect(form).to_contain_text(
            "追究因系统故障免责的逾期" if is_chinese else "Refer a lapse that our own failure excuses"
        )
        await expect(form.locator(".weigh li")).to_have_count(5)
        await expect(form.locator(".weigh")).to_contain_text(EXCUSED[locale])
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    if is_chinese:
        return
    await form.locator("select[name=duty]").select_option("first_report-gov_main")
    await form.locator("textarea").fill("his office was rung by hand at 03:10")
    await form.get_by_role("button", name="Refer it all the same").click()
    await expect(page.locator(".note.good")).to_be_visible()
    await page.goto(f"/cases/{excused}")
    await page.locator("#confirmed summary").click()
    await expect(page.locator("#confirmed .weigh li")).to_have_count(4)
