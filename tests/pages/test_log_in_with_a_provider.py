"""People log in with what another house says: a real OpenID Connect provider, a process of its own, in a browser."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fenghuo.embedded import free_port
from services.intake.desk import provider_pages
from tests.lab import Lab, Running, until

CLOCK = "import time; real = time.time; time.time = lambda: real() - 3600; "
RUN = "import sys; from oidc_provider_mock.__main__ import run; run()"


@asynccontextmanager
async def provider_at(port: int, *, an_hour_behind: bool = False) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", (CLOCK if an_hour_behind else "") + RUN, "--port", str(port), "--token-max-age", "600",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip

    async def answers() -> bool:
        try:
            async with httpx2.AsyncClient() as http:
                return (await http.get(f"http://127.0.0.1:{port}/jwks")).status_code == 200
        except httpx2.HTTPError:
            return False

    try:
        await until(answers, what="the provider answers")
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port() -> int:
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(
    town: Lab, intake: Running, port: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A second intake beside the first, which believes the provider."""
    secret = tmp_path_factory.mktemp("oidc") / "secret"
    secret.write_text("a secret: of two\n", encoding="utf-8")
    running = await town.start_service(
        "intake",
        FENGHUO_OIDC_ISSUER=f"http://127.0.0.1:{port}",
        FENGHUO_OIDC_NAME="City account",
        FENGHUO_OIDC_INSIDE="true",
        FENGHUO_OIDC_SECRET_FILE=str(secret),
    )
    yield running
    running.stop()


async def at_the_provider(browser: Browser, desk: Running, *, path: str = "/tasks") -> Page:
    context = await browser.new_context(base_url=desk.url, locale="en", java_script_enabled=False)
    page = await context.new_page()
    page.set_default_timeout(10_000)
    await page.goto(path)
    await page.get_by_role("link", name="Log in with City account").click()
    return page


async def authorize(page: Page, subject: str) -> None:
    await page.locator("input[name=sub]").fill(subject)
    await page.get_by_role("button", name="Authorize").click()


async def test_somebody_of_the_directory_is_back_where_they_wanted_to_go(
    browser: Browser, desk: Running, port: int
) -> None:
    async with provider_at(port):
        page = await at_the_provider(browser, desk)
        await authorize(page, "zhou_wu")
        await page.wait_for_url("**/tasks")
        await expect(page.locator("details.me summary")).to_contain_text("Zhou Wu")
        await expect(page.locator("details.me button[name=role]")).to_have_text("Act as duty officer")


async def test_a_stranger_and_who_was_denied_are_told_what_to_do(
    browser: Browser, desk: Running, port: int
) -> None:
    async with provider_at(port):
        page = await at_the_provider(browser, desk)
        await authorize(page, "nobody_here")
        await expect(page.locator("[role=alert]")).to_contain_text("ask the operator")
        page = await at_the_provider(browser, desk)
        await page.get_by_role("button", name="Deny").click()
        await expect(page.locator("[role=alert]")).to_contain_text("did not log you in")
        await expect(page.locator("#code")).to_have_count(1)


async def test_a_log_in_is_not_played_again_nor_in_another_browser(
    browser: Browser, desk: Running, port: int
) -> None:
    async with provider_at(port):
        context = await browser.new_context(base_url=desk.url, locale="en")
        page = await context.new_page()
        await page.goto("/login")
        async with page.expect_request(lambda request: "/login/provider/back" in request.url) as back:
            await page.get_by_role("link", name="Log in with City account").click()
            kept = await context.cookies(f"{desk.url}/login/provider/back")
            await authorize(page, "zhou_wu")
        address = (await back.value).url
        await expect(page.locator("details.me")).to_have_count(1)
        (attempt,) = [each.get("value") for each in kept if each.get("name") == provider_pages.COOKIE]
        async with httpx2.AsyncClient() as thief:
            assert (await thief.get(address)).status_code == 400, "another browser has not begun it"
            again = await thief.get(address, headers={"Cookie": f"{provider_pages.COOKIE}={attempt}"})
    assert again.status_code == 502
    assert "not the provider&#39;s word" in again.text
    assert "fenghuo_session" not in again.cookies


async def test_a_clock_that_is_wrong_by_an_hour_is_said(browser: Browser, desk: Running, port: int) -> None:
    async with provider_at(port, an_hour_behind=True):
        page = await at_the_provider(browser, desk)
        await authorize(page, "zhou_wu")
        await expect(page.locator("[role=alert]")).to_contain_text("clock")


async def test_a_provider_that_is_away_leaves_the_other_way(
    browser: Browser, town: Lab, desk: Running
) -> None:
    away = await town.start_service(
        "intake", FENGHUO_OIDC_ISSUER=f"http://127.0.0.1:{free_port()}", FENGHUO_OIDC_NAME="City account"
    )
    page = await at_the_provider(browser, away)
    await expect(page.locator("[role=alert]")).to_contain_text("does not answer")
    await expect(page.locator("#code")).to_have_count(1)
    away.stop()
