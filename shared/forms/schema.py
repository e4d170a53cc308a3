"""The JSON Schema of the forms' file."""

from typing import Any

from shared.editor_schema import editor_schema
from shared.forms.model import FormsDocument


def forms_schema() -> dict[str, Any]:
    # A form's id is the name it stands under.
    return editor_schema(FormsDocument, "Fenghuo forms", {"DeclaredForm": "id"})
