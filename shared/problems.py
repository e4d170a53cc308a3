"""Errors over HTTP are RFC 9457 problem documents that name each field and what to do about it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"


class Problem(Exception):
    """`detail` says what is wrong and what to do next; `errors` (field, message) where fields are at fault."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.headers, self.extra = tuple(errors), headers, extra

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail, **self.extra}
        if self.errors:
            body["errors"] = [{"field": field, "message": message} for field, message in self.errors]
        return body

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), self.status, headers=self.headers, media_type=PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Every error of `app`, also the framework's own, leaves as a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        assert isinstance(problem, Problem)
        return problem.response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        assert isinstance(error, RequestValidationError)
        faults = [(".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), str(fault["msg"])) for fault in error.errors()]
        return Problem(422, "Invalid request", "Correct the fields named in errors and send it again.", errors=faults).response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        assert isinstance(error, HTTPException)
        title = HTTPStatus(error.status_code).phrase
        return Problem(error.status_code, title, str(error.detail), headers=dict(error.headers or {})).response()
