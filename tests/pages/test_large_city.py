"""A city of thousands: no list of a page is longer than a reader can look through, and whoever is not on it
is named in words.
"""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bench.large_directory import large_directory
from services.intake.desk.act_fields import ROWS
from services.intake.desk.list_pages import WATCHES_SHOWN
from shared.case import write_case
from shared.streams import CASES
from shared.vocabulary import Role
from shared.web.picks import MOST
from tests.intake.builders import case, post_case, task
from tests.lab import Lab, Running, lab_in, until

CASE = "01M84XNYBGESSWT7G2KGA91CAY"
PEOPLE, UNITS, ROSTERS, TASKS = 1_200, 400, 60, 250
PAGES = ("/report?kind=task", f"/cases/{CASE}", "/tasks", "/roster", "/gaps")
_SELECT = re.compile(r"<select.*?</select>", re.DOTALL)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    folder = tmp_path_factory.mktemp("city")
    path = Path(folder) / "directory.yaml"
    path.write_text(json.dumps(large_directory(PEOPLE, UNITS, ROSTERS), ensure_ascii=False), encoding="utf-8")
    async with lab_in(folder, mongo=False, directory=path) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(city: Lab) -> Running:
    intake = await city.start_service("intake", FENGHUO_DUTIES_WAIT="PT0.1S")
    tasks = tuple(task(number + 1, unit=f"unit_{number}", assigner="unit_25") for number in range(TASKS))
    await post_case(
        city, case(CASE, tasks=tasks, report={"unit": "unit_25", "area": "620025"}, holder="unit_25")
    )

    def is_there() -> bool:
        return httpx2.get(f"{intake.url}/cases/{CASE}", headers=bearer(city), timeout=20).status_code == 200

    await until(is_there, what="the case on the board")
    return intake


def bearer(city: Lab) -> dict[str, str]:
    return city.bearer(Role.SUPERVISOR, person="person_25", unit="unit_25")


@pytest.mark.parametrize("path", PAGES)
async def test_no_list_of_a_page_is_longer_than_is_offered(city: Lab, desk: Running, path: str) -> None:
    page = httpx2.get(f"{desk.url}{path}", headers=bearer(city), timeout=20).text
    lists = [found.group() for found in _SELECT.finditer(page)]
    assert all(found.count("<option") <= MOST + 1 for found in lists if 'name="task"' not in found)
    assert lists or path == "/gaps"
    assert page.count('<section class="card') <= WATCHES_SHOWN + 2 or path != "/roster"
    assert len(page.encode()) < 250_000


async def test_a_watch_that_is_not_shown_is_found_by_its_name(city: Lab, desk: Running) -> None:
    async with httpx2.AsyncClient(base_url=desk.url, headers=bearer(city), timeout=20) as http:
        first = (await http.get("/roster")).text
        assert ">Roster 59 " not in first
        assert f"{WATCHES_SHOWN} of {ROSTERS} are shown" in first
        assert ">Roster 59 " in (await http.get("/roster", params={"roster_written": "值班表59"})).text
        page = (await http.get("/roster", params={"roster_written": "Rooster 59", "lang": "zh"})).text
        assert "没有名为“Rooster 59”的" in page
        assert '<option value="roster_59">' in page


async def test_the_tasks_of_a_unit_that_is_not_offered_are_found_by_its_name(
    city: Lab, desk: Running
) -> None:
    async with httpx2.AsyncClient(base_url=desk.url, headers=bearer(city), timeout=20) as http:
        for written, rows in (
            ("Unit 200", 1),
            ("unit_200", 1),
            ("Unit 300", 0),
            ("unit_4000", TASKS),
            ("<b>", TASKS),
        ):
            page = (await http.get("/tasks", params={"unit_written": written})).text
            assert page.count("data-task=") == rows
            assert ('class="error"' in page) == (rows == TASKS)
            assert "<b>&" not in page
        for path, name in (("/tasks", "unit"), ("/roster", "roster")):
            unknown = (await http.get(path, params={name: "nowhere"})).text
            assert "nothing here is called nowhere" in unknown
            assert unknown.count('<section class="card') > 0


@pytest.mark.parametrize(("width", "language"), [(380, "zh"), (1200, "en")])
async def test_a_report_names_its_unit_in_words_without_scripts(
    city: Lab, desk: Running, browser: Browser, width: int, language: str
) -> None:
    context = await browser.new_context(
        base_url=desk.url,
        viewport={"width": width, "height": 900},
        java_script_enabled=False,
        extra_http_headers=bearer(city),
    )
    page = await context.new_page()
    await page.goto(f"/report?lang={language}")
    await page.fill("#summary", "河堤渗水")
    await page.select_option("#category", "accident")
    await page.fill("#occurred_at", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M"))
    await page.fill("#unit-written", "单位 377")
    await page.click("form.card button.main")

    fault = page.locator("#unit-error")
    await expect(fault).to_contain_text({"zh": "单位377 (unit_377)", "en": "Unit 377 (unit_377)"}[language])
    assert await page.locator("#unit-written").input_value() == "单位 377", "nothing typed is lost"
    await expect(page.locator("#summary")).to_have_value("河堤渗水")
    await page.select_option("#unit", "unit_377")
    await page.click("form.card button.main")
    await expect(page.locator("h1")).to_be_visible()
    assert await page.locator("form.card #unit").count() == 0, await page.locator("#faults").all_inner_texts()
    await context.close()


async def test_a_form_that_lacks_what_ours_have_or_is_absurd_is_refused_and_no_fault_of_ours(
    city: Lab, desk: Running
) -> None:
    headers = {**bearer(city), "Origin": desk.url}
    async with httpx2.AsyncClient(base_url=desk.url, headers=headers, timeout=20) as http:
        for written in (
            "",
            "x" * 90_000,
            ",".join(f"unit {number}" for number in range(5_000)),
            "<b>%(given)s%s",
            "\u202e\x00",
        ):
            form = {"summary": "x", "unit_written": written, "task_title": "x", "task_units_written": written}
            answer = await http.post("/report", data=form)
            assert (answer.status_code, "<b>%" in answer.text, len(answer.content) < 250_000) == (
                422,
                False,
                True,
            )
            answer = await http.post(
                f"/cases/{CASE}/acts/reassigned", data={"text": "x", "to_person_written": written or "nobody"}
            )
            assert answer.status_code == 422
            answer = await http.post(
                f"/cases/{CASE}/acknowledge", data={"person_written": written or "nobody"}
            )
            assert answer.status_code == 422


async def test_of_thousands_of_cases_that_followed_the_most_pressing_are_shown_and_how_many_there_are(
    city: Lab, desk: Running
) -> None:
    many = ROWS + 1
    children = [f"01M84XNYBGESSWT7G2KG{number:06d}" for number in range(many)]
    async with city.connection("escalator") as client:
        for child in children:
            await client.jetstream().publish(
                f"$KV.{CASES}.{child}", write_case(case(child, report={"parent": CASE}))
            )

    def page() -> str:
        return httpx2.get(f"{desk.url}/cases/{CASE}", headers=bearer(city), timeout=20).text

    await until(lambda: f"{ROWS} of {many} are shown" in page(), what="what followed")
    assert page().count("/cases/01M84XNYBGESSWT7G2KG0") == ROWS


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_is_wider_than_a_telephone(
    city: Lab, desk: Running, browser: Browser, path: str, language: str
) -> None:
    context = await browser.new_context(
        base_url=desk.url, viewport={"width": 380, "height": 900}, extra_http_headers=bearer(city)
    )
    page = await context.new_page()
    await page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    await page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= 380
    await context.close()
