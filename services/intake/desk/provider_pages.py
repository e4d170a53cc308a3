"""Logging in with what another house says: to the OpenID Connect provider and back.

Invariant: only the browser that began a log-in ends it, once (state, nonce, PKCE); a fault leads to the
log-in page, where the other ways stand. The page that comes back leads on by itself: a browser would not send
a strict cookie with a redirect that began on another site.
"""

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.logging_in.id_token import IdTokenRefused
from services.intake.logging_in.opening import CodeRefused, SessionOpening
from services.intake.logging_in.provider import BACK, LoginTry, Provider
from shared.door import doorway
from shared.ids import PersonId
from shared.message import N_, Sayable
from shared.problems import Problem
from shared.web import Pages, login, session_pages
from shared.web.pages import HEADERS

COOKIE = "fenghuo_login"
LASTS = 600
"""Seconds for a log-in at the provider."""
LONGEST = 300
DENIED = N_("The provider did not log you in: try again, or log in with a one-time code.")
BEGIN_AGAIN = N_("This log-in was begun in another browser, or too long ago, or is over: begin again.")


def add_provider(router: APIRouter, pages: Pages, opening: SessionOpening, provider: Provider) -> None:
    @router.get("/login/provider")
    @doorway(is_open=True)
    async def begin(request: Request, next: str = "/") -> Response:  # noqa: A002 - its name in the address
        attempt, following = LoginTry.new(), pages.log_in.safe_next(next)
        try:
            address = await provider.address(attempt)
        except IdTokenRefused as refused:
            return login.show(pages, request, following, error=refused.words, status=502)
        response = RedirectResponse(address, 303, headers=HEADERS)
        kept = ".".join((attempt.state, attempt.nonce, attempt.verifier, quote(following, safe="")[:2000]))
        # Lax: it has to come along when the provider sends the browser back.
        response.set_cookie(
            COOKIE, kept, max_age=LASTS, path=BACK, httponly=True, samesite="lax", secure=pages.secure
        )
        return response

    @router.get(BACK)
    @doorway(is_open=True)
    async def back(request: Request) -> Response:
        state, code = (request.query_params.get(name, "") for name in ("state", "code"))
        parts = request.cookies.get(COOKIE, "").split(".", 3)
        following = pages.log_in.safe_next(unquote(parts[3])) if len(parts) == 4 else "/"
        if request.query_params.get(
            "error"
        ):  # opens nothing, whoever sent it: not every provider says the state then
            return refused(request, following, DENIED, 403)
        if len(parts) != 4 or not state or state != parts[0]:
            return refused(request, following, BEGIN_AGAIN, 400)
        if not code or len(code) > 4 * LONGEST:
            return refused(request, following, DENIED, 403)
        try:
            subject = await provider.subject(LoginTry(*parts[:3]), code)
            cookie = await opening.by_provider(state, PersonId(subject))
        except IdTokenRefused as fault:
            return refused(request, following, fault.words, 502)
        except Problem as problem:
            if not isinstance(problem, CodeRefused) and problem.status != 401:
                raise
            return refused(request, following, problem.detail, problem.status)
        await session_pages.end_this(pages, request)
        response = pages.show(request, "login_done.html", next=following)
        pages.log_in.keep(response, cookie)
        response.delete_cookie(COOKIE, path=BACK, httponly=True, samesite="lax", secure=pages.secure)
        return response

    def refused(request: Request, following: str, words: Sayable, status: int) -> Response:
        response = login.show(pages, request, following, error=words, status=status)
        response.delete_cookie(COOKIE, path=BACK, httponly=True, samesite="lax", secure=pages.secure)
        return response
