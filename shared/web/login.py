"""Logging in and out on every service's pages: with a session opened at the desk, or a token pasted once.

Invariant: neither token nor session is ever written into a page, a log or an address, and no script can read
them; a foreign site can neither log a reader in nor out; whoever logs out ends the session everywhere.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.door import KB, doorway
from shared.message import Sayable
from shared.problems import Problem
from shared.tokens import COOKIE
from shared.web import session_pages
from shared.web.guard import same_origin
from shared.web.names import Names
from shared.web.pages import HEADERS, Pages

FORM_LIMIT = 8 * KB


def _why_not(pages: Pages, request: Request) -> Sayable | None:
    """Why what this browser has does not open the page any more; None where it has nothing, or what does."""
    try:
        pages.gate.who(request)
    except Problem as problem:
        return problem.detail
    return None


LogOut = Callable[[Request, Response], Awaitable[None]]


async def _nothing_more(_: Request, __: Response) -> None: ...


def show(
    pages: Pages,
    request: Request,
    following: str,
    *,
    error: Sayable | None = None,
    field: str = "",
    status: int = 200,
) -> Response:
    """The log-in page. `field`: at which of its forms the error stands."""
    log_in = pages.log_in
    at_desk = urlencode({"next": log_in.on_the_desk(following)})
    return pages.show(
        request,
        "login.html",
        status=status,
        next=following,
        error=error,
        field=field,
        log_in=log_in,
        onward=urlencode({"next": following}),
        desk=f"{log_in.desk}/login?{at_desk}" if log_in.desk else "",
    )


def add(router: APIRouter, pages: Pages, names: Names, on_log_out: LogOut = _nothing_more) -> None:
    """Adds /login, /logout and the pages of one's sessions to a service's pages. `on_log_out`: what else ends
    with the log-in.
    """
    log_in = pages.log_in

    @router.get("/login", name="login")
    @doorway(is_open=True)
    async def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - its name in the address
        return show(pages, request, log_in.safe_next(next), error=_why_not(pages, request))

    @router.post("/login")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def log_in_by_token(request: Request) -> Response:
        same_origin(request)
        form = await request.form(max_files=0, max_fields=4)
        token, following = (str(form.get(name) or "") for name in ("token", "next"))
        following = log_in.safe_next(following)
        try:
            pages.gate.read(token.strip())
        except Problem as problem:
            return show(pages, request, following, error=problem.detail, field="token", status=401)
        response = RedirectResponse(following, 303, headers=HEADERS)
        await session_pages.end_this(pages, request)
        log_in.forget(response)
        response.set_cookie(COOKIE, token.strip(), httponly=True, samesite="strict", secure=pages.secure)
        return response

    @router.post("/logout")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def log_out(request: Request) -> Response:
        same_origin(request)
        await session_pages.end_this(pages, request)
        response = RedirectResponse("/login", 303, headers=HEADERS)
        await on_log_out(request, response)
        log_in.forget(response)
        return response

    session_pages.add(router, pages, names)
