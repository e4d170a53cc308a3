"""What a kind of case is about, as data: the forms of `config/forms.yaml`, what is read into them, and their words."""

from shared.forms.book import NO_FORMS, FillingPlace, Forms, load_forms, parse_forms
from shared.forms.model import (
    Belongs,
    DeclaredColumn,
    DeclaredField,
    DeclaredForm,
    FieldType,
    FillStage,
    FormsDocument,
)

__all__ = [
    "NO_FORMS",
    "Belongs",
    "DeclaredColumn",
    "DeclaredField",
    "DeclaredForm",
    "FieldType",
    "FillStage",
    "FillingPlace",
    "Forms",
    "FormsDocument",
    "load_forms",
    "parse_forms",
]
