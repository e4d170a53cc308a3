"""How bytes of a request become a form and an answer becomes bytes; the same for every path.

Invariant: no body is read beyond its limit, and a body that can't be taken is refused naming every field.
"""

from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from services.intake.schemas import of_model, of_value
from services.intake.words import faults_of, invalid
from shared.facts import Value
from shared.problems import Problem

Model = TypeVar("Model", bound=BaseModel)

BODY_LIMIT = 256 * 1024
"""Bytes of a form; a report's text is limited to 20,000 characters."""


async def body_of(request: Request, limit: int = BODY_LIMIT) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Problem(413, "Too large", f"The body is larger than {limit // 1024} KB: shorten it, attachments have no place in it.")
        chunks.append(chunk)
    return b"".join(chunks)


async def form_of(request: Request, model: type[Model]) -> Model:
    """The form in the body; an empty body is an empty form. Problem 400, 413, 422."""
    raw = await body_of(request)
    try:
        fields: Any = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise Problem(400, "Not JSON", f"The body is not JSON ({error}); send a JSON object in UTF-8.") from None
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(faults_of(error, model), "act") from None


def answer(body: BaseModel | dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = body.model_dump(mode="json", exclude_none=True) if isinstance(body, BaseModel) else body
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """The request body for the OpenAPI document; handlers read it by hand, so that every fault is named in words."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": of_model(model)}}}}


def gives(value: type[Value], description: str) -> dict[int | str, dict[str, Any]]:
    """The answer for the OpenAPI document, where it is what the escalator wrote, sent on unread."""
    return {200: {"description": description, "content": {"application/json": {"schema": of_value(value)}}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/problem+json": {}}}
    for status, words in {
        400: "Not JSON",
        401: "No token, or not one of this system",
        403: "Not for this role or unit",
        413: "Too large",
        422: "Fields at fault, each named",
        503: "The broker is away; nothing is certain: report by telephone and send it again",
    }.items()
}
