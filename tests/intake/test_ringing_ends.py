"""Whoever is logged out anywhere is rung no more in the browser of that log-in."""

from types import SimpleNamespace
from typing import Any

from services.intake.logging_in.ringing_ends import forget_logged_out
from shared.broker.write import PURGED
from shared.browsers import Browsers, RungBrowser
from tests.notifier.channels.test_webpush import Chrome
from tests.unit.test_sessions import COOKIE, NOW, SHIFT, book, use


class Broker:
    """Takes what is written."""

    def __init__(self) -> None:
        self.written: list[tuple[str, Any]] = []

    def jetstream(self) -> "Broker":
        return self

    async def publish(self, subject: str, _: bytes, *, headers: Any, timeout: float) -> SimpleNamespace:
        self.written.append((subject, headers))
        return SimpleNamespace(seq=len(self.written))


def put_down(place: str, login: str) -> RungBrowser:
    browser = Chrome().put_down(f"https://push.example/{place}")
    return browser.model_copy(update={"token": browser.token.model_copy(update={"id": login})})


async def test_the_browser_of_a_session_that_was_ended_is_forgotten_and_no_other() -> None:
    broker, sessions = Broker(), book()
    browsers = Browsers(lambda: broker)  # pyright: ignore[reportArgumentType] - as much of it as is asked
    mine, other = put_down("mine", "01"), put_down("other", "another log-in")
    for browser in (mine, other):
        await browsers.put(browser)
    await forget_logged_out(browsers, sessions)
    assert sessions.by_cookie(COOKIE, NOW + SHIFT) is None
    assert browsers.everybodys() == [mine, other], "a shift later it has ended by itself, and rings on"

    use(sessions, NOW, "over")  # as the trail's page writes it
    await forget_logged_out(browsers, sessions)
    assert browsers.everybodys() == [other]
    assert broker.written[-1] == (f"$KV.BROWSERS.{mine.key}", PURGED)
    before = len(broker.written)
    await forget_logged_out(browsers, sessions)
    assert len(broker.written) == before
