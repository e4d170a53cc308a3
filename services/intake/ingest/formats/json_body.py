"""JSON of others: parsed once, its faults in our words."""

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from services.intake.ingest.formats.items import FormatError
from shared.fault_texts import faults_of
from shared.message import N_, Marked, said

Model = TypeVar("Model", bound=BaseModel)


def parse(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FormatError(
            N_("not JSON"), [("(body)", said(N_("is not JSON in UTF-8 (%(error)s)"), error=str(error)))]
        ) from None


def model_of(value: Any, model: type[Model], otherwise: Marked) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise FormatError(otherwise, faults_of(error, model)) from None
