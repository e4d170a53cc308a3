"""When much happens at once: the desk shows what presses most and stays usable. Last of the pages' tests, for
it fills the board.
"""

import asyncio

import httpx2
from playwright.async_api import expect

from services.intake.desk.board_pages import ALARMS, SHOWN
from shared.vocabulary import Role
from tests.lab import Lab, Running
from tests.pages.conftest import OpenPage, log_in, report


async def test_a_storm_of_cases_leaves_the_page_as_it_should_stand(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await open_page(intake.url)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.evaluate("window.neverReloaded = true")

    cases = await asyncio.gather(
        *(report(town, intake, level="I", summary=f"地震 {number}") for number in range(40))
    )

    await expect(page.locator("#summary")).to_contain_text(
        f"{await open_cases(town, intake)} open cases", timeout=30_000
    )
    shown = await page.locator("#cases > li").evaluate_all("all => all.map(one => one.dataset.order)")
    assert shown == sorted(shown), "the most pressing first"
    assert len(shown) <= SHOWN
    assert len(cases) == 40
    assert await page.evaluate("window.neverReloaded")


async def open_cases(town: Lab, intake: Running) -> int:
    async with httpx2.AsyncClient(
        base_url=intake.url, headers=town.bearer(Role.DUTY_OFFICER, person="wang_xin")
    ) as client:
        text = (await client.get("/desk/summary")).text
        return int(text.split("<b>")[1].split("</b>")[0])


async def test_a_grave_case_rings_also_behind_very_many_that_are_graver(town: Lab, intake: Running) -> None:
    await asyncio.gather(
        *(report(town, intake, level="I", summary=f"洪水 {number}") for number in range(ALARMS))
    )
    case = await report(town, intake, level="II", summary="水库险情")
    async with httpx2.AsyncClient(
        base_url=intake.url, headers=town.bearer(Role.DUTY_OFFICER, person="wang_xin")
    ) as desk:
        told = (await desk.get("/desk/alarms")).text
    assert told.count("data-case=") > ALARMS
    assert f'data-case="{case}" data-weight="1"' in told


async def test_many_cases_stand_on_pages_and_each_page_says_how_many_there_are(
    town: Lab, intake: Running
) -> None:
    lacking = SHOWN + 5 - await open_cases(town, intake)
    await asyncio.gather(
        *(report(town, intake, summary=f"演练 {number}", exercise=True) for number in range(lacking))
    )
    async with httpx2.AsyncClient(
        base_url=intake.url, headers=town.bearer(Role.DUTY_OFFICER, person="wang_xin")
    ) as desk:
        first, second, beyond = [(await desk.get("/", params={"page": page})).text for page in (1, 2, 10**9)]
    assert first.count('<li class="line') == SHOWN
    assert f"1 to {SHOWN} of" in first
    assert 'href="/?page=2"' in first
    assert second.count('<li class="line') >= 5
    assert 'href="/?page=1"' in second
    assert beyond.count('<li class="line'), "a page that is no more is the last one"
