"""The JSON Schema of the forms' file, for completion and checking in an editor (`# yaml-language-server:
$schema=forms.schema.json`).
"""

import json
from typing import Any, cast

from shared.forms.model import FormsDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def forms_schema() -> dict[str, Any]:
    schema = FormsDocument.model_json_schema(mode="validation")
    # A form's id is the name it stands under, and is not written.
    schema["$defs"]["DeclaredForm"]["properties"].pop("id")
    return {"$schema": DIALECT, **_without_titles(schema), "title": "Fenghuo forms"}


def schema_text() -> str:
    """The bytes of config/forms.schema.json."""
    return json.dumps(forms_schema(), ensure_ascii=False, indent=2) + "\n"


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
