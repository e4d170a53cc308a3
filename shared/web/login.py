"""Logging in: a token is pasted once, checked, and kept by the browser where no script can read it.

Invariant: the token is never written into a page, a log or an address; a foreign site can neither log a reader in nor out.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from shared.problems import Problem
from shared.tokens import COOKIE
from shared.web.guard import safe_path, same_origin
from shared.web.pages import HEADERS, Pages


def add(router: APIRouter, pages: Pages) -> None:
    """Adds /login and /logout to a service's pages."""

    @router.get("/login", name="login")
    async def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - its name in the address  # pyright: ignore[reportUnusedFunction]
        return pages.show(request, "login.html", next=safe_path(next), error=None)

    @router.post("/login")
    async def log_in(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        token: Annotated[str, Form(max_length=4096)] = "",
        next: Annotated[str, Form(max_length=2048)] = "/",  # noqa: A002
    ) -> Response:
        same_origin(request)
        try:
            pages.gate.read(token.strip())
        except Problem as problem:
            return pages.show(request, "login.html", status=401, next=safe_path(next), error=problem.detail)
        response = RedirectResponse(safe_path(next), 303, headers=HEADERS)
        response.set_cookie(COOKIE, token.strip(), httponly=True, samesite="strict", secure=pages.secure)
        return response

    @router.post("/logout")
    async def log_out(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        same_origin(request)
        response = RedirectResponse("/login", 303, headers=HEADERS)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=pages.secure)
        return response
