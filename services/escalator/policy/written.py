"""How values of the policy's file are read, and what the editor is told of them: one or many, a reference,
nothing at all.

Invariant: the JSON Schema accepts what the loader accepts; words below a field are its description in the
editor.
"""

from collections.abc import Callable
from typing import Any, cast

from pydantic import ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.facts import Closed


class WrittenPart(Closed):
    """A part of the document."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Also:
    """The field may also be written in a shorter way: `read` makes the full form of it, `schema` says how it
    looks.
    """

    def __init__(self, read: Callable[[Any], Any], *schemas: dict[str, Any]) -> None:
        self._read, self._schemas = read, schemas

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = [one for one in _alternatives(handler(schema)) if one.get("type") != "null"]
        return {"anyOf": [*self._schemas, *full]}


class OneOrMany(Also):
    """`reported` for `[reported]`."""

    def __init__(self) -> None:
        super().__init__(_as_many)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = super().__get_pydantic_json_schema__(schema, handler)["anyOf"]
        return {"anyOf": [*(one["items"] for one in full if "items" in one), *full]}


def _as_many(value: Any) -> Any:
    return cast(Any, value) if isinstance(value, list | tuple) or value is None else [value]


def _alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], schema.get("anyOf", [schema]))
