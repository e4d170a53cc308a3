"""Makes the README's pictures of the desk from a running system, in both languages: docs/img/desk-zh.png,
docs/img/desk-en.png.

    .venv/bin/fenghuo demo                         in one terminal
    .venv/bin/python -m tools.pictures              in another, while cases are open

The token is FENGHUO_TOKEN, else the duty officer's of `.fenghuo/tokens.json`.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from fenghuo.client import service_url, token_for
from shared.tokens import COOKIE
from shared.vocabulary import Language, Role

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
WIDTH, HEIGHT = 1280, 860


def open_first(page: Page) -> None:
    """The case that presses most, beside the list, with nothing left to ring."""
    page.locator("#sound-switch").wait_for()
    if page.locator("#alarm").is_visible():
        page.locator("#alarm-seen").click()
    page.locator("#cases .what").first.click()
    page.locator("#beside article").wait_for()


def take(browser: Browser, url: str, token: str, language: Language, folder: Path) -> Path:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
    page = context.new_page()
    page.goto(f"{url}/?lang={language}")
    open_first(page)
    picture = folder / f"desk-{language}.png"
    page.screenshot(path=picture)
    context.close()
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of the desk for the README.")
    parser.add_argument("--url", help="the desk's address")
    parser.add_argument("--to", type=Path, default=IMAGES)
    options = parser.parse_args()
    token = os.environ.get("FENGHUO_TOKEN") or token_for(Role.DUTY_OFFICER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for language in Language:
            print(take(browser, options.url or service_url("intake"), token, language, options.to))  # noqa: T201 - what was made
        browser.close()


if __name__ == "__main__":
    main()
