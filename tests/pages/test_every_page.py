"""Every page of every service, in both languages and themes: nobody is kept out by how they see, hear, point or hold a
telephone, and no page is sent longer than it has to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

import httpx2
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from shared.vocabulary import Language, Role
from tests.lab import Lab, Running, until
from tests.pages.conftest import OpenPage, report
from tests.unit.test_link_page import first_report

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = ("serious", "critical")
PHONE, WIDE = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
ONE_LINE = 64
LINK = "http://link.example"
TOO_SMALL = """() => [...document.querySelectorAll("button:not([aria-hidden]), .button, summary, .bar a")]
  .map((it) => [it, it.getBoundingClientRect()])
  .filter(([it, box]) => it.checkVisibility() && box.width > 1 && (box.height < 43.5 || box.width < 43.5))
  .map(([it, box]) => `${it.outerHTML.slice(0, 120)} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
OPEN_ALL = """() => document.querySelectorAll("main details:not(.rules tbody:nth-of-type(n+4) details)")
  .forEach((it) => { it.open = true })"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(town: Lab, intake: Running, audit: Running) -> str:
    """A case whose first records can be looked up."""
    reported = await report(town, intake, summary="化工园区二号罐区起火，正在扑救")
    async with httpx2.AsyncClient(base_url=audit.url, headers=town.bearer(Role.AUDITOR)) as client:

        async def is_signed() -> bool:
            answer = await client.get("/api/v1/trail/entries", params={"case": reported})
            return answer.status_code == 200 and len(answer.json()["entries"]) >= 2

        await until(is_signed, what="the case in the trail")
    return reported


@dataclass
class Look:
    """What was found on the pages that a reader of one service looked at."""

    page: Page
    language: Language
    screen: ViewportSize
    faults: list[str] = field(default_factory=list[str])

    async def at(self, paths: Sequence[str]) -> None:
        for path in paths:
            sign = "&" if "?" in path else "?"
            answer = await self.page.goto(f"{path}{sign}lang={self.language}")
            assert answer is not None
            assert answer.status < 500
            if answer.headers.get("content-encoding") != "gzip" and not answer.url.startswith(LINK):
                self.faults.append(f"{path} came as it is")
            await self.page.evaluate(OPEN_ALL)
            await self._axe(path)
            await self.page.set_viewport_size(PHONE)
            width = await self.page.evaluate("document.documentElement.scrollWidth")
            shown = await self.page.evaluate(
                "(document.querySelector('main') ?? document.body).innerText.trim()"
            )
            if not shown:
                self.faults.append(f"{path} {self.language}: empty on a telephone")
            high = await self.page.evaluate("document.querySelector('.bar')?.offsetHeight ?? 0")
            if width > PHONE["width"] or high > ONE_LINE:
                self.faults.append(f"{path} {self.language}: {width} wide, its header {high} high")
            self.faults += [f"{path} {self.language}: {it}" for it in await self.page.evaluate(TOO_SMALL)]
            await self.page.set_viewport_size(self.screen)

    async def _axe(self, path: str) -> None:
        options: dict[str, Any] = {"runOnly": TAGS, "resultTypes": ["violations"]}
        found = await Axe().run(self.page, options=options)
        violations = cast(list[dict[str, Any]], found.response["violations"])
        self.faults += [
            f"{path} {self.language}: {violation['id']} {node['target']} {node['html'][:160]}"
            for violation in violations
            if violation["impact"] in GRAVE
            for node in violation["nodes"][:3]
        ]


@pytest.mark.parametrize(
    ("language", "theme", "screen"), [(Language.ZH, "light", PHONE), (Language.EN, "dark", WIDE)]
)
async def test_every_page_is_open_to_everybody(
    town: Lab,
    intake: Running,
    audit: Running,
    case: str,
    browser: Browser,
    language: Language,
    theme: Literal["light", "dark"],
    screen: ViewportSize,
) -> None:
    escalator = next(service for service in town.services if service.name == "escalator")
    async with httpx2.AsyncClient(base_url=escalator.url, headers=town.bearer(Role.SUPERVISOR)) as client:
        listed = (await client.get("/api/v1/policy/versions")).json()["versions"]
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    version = f"/versions/{listed[0]['id']}"
    officer = town.bearer(Role.DUTY_OFFICER, person="wang_xin")
    visits: tuple[tuple[str, dict[str, str], list[str]], ...] = (
        (intake.url, officer, [
            "/", f"/?case={case}", "/?show=standing", "/?wall=1", "/report", "/tasks", "/roster", "/calendar", "/gaps",
            "/roll-call", "/roll-call/begin", "/suspicions", f"/cases/{case}?call=sun_bing", f"/cases/{case}?at={moment}",
            "/cases/none", "/notices", "/compilations", "/sessions",
        ]),
        (intake.url, {}, ["/login"]),
        (LINK, {}, ["/ask"]),
        (audit.url, town.bearer(Role.AUDITOR), ["/", "/records/0", f"/cases/{case}", "/check", "/reports/timeliness"]),
        (escalator.url, town.bearer(Role.SUPERVISOR), [
            "/", version, f"{version}/change", f"{version}/text", f"{version}/trial",
        ]),
    )  # fmt: skip

    async def link_page(route: Route) -> None:
        page = first_report(language)
        await route.fulfill(body=bytes(page.body), headers=dict(page.headers))

    faults: list[str] = []
    for url, headers, paths in visits:
        context = await browser.new_context(
            base_url=url, viewport=screen, color_scheme=theme, extra_http_headers=headers
        )
        await context.route(f"{LINK}/*", link_page)
        look = Look(await context.new_page(), language, screen)
        await look.at(paths)
        faults += look.faults
        await context.close()
    assert faults == []


async def test_on_paper_a_case_has_its_beacons_and_nothing_to_press(
    town: Lab, intake: Running, case: str, open_page: OpenPage
) -> None:
    page = await open_page(
        intake.url, viewport=WIDE, extra_http_headers=town.bearer(Role.DUTY_OFFICER, person="wang_xin")
    )
    await page.goto(f"/cases/{case}")
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.locator(".beacons svg .beacon").first).to_be_visible()
    await expect(page.locator("header, button, .button, form").filter(visible=True)).to_have_count(0)
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)", "paper is white, whatever the screen is"
