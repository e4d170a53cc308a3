"""The JSON Schema of the values the escalator makes (`Value`), in the same spelling as that of the models
from outside.

Invariant: the schema says what is on the wire: a field that is absent is absent, never null, and a time is an
RFC 3339 text.
"""

from collections.abc import Iterable
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any, cast, get_args, get_type_hints

import msgspec

from shared.facts import Value

Json = dict[str, Any]


def value_schemas(models: Iterable[type[Value]], ref_template: str) -> dict[str, Json]:
    """Every value that these are made of, by name; `ref_template` has `{name}` in it."""
    _, components = msgspec.json.schema_components(list(models), ref_template=ref_template)
    known = {model.__name__: model for model in _reached(models)}
    for name, definition in components.items():
        hints = get_type_hints(known[name]) if name in known else {}
        for field, spec in definition.get("properties", {}).items():
            definition["properties"][field] = _as_on_the_wire(spec, hints[field])
    return components


def value_schema(model: type[Value]) -> Json:
    """One value as a document of its own."""
    parts = value_schemas([model], "#/$defs/{name}")
    body = parts.pop(model.__name__)
    return {**body, "$defs": parts} if parts else body


def _as_on_the_wire(spec: Json, hint: Any) -> Json:
    spec = dict(spec)
    if "anyOf" in spec:
        given = [one for one in spec.pop("anyOf") if one != {"type": "null"}]
        spec.pop("default", None)
        spec = {**spec, **given[0]} if len(given) == 1 else {**spec, "anyOf": given}
    if datetime in (hint, *get_args(hint)):
        spec["format"] = "date-time"
    return spec


def _reached(models: Iterable[type[Value]]) -> set[type[object]]:
    """The structs and dataclasses among all that the fields of `models` name."""
    found: set[type[object]] = set()
    waiting: list[object] = list(models)
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if not isinstance(one, type):
            continue
        cls = cast(type[object], one)
        if cls not in found and (issubclass(cls, msgspec.Struct) or is_dataclass(cls)):
            found.add(cls)
            waiting += get_type_hints(cls).values()
    return found
