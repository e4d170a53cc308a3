"""The JSON Schema of the policy's file, for completion and checking in an editor (`# yaml-language-server:
$schema=policy.schema.json`).
"""

import json
from typing import Any, cast

from services.escalator.policy.model import PolicyDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        **_without_titles(PolicyDocument.model_json_schema(mode="validation")),
        "title": "Fenghuo policy",
    }


def schema_text() -> str:
    """The bytes of config/policy.schema.json."""
    return json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"


def _without_titles(node: Any) -> Any:
    """The generator's titles only repeat the names."""
    if isinstance(node, dict):
        entries = cast(dict[str, Any], node)
        return {
            key: _without_titles(value)
            for key, value in entries.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(one) for one in cast(list[Any], node)] if isinstance(node, list) else node
