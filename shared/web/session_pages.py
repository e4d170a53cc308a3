"""A person's own sessions: under which role this one acts, which others are open, and their end.

Invariant: a person sees and ends their own sessions alone, and acts under no role that the session was not
opened for.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.door import KB, doorway
from shared.message import N_
from shared.problems import Problem
from shared.sessions import KnownSession
from shared.tokens import unauthorized
from shared.web.guard import same_origin
from shared.web.names import Names
from shared.web.pages import HEADERS, Pages

FORM_LIMIT = 2 * KB
NO_SESSION = N_("You are logged in with a token: there is no session to list here.")
NO_SUCH_SESSION = N_("This session is not open any more.")
NOT_YOURS = N_("This session was not opened for that role.")


async def end_this(pages: Pages, request: Request) -> None:
    """The session that this browser brings, if it brings one."""
    known = pages.log_in.sessions.of(request)
    if known is not None:
        await pages.log_in.sessions.end(known)


def _own(pages: Pages, request: Request) -> KnownSession:
    """Raises Problem 401, where a page is asked for without any log-in; 404 without a session."""
    known = pages.log_in.sessions.of(request)
    if known is None:
        if request.method == "GET" and pages.gate.who(request) is None:
            raise unauthorized(NO_SESSION)
        raise Problem(404, N_("Not Found"), NO_SESSION)
    pages.gate.someone(request)  # what was taken back is nobody's
    return known


def add(router: APIRouter, pages: Pages, names: Names) -> None:
    log_in = pages.log_in

    @router.get("/sessions")
    @doorway(is_open=True)
    async def sessions(request: Request) -> Response:
        this = _own(pages, request)
        return pages.show(
            request,
            "sessions.html",
            sessions=log_in.sessions.book.of_person(this.opened.person, pages.clock()),
            this=this.digest,
            names=names,
        )

    @router.post("/sessions/end")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def end(request: Request) -> Response:
        """One of them by its id, or all but this one."""
        same_origin(request)
        this = _own(pages, request)
        form = await request.form(max_files=0, max_fields=2)
        named = str(form.get("session") or "")
        mine = log_in.sessions.book.of_person(this.opened.person, pages.clock())
        asked = [
            each for each in mine if each.opened.id == named or (not named and each.digest != this.digest)
        ]
        if named and not asked:
            raise Problem(404, N_("Not Found"), NO_SUCH_SESSION)
        for each in asked:
            await log_in.sessions.end(each)
        return RedirectResponse("/sessions", 303, headers=HEADERS)

    @router.post("/login/role")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def act_as(request: Request) -> Response:
        same_origin(request)
        known = _own(pages, request)
        form = await request.form(max_files=0, max_fields=2)
        role, following = (str(form.get(name) or "") for name in ("role", "next"))
        if role not in log_in.sessions.roles(known):
            raise Problem(403, N_("Forbidden"), NOT_YOURS)
        response = RedirectResponse(log_in.safe_next(following), 303, headers=HEADERS)
        log_in.wish(response, role)
        return response
