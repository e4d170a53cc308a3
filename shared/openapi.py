"""The OpenAPI document of a service: what the routes declare, completed by what holds for all of them.

Invariant: every answer that a route can give stands in its document: who may ask (`security`), each refusal
with its status, all of them as problem documents. A route declares only what is its own; nothing is written
down twice.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from shared.door.ways import declared
from shared.problems import PROBLEM_JSON
from shared.tokens import COOKIE

Json = dict[str, Any]
Answers = Mapping[int, str]

SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of `fenghuo token`.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The same, as pages carry it: for forms of our own only.",
    },
}
PROBLEM: Json = {
    "title": "Problem",
    "description": "RFC 9457: what is wrong and what to do next; further members say what it is about.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
ALWAYS: Answers = {
    422: "Parameters or fields at fault, each named",
    429: "Too many requests in a short time: Retry-After says when to come again",
    503: "The broker or the store does not answer: nothing is certain, try again in a moment",
}
WITH_A_TOKEN: Answers = {401: "No token, or none of this system", 403: "Not for this role, unit or person"}
WITH_A_BODY: Answers = {
    400: "Not JSON",
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body is compressed, or of a type that is not taken here",
}


def install(app: FastAPI, more: Answers) -> None:
    """`more`: what else any route of this service may answer."""

    def document() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app, more)
        return app.openapi_schema

    app.openapi = document


def _completed(app: FastAPI, more: Answers) -> Json:
    document = get_openapi(
        title=app.title, version=app.version, routes=app.routes, separate_input_output_schemas=False
    )
    parts: Json = document.setdefault("components", {})
    parts["securitySchemes"] = SCHEMES
    schemas: Json = parts.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for framework_s_own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework_s_own, None)
    for path, method, is_open in _routes(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _complete(operation, "{" in path, is_open, more)
    return document


def _routes(app: FastAPI) -> Iterator[tuple[str, str, bool]]:
    """(path as the document has it, method, whether strangers may come in) of each."""
    for context in iter_route_contexts(list(app.routes)):
        route: Any = context
        for method in route.methods or ():
            yield str(route.path_format), str(method).lower(), declared(route.endpoint).is_open


def _complete(operation: Json, has_place: bool, open_to_all: bool, more: Answers) -> None:
    operation["security"] = [] if open_to_all else [{name: []} for name in SCHEMES]
    more_answers = {**ALWAYS, **more}
    if has_place:
        more_answers[404] = "There is no such thing, or it is not there any more"
    if not open_to_all:
        more_answers |= WITH_A_TOKEN
    if "requestBody" in operation:
        more_answers |= WITH_A_BODY
    answers: Json = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422")):
        del answers["422"]  # the framework's own form of it, which we never send
    for status, words in more_answers.items():
        answers.setdefault(str(status), {"description": words})
    for status, answer in answers.items():
        if status.isdigit() and int(status) >= 400:
            answer["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(answers.items()))
