"""`GET /calendar/{token}.ics`: a person's own shifts, for the calendar of their telephone.

Invariant: the address is the secret; it opens that person's shifts and nothing else, for as long as the operator has
not taken it back and the person is in the directory. Whoever has none learns nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from shared.bodies import sends
from shared.directory.live import LiveDirectory
from shared.door import doorway
from shared.message import N_
from shared.problems import Problem
from shared.tokens import CALENDAR, Gate

BEHIND, AHEAD = timedelta(days=7), timedelta(days=92)
"""How much of the roster a calendar shows."""
NO_SUCH_CALENDAR = N_("No such calendar")
ASK_ANEW = N_(
    "This address is not one of ours, has ended or was taken back: ask the operator for a new one (`fenghuo token calendar`)."
)
_HEADERS = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def calendar_feed_router(live: LiveDirectory, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(tags=["directory"])

    @router.get(
        "/calendar/{token}.ics",
        response_class=Response,
        responses={**sends("text/calendar"), 404: {"description": "No such address, or it was taken back"}},
    )
    @doorway(is_open=True)
    async def feed(token: str) -> Response:
        """Somebody's own shifts as iCalendar, by their secret address."""
        from shared.directory.calendar import (
            write_own_calendar,  # icalendar is loaded by those who ask for one
        )

        try:
            principal = gate.read(token, CALENDAR)
        except Problem as problem:
            if problem.status != 401:
                raise
            raise Problem(404, NO_SUCH_CALENDAR, ASK_ANEW) from None
        person = live.now.people_by_id.get(principal.person) if principal.person else None
        if person is None:
            raise Problem(404, NO_SUCH_CALENDAR, ASK_ANEW)
        now = clock()
        content = write_own_calendar(live.now, person, now - BEHIND, now + AHEAD)
        return Response(content, media_type="text/calendar; charset=utf-8", headers=_HEADERS)

    return router
