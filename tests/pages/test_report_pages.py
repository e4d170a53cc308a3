"""The report pages: a number is one click from its records, in both languages, for those who may look."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest_asyncio
from playwright.async_api import expect
from typer.testing import CliRunner

from fenghuo.commands.trail import app
from services.audit.reports.names import ReportName
from shared.secrets import SecretFile
from shared.vocabulary import Role
from tests.lab import Lab, Running, until
from tests.pages.conftest import OpenPage, log_in, report

REPORTS = tuple(ReportName)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(town: Lab, intake: Running, audit: Running) -> str:
    """A report that came in late, so that its unit has lapses on record under a signed checkpoint."""
    reported = await report(
        town,
        intake,
        summary="沙泉县粮库粉尘爆燃",
        area="620621",
        occurred_at="2026-01-01T00:00:00Z",
        learned_at="2026-01-01T00:00:00Z",
    )
    async with httpx2.AsyncClient(base_url=audit.url, headers=town.bearer(Role.AUDITOR)) as client:

        async def has_lapses() -> bool:
            answer = await client.get("/api/v1/trail/entries", params={"case": reported, "lapse": True})
            return answer.status_code == 200 and bool(answer.json()["entries"])

        await until(has_lapses, what="the lapse in the trail")
    return reported


@pytest_asyncio.fixture(loop_scope="session")
async def auditor(town: Lab, audit: Running) -> AsyncIterator[httpx2.AsyncClient]:
    cookie = f"fenghuo_token={town.token(Role.AUDITOR)}"
    async with httpx2.AsyncClient(base_url=audit.url, headers={"Cookie": cookie}, timeout=30) as client:
        yield client


async def test_a_number_leads_to_the_records_it_was_counted_from(
    town: Lab, audit: Running, case: str, open_page: OpenPage
) -> None:
    page = await open_page(audit.url)
    await log_in(page, town.token(Role.AUDITOR))
    await page.get_by_role("link", name="Reports").click()
    await expect(page.locator("h1")).to_have_text("Timeliness")
    row = page.locator("table", has_text="By unit").locator(
        "tbody tr", has_text="Emergency Management Bureau"
    )
    await row.locator("a[href*=lapsed]").first.click()
    await expect(page.locator("h1")).to_have_text("The records behind a figure")
    mine = page.locator("main tbody tr").filter(has=page.locator(f"a[href='/cases/{case}']"))
    await mine.first.get_by_role("link").first.click()
    await expect(page.locator("main")).to_contain_text("Lapsed: ")
    await page.get_by_role("link", name="The whole case").click()
    await page.get_by_role("link", name="Public notice").click()
    await expect(page.locator(".draft")).to_contain_text("not to be published")


async def test_every_report_is_whole_in_both_languages_and_fits_the_screen(
    town: Lab, audit: Running, case: str, open_page: OpenPage
) -> None:
    for width in (360, 1280):
        page = await open_page(audit.url, locale="zh-CN", viewport={"width": width, "height": 800})
        await log_in(page, town.token(Role.DISCIPLINE, person="feng_ren"))
        for name in REPORTS:
            await page.goto(f"/reports/{name}")
            await expect(page.locator("main")).to_contain_text("统计口径")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (
                f"{name} is wider than {width}"
            )


async def test_what_is_asked_wrongly_is_said_where_it_stands(auditor: httpx2.AsyncClient, case: str) -> None:
    page = (await auditor.get("/reports/lapses", params={"since": "yesterday"})).text
    assert 'id="since-error"' in page
    for path, status in (
        ("/reports/none", 404),
        ("/reports/records?figure=unit/nobody/late", 404),
        ("/reports", 303),
    ):
        assert (await auditor.get(path)).status_code == status, path
    answer = await auditor.get("/api/v1/reports/analysis", params={"period": "October"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_the_documents_come_as_files_that_can_load_nothing(
    auditor: httpx2.AsyncClient, case: str
) -> None:
    page = await auditor.get("/api/v1/reports/analysis", params={"period": "2026-Q4", "language": "en"})
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    file = await auditor.get("/api/v1/reports/analysis", params={"period": "2026-10", "format": "docx"})
    assert (file.status_code, file.content[:2]) == (200, b"PK")
    assert "analysis-2026-10-zh.docx" in file.headers["content-disposition"]
    notice = await auditor.get(f"/api/v1/cases/{case}/public-notice", params={"format": "text"})
    assert "沙泉县粮库粉尘爆燃" in notice.text


async def test_only_those_who_look_into_what_others_did_may_see_reports(
    town: Lab, audit: Running, case: str
) -> None:
    paths = (
        "/reports/timeliness",
        "/api/v1/reports/holding",
        "/api/v1/reports/analysis?period=2026-10",
        f"/api/v1/cases/{case}/public-notice",
    )
    async with httpx2.AsyncClient(base_url=audit.url, timeout=30) as stranger:
        for path in paths:
            allowed = {
                role
                for role in Role
                if (
                    await stranger.get(path, headers={"Cookie": f"fenghuo_token={town.token(role)}"})
                ).status_code
                == 200
            }
            assert allowed == {Role.AUDITOR, Role.DISCIPLINE, Role.SUPERVISOR}, path


async def test_the_same_from_the_terminal(town: Lab, audit: Running, case: str, tmp_path: Path) -> None:
    env = {
        "FENGHUO_AUDIT_URL": audit.url,
        "FENGHUO_TOKEN": town.token(Role.AUDITOR),
        "FENGHUO_DATA_DIR": str(tmp_path),
    }

    async def told(*arguments: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
        return done.exit_code, done.stdout

    for name in REPORTS:
        code, text = await told("report", name)
        assert (code, "up to checkpoint" in text) == (0, True), name
    code, text = await told("report", "timeliness", "--unit", "emergency_bureau", "--json")
    (line,) = json.loads(text)["units"]
    assert line["lapsed"] >= 1
    code, text = await told(
        "report", "timeliness", "--unit", "emergency_bureau", "--records", "unit/emergency_bureau/lapsed"
    )
    assert (code, text.split(":")[0]) == (0, "unit/emergency_bureau/lapsed")
    code, text = await told("notice", case, "--language", "zh")
    assert (code, "沙泉县粮库粉尘爆燃" in text) == (0, True)
    assert (await told("analysis", "2026-Q4", "-o", str(tmp_path / "q4.docx")))[0] == 0
    assert (tmp_path / "q4.docx").read_bytes()[:2] == b"PK"
    assert (await told("analysis", "2026-10"))[0] == 2
    vkey = ("--vkey", str(town.secrets / SecretFile.TRAIL_VERIFY))
    code, text = await told("document", str(tmp_path / "q4.docx"), *vkey)
    assert code == 0
    assert "made from the record of 2026-09-30T16:00:00" in text.replace("\n", " ")
    assert "unchanged since" in text.replace("\n", " ")
    (tmp_path / "other.docx").write_bytes((tmp_path / "q4.docx").read_bytes().replace(b"word/", b"Word/", 1))
    assert (await told("document", str(tmp_path / "other.docx"), *vkey))[0] == 1
    assert (await told("price-bulletin", "2026-W48"))[0] == 2, "a DOCX is not for the terminal"
    code, text = await told("price-bulletin", "2026-W48", "--format", "text")
    assert (code, "价格监测简报" in text) == (0, True)
    assert (await told("review", "01JNOSUCHCASE", "--format", "text"))[0] == 1
    assert (await told("notice", "01JNOSUCHCASE"))[0] == 1
