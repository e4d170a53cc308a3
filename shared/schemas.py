"""JSON Schemas for the OpenAPI document, each whole in itself: a body or an answer has no place for
definitions elsewhere.
"""

from functools import cache
from typing import Any

import msgspec
from pydantic import BaseModel

from shared.facts import Value

Json = dict[str, Any]


@cache
def of_model(model: type[BaseModel]) -> Json:
    """Made once a model, and shared: 46 acts take the same form."""
    schema = model.model_json_schema()
    return _resolved(schema, schema.pop("$defs", {}))


def of_value(value: type[Value]) -> Json:
    (schema,), definitions = msgspec.json.schema_components([value], ref_template="#/$defs/{name}")
    return _resolved(schema, definitions)


def _resolved(node: Any, definitions: Json) -> Any:
    if isinstance(node, dict):
        reference = node.get("$ref")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        beside = {str(key): _resolved(value, definitions) for key, value in node.items() if key != "$ref"}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return (
            {**_resolved(definitions[reference.rsplit("/", 1)[1]], definitions), **beside}
            if isinstance(reference, str)
            else beside
        )
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]  # pyright: ignore[reportUnknownVariableType]
    return node
