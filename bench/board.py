"""The desk's board with a thousand open cases: the page, when a browser has painted it, and how soon a case
that was stored stands on it.
"""

import asyncio
import gzip
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2
from playwright.async_api import async_playwright

from shared.case import Lit, write_case
from shared.ids import NoticeId, PersonId, PostId
from shared.tokens import COOKIE
from shared.vocabulary import Level, Role
from tests.intake.builders import case, duty
from tests.lab import lab_in, until
from tests.pages.conftest import ARGUMENTS, CHROMIUM

MANY = 1_000
LOOKS = 5
LEVELS = tuple(Level)


def open_case(number: int) -> tuple[str, bytes]:
    """Four people called for it, none of whom has answered."""
    case_id, now = f"01M84XNYBGESSWT7G2KG{number:06d}", datetime.now(UTC)
    duties = tuple(
        duty(
            person,
            now + timedelta(minutes=number % 600),
            lit=(Lit(person=PersonId(person), post=PostId("party_main"), notice=NoticeId("n"), at=now),),
        )
        for person in ("zhao_jia", "qian_yi", "sun_bing", "wang_xin")
    )
    return case_id, write_case(case(case_id, level=LEVELS[number % 4], duties=duties))


async def run() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        async with lab_in(Path(folder), mongo=False) as lab, lab.connection("escalator") as client:
            intake = await lab.start_service("intake")

            async def store(number: int) -> str:
                case_id, raw = open_case(number)
                await client.jetstream().publish(f"$KV.CASES.{case_id}", raw)
                return case_id

            for number in range(MANY):
                await store(number)
            token = lab.token(Role.DUTY_OFFICER, person="wang_xin")
            async with httpx2.AsyncClient(
                base_url=intake.url, headers={"Cookie": f"{COOKIE}={token}"}
            ) as http:

                async def page() -> str:
                    return (await http.get("/")).text

                async def is_full() -> bool:
                    return f"of {MANY} open cases" in await page()

                await until(is_full, what="all cases on the board")
                body = ""
                taken: list[float] = []
                for _ in range(LOOKS):
                    started = time.perf_counter()
                    body = await page()
                    taken.append(time.perf_counter() - started)
            painted, shown = await _in_a_browser(intake.url, token, store)
    return {
        "the page": f"{median(taken) * 1000:.0f} ms, {len(body) // 1000} kB, {len(gzip.compress(body.encode())) // 1000} kB compressed",
        "first paint": f"{median(painted):.0f} ms",
        "a stored case on the open page": f"{median(shown) * 1000:.0f} ms, at most {max(shown) * 1000:.0f} ms",
    }


async def _in_a_browser(
    url: str, token: str, store: Callable[[int], Awaitable[str]]
) -> tuple[list[float], list[float]]:
    """Milliseconds to the first paint, and seconds from the store to the line."""
    painted: list[float] = []
    shown: list[float] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 1280, "height": 860})
        await context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        page = await context.new_page()
        for _ in range(LOOKS):
            await page.goto(url)
            await page.locator("#sound-switch").wait_for()
            painted.append(
                await page.evaluate(
                    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
                )
            )
        for fresh in range(LOOKS):
            await asyncio.sleep(1)  # a page that has just told something waits a moment before the next
            number = MANY + 4 * fresh  # of level I, so that it stands on the first page
            started = time.perf_counter()
            case_id = await store(number)
            await page.locator(f"#line-{case_id}").wait_for()
            shown.append(time.perf_counter() - started)
        await browser.close()
    return painted, shown
