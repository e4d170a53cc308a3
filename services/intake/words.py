"""Faults in words for people: which field, what is wrong with it, what to write instead.

Every message can be acted on by somebody who has never seen our code, at three in the morning.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.problems import Problem

Fault = tuple[str, str]
"""(field, what is wrong and what to do)."""

TIME_EXAMPLE = "2026-11-23T03:05:00+08:00"
SPAN_EXAMPLE = "PT10M (ten minutes), P1D (a day)"
_WORDS = {
    "missing": "is missing: fill it in",
    "enum": "{given} is not one of the possible values: write {expected}",
    "literal_error": "{given} is not one of the possible values: write {expected}",
    "timezone_aware": f"has no time zone: add the offset, as in {TIME_EXAMPLE}",
    "string_too_short": "is empty: write something",
    "string_too_long": "is too long: keep it to {max_length} characters",
    "string_type": "must be text, not {given}",
    "string_pattern_mismatch": "{given} does not have the form {pattern}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "tuple_type": "must be a list, not {given}",
    "list_type": "must be a list, not {given}",
    "greater_than": "must be more than 0",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
}
_WORDS_BY_START = (
    ("datetime", f"{{given}} is not a time: write it as in {TIME_EXAMPLE}"),
    ("timezone", f"{{given}} is not a time: write it as in {TIME_EXAMPLE}"),
    ("time_delta", f"{{given}} is not a length of time: write it as in {SPAN_EXAMPLE}"),
    ("bool", "must be true or false, not {given}"),
    ("float", "must be a number, not {given}"),
    ("int", "must be a number, not {given}"),
    ("finite", "must be a number, not {given}"),
)
_MODEL_FAULT_FIELD = {"learned_at is before": "learned_at", "category is missing": "category"}
"""Faults of a whole form that are best shown at one field."""


def faults_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Fault]:
    """Every fault of `error`, fields written with dots and, for a form inside another document, after `prefix`."""
    return [_fault(fault, model, prefix) for fault in error.errors(include_url=False)]


def _fault(fault: Mapping[str, Any], model: type[BaseModel], prefix: str) -> Fault:
    path = ".".join(str(part) for part in fault["loc"])
    words = str(fault["msg"]).removeprefix("Value error, ")
    if not path:
        path = next((field for start, field in _MODEL_FAULT_FIELD.items() if words.startswith(start)), "(body)")
    return prefix + path, _words(fault, words, model)


def _words(fault: Mapping[str, Any], words: str, model: type[BaseModel]) -> str:
    kind, context = str(fault["type"]), fault.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_field(str(fault["loc"][-1]), model)
    template = _WORDS.get(kind) or next((said for start, said in _WORDS_BY_START if kind.startswith(start)), None)
    return words if template is None else template.format(given=_shown(fault["input"]), **context)


def _unknown_field(name: str, model: type[BaseModel]) -> str:
    near = get_close_matches(name, model.model_fields, n=1)
    return f"is not a field that is known here: {f'did you mean {near[0]}?' if near else 'remove it'}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def invalid(faults: Sequence[Fault], what: str = "report") -> Problem:
    """422 that names every field at fault."""
    return Problem(
        422, f"Invalid {what}", f"Nothing is stored: correct the fields named in errors and send the {what} again.", errors=faults
    )
