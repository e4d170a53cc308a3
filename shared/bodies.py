"""How a handler reads the form in a request's body: after it has asked for the role, and all faults at once.

Invariant: nothing is read before the handler says so; a framework that fills parameters from the body reads
it first and asks later.
"""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.fault_texts import faults_in
from shared.problems import Problem
from shared.schemas import of_model

Model = TypeVar("Model", bound=BaseModel)


async def form_of(request: Request, model: type[Model], *, empty: bytes | None = None) -> Model:
    """The form, as JSON. `empty`: what stands for a body that is left out. Raises Problem 408, 413, 422."""
    raw = await request.body()
    if empty is not None and not raw.strip():
        raw = empty
    try:
        return model.model_validate_json(raw, extra="forbid")
    except ValidationError as error:
        detail = "Correct the fields named in errors and send it again."
        raise Problem(422, "Invalid request", detail, errors=faults_in(error)) from None


def takes(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The request body for the OpenAPI document, as `openapi_extra` of a route."""
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": of_model(model)}}}
    }


def takes_bytes(*media: str) -> dict[str, Any]:
    """The same for a body that is no form of ours."""
    return {"requestBody": {"required": True, "content": {one: {} for one in media}}}


def sends(*media: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers that is no JSON, as its `responses`."""
    return {200: {"description": "As it is", "content": {one: {} for one in media}}}
