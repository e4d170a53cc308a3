"""A browser rings no longer than the log-in in which its person asked for it, wherever that log-in is ended.

Invariant: the browser of a session that was logged out, at the trail or from another browser too, is
forgotten as soon as intake and the broker are there; a session that has ended by itself ends no ringing.
"""

from shared.broker.forever import forever
from shared.browsers import Browsers
from shared.session_follower import Sessions
from shared.sessions import SessionBook

EVERY = 1.0
"""Seconds between two looks."""


async def end_ringing(browsers: Browsers, sessions: Sessions) -> None:
    """For as long as the service lives."""
    await forever(lambda: forget_logged_out(browsers, sessions.book), "browsers_not_forgotten", every=EVERY)


async def forget_logged_out(browsers: Browsers, book: SessionBook) -> None:
    """Raises NatsError or OSError: not all are forgotten yet."""
    over = book.ids_logged_out()
    for browser in browsers.everybodys():
        if browser.token.id in over:
            await browsers.forget(browser)
