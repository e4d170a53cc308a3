"""How an answer becomes bytes; the same for every path."""

from typing import Any

import orjson
from fastapi.responses import Response
from pydantic import BaseModel

from shared.facts import Value
from shared.schemas import of_value


def answer(
    body: BaseModel | dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    content = body.model_dump(mode="json", exclude_none=True) if isinstance(body, BaseModel) else body
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def gives(value: type[Value], description: str) -> dict[int | str, dict[str, Any]]:
    """The answer for the OpenAPI document, where it is what the escalator wrote, sent on unread."""
    return {200: {"description": description, "content": {"application/json": {"schema": of_value(value)}}}}
