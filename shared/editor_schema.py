"""The JSON Schema of a file that people write, for completion and checking in an editor
(`# yaml-language-server: $schema=policy.schema.json`).
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def editor_schema(
    model: type[BaseModel], title: str, unwritten: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`unwritten`: of a part, the field that is not written in the file."""
    schema = model.model_json_schema(mode="validation")
    for part, field in (unwritten or {}).items():
        schema["$defs"][part]["properties"].pop(field)
    return {"$schema": DIALECT, **_without_titles(schema), "title": title}


def schema_text(schema: Mapping[str, Any]) -> str:
    """The bytes of the file that the editor reads."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _without_titles(node: Any) -> Any:
    """The generator's titles only repeat the names."""
    if isinstance(node, dict):
        entries = cast(dict[str, Any], node)
        return {
            key: _without_titles(value)
            for key, value in entries.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(entry) for entry in cast(list[Any], node)] if isinstance(node, list) else node
