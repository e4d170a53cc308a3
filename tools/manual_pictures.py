"""Makes the pictures of the users' manual from a running system: docs/img/manual/<page>-<language>.png,
and leader.png.

    .venv/bin/fenghuo demo                         in one terminal
    .venv/bin/python -m tools.manual_pictures       in another, while cases are open

Each is what the reader of that page sees first, with the token of their role in `.fenghuo/tokens.json`; the leader's is the page
behind the link of a message, which needs none.
"""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, sync_playwright

from fenghuo.client import service_url, token_for
from fenghuo.places import known_addresses
from shared.settings import Settings
from shared.tokens import COOKIE
from shared.vocabulary import Language, Role
from tools.pictures import ARGUMENTS, IMAGES

WIDTH, HEIGHT = 1240, 780
LOCALES = {Language.ZH: "zh-CN", Language.EN: "en-GB"}


@dataclass(frozen=True)
class View:
    name: str
    service: str
    path: str
    role: Role
    wait_for: str = "main"


VIEWS = (
    View("reporter", "intake", "/report", Role.REPORTER),
    View("duty-officer", "intake", "/", Role.DUTY_OFFICER, "#cases > li"),
    View("supervisor", "intake", "/tasks", Role.SUPERVISOR),
    View("auditor", "audit", "/", Role.AUDITOR),
)


def link_of_a_message() -> str:
    """A link that somebody was sent."""
    address = known_addresses(Settings())["gateway"]
    messages = httpx2.get(f"{address}/messages", timeout=10, trust_env=False).json()
    return next(message["link"] for message in messages if message["link"])


def take(browser: Browser, view: View, language: Language, folder: Path) -> Path:
    url = service_url(view.service)
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale=LOCALES[language]
    )
    context.add_cookies([{"name": COOKIE, "value": token_for(view.role), "url": url}])
    page = context.new_page()
    page.goto(f"{url}{view.path}?lang={language}")
    page.locator(view.wait_for).first.wait_for()
    picture = folder / f"{view.name}-{language}.png"
    page.screenshot(path=picture)
    context.close()
    return picture


def take_link(browser: Browser, folder: Path) -> Path:
    """In the language of whoever was sent it."""
    context = browser.new_context(viewport={"width": 420, "height": 820}, color_scheme="light")
    page = context.new_page()
    page.goto(link_of_a_message())
    picture = folder / "leader.png"
    page.screenshot(path=picture)
    context.close()
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of the users' manual.")
    parser.add_argument("--to", type=Path, default=IMAGES / "manual")
    options = parser.parse_args()
    options.to.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        pictures = [take(browser, view, language, options.to) for view in VIEWS for language in Language]
        for picture in (*pictures, take_link(browser, options.to)):
            print(picture)  # noqa: T201 - what was made
        browser.close()


if __name__ == "__main__":
    main()
