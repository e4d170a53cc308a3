"""Every page of every service leaves through `Pages.show`: escaped, in the reader's language and the office's
zone, and closed.

Invariant: a page may load nothing from another host, run nothing written into it, be framed by nobody, and is
kept in no cache; a fault on a page is a page too, and whoever is not logged in is led to the log-in and back.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from markupsafe import Markup

from shared.language import times
from shared.language.catalogue import N_, catalogue
from shared.problems import Problem, known_problem
from shared.tokens import Gate, Principal
from shared.vocabulary import Language, Role
from shared.web.environment import environment
from shared.web.guard import path_of, same_origin
from shared.web.log_in import LogIn
from shared.web.reader import COOKIE, language_of
from shared.web.static_files import StaticFiles

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under it browsers send `Origin: null` with our own forms, and plain http has nothing
    # else to tell them by.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
YEAR = 31_536_000
NO_SUCH_PAGE = N_("There is no such page: check the address.")


class Pages:
    """The pages of one service. `name` stands in the title and chooses the menu; folders are searched before
    the shared ones.
    """

    def __init__(
        self,
        name: str,
        gate: Gate,
        zone: ZoneInfo,
        *,
        log_in: LogIn,
        folder: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self.name, self.gate, self.zone, self.log_in, self.clock = name, gate, zone, log_in, clock
        self.secure = log_in.secure
        self.static = StaticFiles([HERE / "static", folder / "static"])
        templates = [folder / "templates", HERE / "templates"]
        everywhere: dict[str, Any] = {"zone": zone.key, "site": name, "static": self.static.url}
        self._fault_pages: dict[type[Problem], tuple[str, dict[str, Any]]] = {}
        self._environments = {
            language: environment(language, zone, templates, everywhere) for language in Language
        }

    def show_as(self, fault: type[Problem], template: str, **context: Any) -> None:
        """Faults of this kind have a page of their own."""
        self._fault_pages[fault] = (template, context)

    def router(self) -> APIRouter:
        """An empty router whose faults are pages; the service adds its routes, then `login.add` and
        `static.router`.
        """
        return APIRouter(route_class=_page_route(self), include_in_schema=False)

    def principal(self, request: Request) -> Principal | None:
        """Who looks at the page; an expired or foreign cookie is nobody."""
        try:
            return self.gate.who(request)
        except Problem:
            return None

    def admit(self, request: Request, *roles: Role) -> Principal:
        return self.gate.admit(request, *roles)

    def admit_form(self, request: Request, *roles: Role) -> Principal:
        """For every POST: our own form, then the role."""
        same_origin(request)
        return self.gate.admit(request, *roles)

    def language(self, request: Request) -> Language:
        return language_of(request)

    def text(self, request: Request, message: str) -> str:
        return catalogue(language_of(request)).gettext(message)

    def show(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        language = language_of(request)
        now = self.clock()

        known = self.log_in.sessions.of(request)

        def clock(at: datetime) -> Markup:
            return self._time(at, now)

        body = (
            self._environments[language]
            .get_template(template)
            .render(
                request_path=request.url.path,
                here=path_of(request),
                me=self.principal(request),
                in_session=known is not None,
                my_roles=self.log_in.sessions.roles(known) if known is not None else (),
                now=now,
                clock=clock,
                **context,
            )
        )
        response = HTMLResponse(body, status, headers={**HEADERS, "Content-Language": language.value})
        if request.query_params.get("lang") == language.value:
            response.set_cookie(
                COOKIE, language.value, max_age=YEAR, samesite="lax", secure=self.secure, httponly=True
            )
        return response

    def fault(self, request: Request, problem: Problem) -> Response:
        """A fault as a page; not logged in leads to the log-in."""
        if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
            url = request.url_for("login").include_query_params(next=path_of(request))
            return RedirectResponse(f"{url.path}?{url.query}", 303, headers=HEADERS)
        in_chinese = problem.extra.get("zh") if self.language(request) is Language.ZH else None
        template, context = self._fault_pages.get(type(problem), ("fault.html", {}))
        detail = in_chinese or problem.detail
        page = self.show(request, template, status=problem.status, problem=problem, detail=detail, **context)
        page.headers.update(problem.headers)
        return page

    def _time(self, at: datetime, now: datetime) -> Markup:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at.isoformat(), times.full(at, self.zone), times.clock(at, self.zone, now)
        )


def _page_route(pages: Pages) -> type[APIRoute]:
    class PageRoute(APIRoute):
        """Turns what a page's handler raises, and what the door refuses, into a page."""

        def refusal(self, request: Request, problem: Problem) -> Response:
            return pages.fault(request, problem)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_page(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError:
                    return pages.fault(request, Problem(404, N_("Not Found"), NO_SUCH_PAGE))
                except Exception as error:
                    problem = known_problem(error, request.app.state.unavailable)
                    if problem is None:
                        raise
                    return pages.fault(request, problem)

            return handle_page

    return PageRoute
