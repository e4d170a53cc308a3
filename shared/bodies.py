"""How a handler reads the form in a request's body: after it has asked for the role, and all faults at once.

Invariant: nothing is read before the handler says so; a framework that fills parameters from the body reads
it first and asks later.
"""

from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.fault_texts import faults_of
from shared.message import N_, Marked, said
from shared.problems import Problem, invalid
from shared.schemas import of_model

Model = TypeVar("Model", bound=BaseModel)
REQUEST = N_("request")


async def form_of(request: Request, model: type[Model], what: Marked = REQUEST) -> Model:
    """The form, as JSON; an empty body is an empty form. `what` names it where it is refused. Raises Problem
    400 where it is no JSON, 408, 413, 422 naming every field at fault.
    """
    raw = await request.body()
    try:
        return model.model_validate(json_in(raw) if raw.strip() else {}, extra="forbid")
    except ValidationError as error:
        raise invalid(faults_of(error, model), what) from None


def json_in(raw: bytes) -> Any:
    """Raises Problem 400."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        words = said(N_("The body is not JSON (%(error)s): send a JSON object in UTF-8."), error=error)
        raise Problem(400, N_("Not JSON"), words) from None


def takes(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The request body for the OpenAPI document, as `openapi_extra` of a route."""
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": of_model(model)}}}
    }


def takes_bytes(*media: str) -> dict[str, Any]:
    """The same for a body that is no form of ours."""
    return {"requestBody": {"required": True, "content": {kind: {} for kind in media}}}


def sends(*media: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers that is no JSON, as its `responses`."""
    return {200: {"description": "As it is", "content": {kind: {} for kind in media}}}
