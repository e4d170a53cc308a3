"""A town with a desk and an explorer, and a browser that tells on every page: nothing leaves the host,
nothing breaks the policy.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from shared.vocabulary import Role
from tests.lab import Lab, Running, lab_in

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A lab of its own: one trail belongs to one audit."""
    async with lab_in(tmp_path_factory.mktemp("town")) as lab:
        await lab.start_service("escalator")
        yield lab


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def intake(town: Lab) -> Running:
    return await town.start_service("intake", FENGHUO_REPORTS_AT_ONCE="1000")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def audit(town: Lab) -> Running:
    return await town.start_service("audit")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(host, locale="en")`: a page of a fresh browser, watched until the test ends."""
    strangers: list[str] = []
    faults: list[str] = []

    async def opened(host: str, *, locale: str = "en", **options: Any) -> Page:
        context = await browser.new_context(base_url=host, locale=locale, **options)

        def asked(request: Request) -> None:
            if not request.url.startswith((host, "data:")):
                strangers.append(request.url)

        def said(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text or "Refused to" in message.text:
                faults.append(message.text)

        context.on("request", asked)
        page = await context.new_page()
        page.on("console", said)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.set_default_timeout(10_000)
        return page

    yield opened
    for context in browser.contexts:
        await context.close()
    assert strangers == [], "a page asked another host"
    assert faults == [], "a page broke its own policy, or its script failed"


async def log_in(page: Page, token: str) -> None:
    await page.goto("/login")
    await page.locator("main details summary").click()
    await page.locator("#token").fill(token)
    await page.locator("form:has(#token) button").click()
    await page.wait_for_url(lambda url: "/login" not in url)


def report_form(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "kind": "incident",
        "category": "accident",
        "level": "II",
        "unit": "emergency_bureau",
        "area": "620602",
        "occurred_at": (now - timedelta(minutes=4)).isoformat(),
        "learned_at": (now - timedelta(minutes=2)).isoformat(),
        "summary": "化工园区三号罐区起火",
        **changed,
    }


async def report(lab: Lab, intake: Running, **changed: Any) -> str:
    """A case on the desk, reported by its unit over HTTP. Returns its id."""
    form = report_form(**changed)
    async with httpx2.AsyncClient(
        base_url=intake.url, headers=lab.bearer(Role.REPORTER, unit=form["unit"])
    ) as client:
        answer = await client.post("/api/v1/reports", json=form)
        assert answer.status_code == 201, answer.text
        assert answer.json()["duties"]
        return str(answer.json()["case"])
