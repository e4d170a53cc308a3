"""A person logs in by a one-time link as people do: on a small screen, on another device by its code, without a
script; chooses a role; sees where they are logged in; logs out.
"""

import os
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from fenghuo.token_ledger import TokenLedger
from shared.ids import PersonId
from shared.sessions import LoginLink, digest_of, new_code, shown_code
from shared.vocabulary import Role
from tests.lab import Lab, Running
from tests.pages.conftest import OpenPage, report

SMALL = {"width": 360, "height": 740}


async def link(town: Lab, person: str, *roles: Role) -> str:
    code, now = new_code(), datetime.now(UTC)
    made = LoginLink(person=PersonId(person), roles=roles, issued_at=now, ends_at=now + timedelta(minutes=10))
    async with TokenLedger(town.settings("admin")) as ledger:
        await ledger.invite(digest_of(code), made)
    return shown_code(code)


async def shot(page: object, name: str) -> None:
    if folder := os.environ.get("FENGHUO_SHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)  # type: ignore[attr-defined]


async def test_a_person_of_two_roles_logs_in_by_link_and_code_and_acts_as_either(
    town: Lab, intake: Running, open_page: OpenPage
) -> None:
    case = await report(town, intake)
    phone = await open_page(intake.url, locale="zh-CN", viewport=SMALL, java_script_enabled=False)
    await phone.goto(f"/login/code/{await link(town, 'zhou_wu', Role.DUTY_OFFICER, Role.LEADER)}")
    await expect(phone.locator("h1")).to_have_text("以周戊的身份登录")
    await shot(phone, "link-zh-360")
    await phone.locator("main button").click()
    await expect(phone.locator("details.me summary")).to_contain_text("周戊")
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    await phone.locator("details.me summary").click()
    await shot(phone, "desk-zh-360")

    # At another device: led to the log-in and, after the code, back to the case.
    desk = await open_page(intake.url, viewport={"width": 1280, "height": 800}, color_scheme="dark")
    await desk.goto(f"/cases/{case}")
    await shot(desk, "login-en-1280")
    await desk.locator("#code").fill("0000-0000-0000")
    await desk.locator("form:has(#code) button").click()
    await expect(desk.locator("#code-error")).to_contain_text("no code of this system")
    code = await link(town, "zhou_wu", Role.DUTY_OFFICER, Role.LEADER)
    await desk.locator("#code").fill(code.lower().replace("-", " "))
    await desk.locator("form:has(#code) button").click()
    await desk.wait_for_url(f"**/cases/{case}")
    await expect(desk.locator("details.me summary small")).to_have_text("duty officer")

    await desk.locator("details.me summary").click()
    await shot(desk, "case-en-1280")
    await desk.get_by_role("button", name="Act as leader").click()
    await desk.wait_for_url(f"**/cases/{case}")
    await expect(desk.locator("details.me summary small")).to_have_text("leader")

    await desk.goto("/sessions")
    assert await desk.evaluate(wide)
    await expect(desk.get_by_text("Another browser")).to_have_count(1)
    await expect(desk.locator("details.me summary")).to_contain_text("Zhou Wu")
    await shot(desk, "sessions-en-1280")
    await desk.get_by_role("button", name="End this session").click()
    await expect(desk.get_by_text("Another browser")).to_have_count(0)
    await phone.goto("/sessions")
    await expect(phone.locator("[role=alert]")).to_contain_text("您的登录会话已结束")
    await shot(phone, "over-zh-360")

    await desk.locator("details.me summary").click()
    await desk.get_by_role("button", name="Log out").click()
    await desk.goto(f"/cases/{case}")
    assert "/login?next=" in desk.url
