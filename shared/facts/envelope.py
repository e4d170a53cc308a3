"""A fact is a structured CloudEvents 1.0 JSON document; its bytes as stored are what the trail hashes.

Invariant: a fact is written once by `write` and never serialised again; whoever reads it keeps the bytes
beside it.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

import msgspec
import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.facts.bounds import Instant, rfc3339
from shared.facts.value import Value
from shared.fault_texts import Fault, in_words
from shared.formats import refuse_newer_bytes
from shared.vocabulary import Kind

TYPE_PREFIX = "cn.fenghuo."
SCHEMA_ROOT = "https://fenghuo.invalid/schemas/"
"""Identifies a schema (docs/schemas/<kind>.v1.json); `.invalid` is reserved, so nobody is ever asked for
it.
"""


class FactError(ValueError):
    """A message that is no fact. `errors` names each field and what is wrong with it."""

    def __init__(self, errors: list[Fault]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors))
        self.errors = errors


class Fact(BaseModel):
    """The envelope. Extension attributes of other publishers are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    type: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    subject: str | None = None
    time: Instant
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(
        cls,
        kind: Kind,
        *,
        id: str,  # noqa: A002 - CloudEvents' word
        source: str,
        subject: str | None,
        time: datetime,
        data: BaseModel | Value,
    ) -> Self:
        """A fact of ours: `source` is a URI such as `/services/intake`, `time` when it happened, `subject`
        the case.
        """
        return cls(
            id=id,
            source=source,
            type=f"{TYPE_PREFIX}{kind}.v1",
            subject=subject,
            time=time,
            dataschema=f"{SCHEMA_ROOT}{kind}.v1.json",
            data=msgspec.to_builtins(data)
            if isinstance(data, Value)
            else data.model_dump(mode="json", exclude_none=True),
        )

    @staticmethod
    def bytes_of(  # `data` as a dict is taken as it is
        kind: Kind,
        *,
        id: str,  # noqa: A002 - CloudEvents' word
        source: str,
        subject: str | None,
        time: datetime,
        data: BaseModel | Value | dict[str, Any],
    ) -> bytes:
        """`Fact.of(…).write()` in one pass over the data: a decision of 10 kB costs a third."""
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": id,
                "source": source,
                "type": f"{TYPE_PREFIX}{kind}.v1",
                "subject": subject,
                "time": rfc3339(time),
                "datacontenttype": "application/json",
                "dataschema": f"{SCHEMA_ROOT}{kind}.v1.json",
                "data": orjson.Fragment(
                    data.model_dump_json(exclude_none=True)
                    if isinstance(data, BaseModel)
                    else msgspec.json.encode(data)
                ),
            }
        )

    @property
    def kind(self) -> str:
        """`reported` for `cn.fenghuo.reported.v1`; the whole type where it is not ours."""
        return self.type.removeprefix(TYPE_PREFIX).rsplit(".v", 1)[0]

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Parse a structured CloudEvent. Raises FactError naming every field that is wrong, NewerError for
        one of a newer format.
        """
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            refuse_newer_bytes(raw)
            raise FactError(field_errors(error)) from None

    def write(self) -> bytes:
        return orjson.dumps(self.model_dump(mode="json", exclude_none=True))


def field_errors(error: ValidationError) -> list[Fault]:
    """Each fault as (dotted field, what is wrong), in words for people."""
    return [
        (".".join(str(part) for part in fault["loc"]) or "(body)", in_words(fault))
        for fault in error.errors(include_url=False)
    ]
