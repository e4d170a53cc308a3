"""Faults of a form in words for people: what is wrong with a field, what to write instead.

Every message can be acted on by somebody who has never seen our code, at three in the morning; none repeats
more than a few letters of what was given.
"""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

Fault = tuple[str, str]
"""(field, what is wrong and what to do)."""
MOST_FAULTS = 20
"""Of one answer: whoever sends thousands mends these first."""

TIME_EXAMPLE = "2026-11-23T03:05:00+08:00"
SHOWN = 60
"""Characters of what was given that are repeated."""
SPAN_EXAMPLE = "PT10M (ten minutes), P1D (a day)"
_WORDS = {
    "missing": "is missing: fill it in",
    "enum": "{given} is not one of the possible values: write {expected}",
    "literal_error": "{given} is not one of the possible values: write {expected}",
    "union_tag_invalid": "{given} names none of the possible values: write {expected_tags}",
    "union_tag_not_found": "is missing: say which it is",
    "extra_forbidden": "is not a field that is known here: remove it",
    "timezone_aware": f"has no time zone: add the offset, as in {TIME_EXAMPLE}",
    "string_too_short": "is empty: write something",
    "string_too_long": "is too long: keep it to {max_length} characters",
    "string_type": "must be text, not {given}",
    "string_unicode": "holds half a letter: send whole UTF-8",
    "string_pattern_mismatch": "{given} does not have the form {pattern}",
    "too_short": "has too few entries: give at least {min_length}",
    "too_long": "has too many entries: give at most {max_length}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dataclass_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "tuple_type": "must be a list, not {given}",
    "list_type": "must be a list, not {given}",
    "json_invalid": "is not JSON: send a JSON object in UTF-8",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "finite_number": "must be a number, not {given}",
}
_WORDS_BY_START = (
    ("datetime", f"{{given}} is not a time: write it as in {TIME_EXAMPLE}"),
    ("timezone", f"{{given}} is not a time: write it as in {TIME_EXAMPLE}"),
    ("date", "{given} is not a day: write it as in 2026-11-23"),
    ("time_delta", f"{{given}} is not a length of time: write it as in {SPAN_EXAMPLE}"),
    ("time", "{given} is not a time of the wall clock: write it as in 08:30"),
    ("bool", "must be true or false, not {given}"),
    ("float", "must be a number, not {given}"),
    ("int", "must be a whole number, not {given}"),
)

_FIELD_OF_WHOLE = {"learned_at is before": "learned_at", "category is missing": "category"}
"""Faults of a whole form that are best shown at one field."""


def faults_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Fault]:
    """Every fault of a form: fields are written with dots and, for a form inside another document, after
    `prefix`.
    """
    return [
        _fault(fault, model, prefix, place) for place, fault in enumerate(error.errors(include_url=False))
    ]


def _fault(fault: Mapping[str, Any], model: type[BaseModel], prefix: str, place: int) -> Fault:
    path, words = ".".join(str(part) for part in fault["loc"]), in_words(fault)
    if not path:
        path = next((field for start, field in _FIELD_OF_WHOLE.items() if words.startswith(start)), "(body)")
    if fault["type"] == "extra_forbidden" and place < MOST_FAULTS:
        # Looking for what was meant takes a while: not for each of thousands.
        near = get_close_matches(str(fault["loc"][-1])[:40], model.model_fields, n=1)
        words = f"is not a field that is known here: {f'did you mean {near[0]}?' if near else 'remove it'}"
    return prefix + path, words


def in_words(fault: Mapping[str, Any]) -> str:
    """`fault` as pydantic tells it (`ValidationError.errors()`)."""
    kind, context = str(fault["type"]), fault.get("ctx", {})
    template = _WORDS.get(kind) or next(
        (words for start, words in _WORDS_BY_START if kind.startswith(start)), None
    )
    if template is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    return template.format(
        given=shown(fault["input"]), **{name: _plain(value) for name, value in context.items()}
    )


def _plain(value: Any) -> Any:
    """Limits as people write them."""
    if isinstance(value, float):
        return f"{value:g}"
    return 0 if value == timedelta(0) else value


def shown(value: Any) -> str:
    """The beginning of what was given."""
    if isinstance(value, str):
        return repr(value) if len(value) < SHOWN else f"{value[: SHOWN - 1]!r}…"
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**18):
        return repr(value)
    if isinstance(value, int):
        return "a number of many digits"
    return "a list" if isinstance(value, list) else "an object"
