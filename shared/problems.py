"""Errors over HTTP are RFC 9457 problem documents that name each field and what to do about it.

Invariant: an error is small, however wrong the request was; and what another process did not answer is 503,
never 500.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.fault_texts import MOST_FAULTS, Fault, in_words
from shared.language.preference import preferred
from shared.language.words import Words
from shared.message import N_, Marked, Said, Sayable, said
from shared.unavailable import NO_BROKER, NO_BROKER_NOW, UnavailableError
from shared.vocabulary import Language

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
FIELD_LENGTH, MESSAGE_LENGTH, DETAIL_LENGTH = 120, 400, 1_000
"""Characters: what a request said is repeated in part only."""
RETRY_AFTER = "5"
STATUSES = (
    N_("Bad Request"),
    N_("Not Found"),
    N_("Method Not Allowed"),
    N_("Not Acceptable"),
    N_("Unsupported Media Type"),
    N_("Service Unavailable"),
)
"""Titles of what the framework itself refuses."""

REPORT = N_("report")
Unavailable = tuple[type[Exception], ...]

FAILED = N_(
    "Something went wrong here. If this is an emergency, report it by telephone; then tell the operator, whose log says more."
)


class Problem(Exception):
    """`detail` says what is wrong and what to do next; `errors` (field, message) where fields are at fault. A
    503 always says when to come back.
    """

    def __init__(
        self,
        status: int,
        title: Sayable,
        detail: Sayable,
        *,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.headers, self.extra = _few(errors), dict(headers or {}), extra
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers.setdefault("Retry-After", RETRY_AFTER)

    def body(self, language: Language = Language.EN) -> dict[str, Any]:
        """Title, detail and messages in `language`; whatever programs read is the same in each."""
        words = Words(language)
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": words.again(self.title),
            "status": self.status,
            "detail": _cut(words.again(self.detail), DETAIL_LENGTH),
            **self.extra,
        }
        if self.errors:
            body["errors"] = [
                {"field": field, "message": _cut(words.again(message), MESSAGE_LENGTH)}
                for field, message in self.errors
            ]
        return body

    def response(self, request: Request) -> JSONResponse:
        language = preferred(request.headers.get("accept-language", ""))
        in_language = {"Content-Language": language.value, "Vary": "Accept-Language"}
        return JSONResponse(
            self.body(language),
            self.status,
            headers={**HEADERS, **in_language, **self.headers},
            media_type=PROBLEM_JSON,
        )


def invalid(faults: Sequence[Fault], what: Marked = REPORT) -> Problem:
    """422 that names every field at fault."""
    return Problem(
        422,
        said(N_("Invalid %(what)s"), what=said(what)),
        said(
            N_("Nothing is stored: correct the fields named in errors and send the %(what)s again."),
            what=said(what),
        ),
        errors=faults,
    )


def known_problem(error: Exception, unavailable: Unavailable) -> Problem | None:
    """What an error means for who asked; None for one that nobody foresaw. `unavailable`: errors of clients
    whose server is away.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, (UnavailableError, *unavailable)):
        log.warning("unavailable", kind=type(error).__name__, error=str(error))
    if isinstance(error, UnavailableError):
        return Problem(503, error.title, error.advice)
    if isinstance(error, ClientDisconnect):  # whoever asked is gone, or this service stops
        return Problem(
            503, N_("Cut off"), N_("The connection ended before the request was whole: send it again.")
        )
    if isinstance(error, unavailable):
        return Problem(503, NO_BROKER, NO_BROKER_NOW)
    if isinstance(error, RequestValidationError):
        return Problem(
            422,
            N_("Invalid request"),
            N_("Correct the fields named in errors and send it again."),
            errors=_faults(error),
        )
    if isinstance(error, HTTPException):
        title = Marked(HTTPStatus(error.status_code).phrase)
        return Problem(error.status_code, title, Marked(str(error.detail)), headers=dict(error.headers or {}))
    return None


def install(app: Starlette, unavailable: Unavailable = (TimeoutError,)) -> None:
    """Every error of `app`, also the framework's own, leaves as a problem document."""
    app.state.unavailable = unavailable

    async def answer(request: Request, error: Exception) -> JSONResponse:
        problem = known_problem(error, unavailable)
        assert problem is not None
        return problem.response(request)

    for kind in (
        Problem,
        UnavailableError,
        ClientDisconnect,
        *unavailable,
        RequestValidationError,
        HTTPException,
    ):
        app.add_exception_handler(kind, answer)

    async def unforeseen(request: Request, _: Exception) -> JSONResponse:
        # The server itself logs the error with where it came from.
        return Problem(500, N_("Failed"), FAILED).response(request)

    app.add_exception_handler(Exception, unforeseen)


def _faults(error: RequestValidationError) -> list[Fault]:
    faults: list[Fault] = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
        faults.append((where, in_words(fault)))
    return faults


def _few(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    few = [
        (
            _cut(field, FIELD_LENGTH),
            message if isinstance(message, Said) else Marked(_cut(message, MESSAGE_LENGTH)),
        )
        for field, message in faults[:MOST_FAULTS]
    ]
    more = len(faults) - MOST_FAULTS
    if more > 0:
        few.append(("…", said(N_("%(more)s more: correct these first"), more=more)))
    return tuple(few)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
