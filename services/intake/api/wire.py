"""How bytes of a request become a form and an answer becomes bytes; the same for every path.

Invariant: a body that can't be taken is refused naming every field.
"""

from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from services.intake.fields.fault_texts import faults_of, invalid
from shared.facts import Value
from shared.problems import Problem
from shared.schemas import of_value

Model = TypeVar("Model", bound=BaseModel)


async def form_of(request: Request, model: type[Model]) -> Model:
    """The form in the body; an empty body is an empty form. Problem 400, 413, 422."""
    raw = await request.body()
    try:
        fields: Any = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise Problem(
            400, "Not JSON", f"The body is not JSON ({error}); send a JSON object in UTF-8."
        ) from None
    try:
        return model.model_validate(fields, extra="forbid")
    except ValidationError as error:
        raise invalid(faults_of(error, model), "act") from None


def answer(
    body: BaseModel | dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    content = body.model_dump(mode="json", exclude_none=True) if isinstance(body, BaseModel) else body
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def gives(value: type[Value], description: str) -> dict[int | str, dict[str, Any]]:
    """The answer for the OpenAPI document, where it is what the escalator wrote, sent on unread."""
    return {200: {"description": description, "content": {"application/json": {"schema": of_value(value)}}}}
