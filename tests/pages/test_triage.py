"""The board at three in the morning: a line a case, its details beside it, a ringing that only eyes end, keys,
a wall.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.vocabulary import Role
from tests.lab import Lab, Running
from tests.pages.conftest import OpenPage, log_in, report


async def desk_page(town: Lab, intake: Running, open_page: OpenPage, **options: Any) -> Page:
    """The duty officer's, with nothing left to look at."""
    page = await open_page(intake.url, **options)
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await expect(page.locator("#sound-switch")).to_be_visible()
    if await page.locator("#alarm").is_visible():
        await page.locator("#alarm-seen").click()
    await expect(page.locator("#alarm")).to_be_hidden()
    return page


async def test_what_is_new_and_grave_rings_until_somebody_has_looked(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await desk_page(town, intake, open_page)
    await expect(page.locator("body")).to_have_attribute("data-sound", "silent")
    await page.locator("#sound-switch").click()
    await expect(page.locator("#sound-switch")).to_have_attribute("aria-pressed", "true")

    await report(town, intake, level="III", summary="三级，不响")
    case = await report(town, intake, level="I", summary="化工园区爆炸")

    banner = page.locator("#alarm")
    await expect(banner).to_contain_text("化工园区爆炸")
    await expect(banner).not_to_contain_text("三级")
    await expect(page).to_have_title("(1 new) Desk · Fenghuo")
    await expect(page.locator("body")).to_have_attribute("data-sound", "ringing")
    rung = await page.locator("body").get_attribute("data-rings") or ""
    await expect(page.locator("body")).not_to_have_attribute("data-rings", rung)
    assert await page.locator("#cases > li").first.get_attribute("id") == f"line-{case}"

    await page.keyboard.press("i")

    await expect(banner).to_be_hidden()
    await expect(page.locator("body")).to_have_attribute("data-sound", "silent")
    await expect(page).to_have_title("Desk · Fenghuo")
    await expect(page.locator(f"#line-{case} .silent")).to_contain_text("no answer")
    await page.reload()
    await expect(page.locator("#sound-switch")).to_have_attribute("aria-pressed", "true")
    await expect(banner).to_be_hidden()
    await page.goto(f"/cases/{case}")
    await expect(banner).to_be_hidden()


async def test_a_case_opens_beside_the_list_by_keys_and_stays_there_while_it_changes(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake, level="I", summary="油罐车侧翻")
    page = await desk_page(town, intake, open_page)
    await page.keyboard.press("j")
    await expect(page.locator(f"#line-{case} .what")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(f"#beside #case-{case}")).to_contain_text("油罐车侧翻")
    assert page.url.endswith(f"/?case={case}")
    await page.reload()
    await expect(page.locator(f"#beside #case-{case}")).to_be_visible()

    leader = await open_page(intake.url)
    await log_in(leader, town.token(Role.LEADER, person="sun_bing"))
    await leader.goto(f"/?case={case}")
    await leader.keyboard.press("a")
    await expect(leader.locator("#beside button.main")).to_be_focused()
    await leader.keyboard.press("Enter")
    row = page.locator(f"#beside #case-{case} tr[data-duty$=party_in_charge]")
    await expect(row).to_contain_text("done in time")

    await page.keyboard.press("Escape")
    await expect(page.locator("#beside article")).to_have_count(0)
    assert page.url.endswith("/")
    await page.go_back()
    await expect(page.locator(f"#beside #case-{case}")).to_be_visible()


async def test_the_keys_are_listed_and_can_be_switched_off(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    page = await desk_page(town, intake, open_page)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.locator("#keys-on").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.locator("#keys-open").click()
    await page.locator("#keys-on").check()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await page.wait_for_url("**/tasks")


@pytest.mark.parametrize(("width", "locale"), [(380, "zh-CN"), (360, "en")])
async def test_forty_four_cases_are_three_screens_of_a_telephone(
    town: Lab, intake: Running, open_page: OpenPage, width: int, locale: str
) -> None:
    summary = "A summary in plain words that is rather longer than the screen of any telephone is wide"
    case = await report(town, intake, summary=summary)
    page = await desk_page(
        town, intake, open_page, locale=locale, viewport={"width": width, "height": 800}, color_scheme="dark"
    )
    above = await page.evaluate("document.getElementById('cases').getBoundingClientRect().top + scrollY")
    heights = await page.locator(".line").evaluate_all("all => all.map(line => line.offsetHeight)")
    assert max(heights) >= 44
    assert above + 44 * max(heights) < 3000
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.locator(f"#line-{case} .what").click()
    await page.wait_for_url(f"**/cases/{case}")


async def test_a_wall_turns_its_pages_by_itself_and_shows_nobodys_name_of_log_in(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    for number in range(4):
        await report(town, intake, level="I", summary=f"大屏 {number}")
    page = await open_page(intake.url, viewport={"width": 1280, "height": 300})
    await page.clock.install()
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.goto("/?wall=1")
    await expect(page.locator("#wall-page")).to_contain_text("page 1 of")
    shown = await page.locator(".line:visible").evaluate_all("all => all.map(line => line.id)")

    await page.clock.run_for(13_000)

    await expect(page.locator("#wall-page")).to_contain_text("page 2 of")
    later = await page.locator(".line:visible").evaluate_all("all => all.map(line => line.id)")
    assert not set(shown) & set(later)
    assert await page.locator("button, nav, .who").count() == 0
    case = await report(town, intake, level="I", summary="新的爆炸")
    await page.clock.run_for(1_000)
    await expect(page.locator(f"#line-{case}")).to_be_visible()
    await expect(page.locator("#wall-page")).to_contain_text("page 1 of")


async def test_what_the_reader_has_open_stays_when_the_order_is_asked_for_anew(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake, level="I", summary="五分钟后")
    page = await open_page(intake.url)
    await page.clock.install()
    await log_in(page, town.token(Role.DUTY_OFFICER, person="wang_xin"))
    await page.locator(f"#line-{case} .what").click()
    await expect(page.locator(f"#case-{case}")).to_be_visible()
    await page.locator(f"#line-{case}").evaluate("line => { line.dataset.before = 'yes' }")

    await page.clock.run_for(300_000)

    await expect(page.locator(f"#line-{case}:not([data-before])")).to_have_class(re.compile("chosen"))
    await expect(page.locator(f"#line-{case} .what")).to_be_focused()
    await expect(page.locator(f"#line-{case} .what")).to_have_attribute("aria-current", "true")
    await expect(page.locator(f"#case-{case}")).to_be_visible()
