"""Logging in at the desk by a one-time link or its code.

Invariant: to look at the address of a link uses nothing up, since mail scanners and previews look too: only
the button does; a code may be tried so often and no more.
"""

import time
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.logging_in.opening import CodeRefused, SessionOpening
from shared.door import KB, doorway
from shared.door.door import TOO_MANY_REQUESTS
from shared.door.pace import Allowance, RequestPace
from shared.message import N_
from shared.problems import Problem
from shared.web import Pages, login, session_pages
from shared.web.guard import same_origin
from shared.web.names import Names
from shared.web.pages import HEADERS

FORM_LIMIT = 4 * KB
TRIES = Allowance(per_second=0.5, at_once=40)
"""Of one address: a whole duty room may stand behind it."""
TOO_MANY = N_("Too many codes were tried from here: wait a minute, then try again.")


def add_login(router: APIRouter, pages: Pages, opening: SessionOpening, names: Names) -> None:
    pace = RequestPace(TRIES)

    def count(request: Request) -> None:
        """Raises Problem 429."""
        address = request.client.host if request.client is not None else "unknown"
        if pace.wait(address, time.monotonic()) > 0:
            raise Problem(429, TOO_MANY_REQUESTS, TOO_MANY, headers={"Retry-After": "60"})

    @router.get("/login/code/{code}")
    @doorway(is_open=True)
    async def show_link(request: Request, code: str) -> Response:
        """Whom it is for, and the button."""
        count(request)
        try:
            link = opening.link(code)
        except Problem as problem:
            return _refused(request, problem, "/")
        return pages.show(request, "login_link.html", code=code, link=link, names=names)

    @router.post("/login/code")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def log_in(request: Request) -> Response:
        same_origin(request)
        count(request)
        form = await request.form(max_files=0, max_fields=4)
        code, following = (str(form.get(name) or "") for name in ("code", "next"))
        following = pages.log_in.safe_next(following)
        try:
            cookie = await opening.by_link(code)
        except Problem as problem:
            return _refused(request, problem, following)
        await session_pages.end_this(pages, request)
        response = RedirectResponse(following, 303, headers=HEADERS)
        pages.log_in.keep(response, cookie)
        return response

    def _refused(request: Request, problem: Problem, following: str) -> Response:
        if not isinstance(problem, CodeRefused) and problem.status != HTTPStatus.UNAUTHORIZED:
            raise problem
        return login.show(
            pages, request, following, error=problem.detail, field="code", status=problem.status
        )
