"""Logging in: a token is pasted once, checked, and kept by the browser where no script can read it.

Invariant: the token is never written into a page, a log or an address; a foreign site can neither log a
reader in nor out.
"""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.door import KB, doorway
from shared.problems import Problem
from shared.tokens import COOKIE
from shared.web.guard import safe_path, same_origin
from shared.web.pages import HEADERS, Pages

FORM_LIMIT = 8 * KB


def _why_not(pages: Pages, request: Request) -> str | None:
    """Why the token this browser holds does not open the page any more; None where it holds none, or one that
    does.
    """
    try:
        pages.gate.who(request)
    except Problem as problem:
        return problem.detail
    return None


LogOut = Callable[[Request, Response], Awaitable[None]]


async def _nothing_more(_: Request, __: Response) -> None: ...


def add(router: APIRouter, pages: Pages, on_log_out: LogOut = _nothing_more) -> None:
    """Adds /login and /logout to a service's pages. `on_log_out`: what else ends with the log-in."""

    @router.get("/login", name="login")
    @doorway(is_open=True)
    async def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - its name in the address
        return pages.show(request, "login.html", next=safe_path(next), error=_why_not(pages, request))

    @router.post("/login")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def log_in(request: Request) -> Response:
        same_origin(request)
        form = await request.form(max_files=0, max_fields=4)
        token, following = (str(form.get(name) or "") for name in ("token", "next"))
        try:
            pages.gate.read(token.strip())
        except Problem as problem:
            return pages.show(
                request, "login.html", status=401, next=safe_path(following), error=problem.detail
            )
        response = RedirectResponse(safe_path(following), 303, headers=HEADERS)
        response.set_cookie(COOKIE, token.strip(), httponly=True, samesite="strict", secure=pages.secure)
        return response

    @router.post("/logout")
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def log_out(request: Request) -> Response:
        same_origin(request)
        response = RedirectResponse("/login", 303, headers=HEADERS)
        await on_log_out(request, response)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=pages.secure)
        return response
