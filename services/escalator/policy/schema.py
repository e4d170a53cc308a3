"""The JSON Schema of the policy's file."""

from typing import Any

from services.escalator.policy.model import PolicyDocument
from shared.editor_schema import editor_schema


def policy_schema() -> dict[str, Any]:
    return editor_schema(PolicyDocument, "Fenghuo policy")
