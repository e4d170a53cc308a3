"""Faults of a form in words for people: what is wrong with a field, what to write instead.

Every message can be acted on by somebody who has never seen our code, at three in the morning; none repeats
more than a few letters of what was given.
"""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.message import N_, Marked, Said, Sayable, foreign, said

Fault = tuple[str, Sayable]
"""(field, what is wrong and what to do)."""
MOST_FAULTS = 20
"""Of one answer: whoever sends thousands mends these first."""

TIME_EXAMPLE = "2026-11-23T03:05:00+08:00"
SHOWN = 60
"""Characters of what was given that are repeated."""
_WORDS = {
    "missing": N_("is missing: fill it in"),
    "enum": N_("%(given)s is not one of the possible values: write %(expected)s"),
    "literal_error": N_("%(given)s is not one of the possible values: write %(expected)s"),
    "union_tag_invalid": N_("%(given)s names none of the possible values: write %(expected_tags)s"),
    "union_tag_not_found": N_("is missing: say which it is"),
    "extra_forbidden": N_("is not a field that is known here: remove it"),
    "timezone_aware": N_("has no time zone: add the offset, as in %(example)s"),
    "string_too_short": N_("is empty: write something"),
    "string_too_long": N_("is too long: keep it to %(max_length)s characters"),
    "string_type": N_("must be text, not %(given)s"),
    "string_unicode": N_("holds half a letter: send whole UTF-8"),
    "string_pattern_mismatch": N_("%(given)s does not have the form %(pattern)s"),
    "too_short": N_("has too few entries: give at least %(min_length)s"),
    "too_long": N_("has too many entries: give at most %(max_length)s"),
    "model_type": N_("must be a JSON object"),
    "model_attributes_type": N_("must be a JSON object"),
    "dataclass_type": N_("must be a JSON object"),
    "dict_type": N_("must be a JSON object"),
    "tuple_type": N_("must be a list, not %(given)s"),
    "list_type": N_("must be a list, not %(given)s"),
    "json_invalid": N_("is not JSON: send a JSON object in UTF-8"),
    "greater_than": N_("must be more than %(gt)s"),
    "greater_than_equal": N_("must be %(ge)s or more"),
    "less_than": N_("must be less than %(lt)s"),
    "less_than_equal": N_("must be %(le)s or less"),
    "finite_number": N_("must be a number, not %(given)s"),
}
_WORDS_BY_START = (
    ("datetime", N_("%(given)s is not a time: write it as in %(example)s")),
    ("timezone", N_("%(given)s is not a time: write it as in %(example)s")),
    ("date", N_("%(given)s is not a day: write it as in 2026-11-23")),
    ("time_delta", N_("%(given)s is not a length of time: write it as in PT10M (ten minutes), P1D (a day)")),
    ("time", N_("%(given)s is not a time of the wall clock: write it as in 08:30")),
    ("bool", N_("must be true or false, not %(given)s")),
    ("float", N_("must be a number, not %(given)s")),
    ("int", N_("must be a whole number, not %(given)s")),
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
        words = (
            said(N_("is not a field that is known here: did you mean %(near)s?"), near=near[0])
            if near
            else words
        )
    return prefix + path, words


def in_words(fault: Mapping[str, Any]) -> Sayable:
    """`fault` as pydantic tells it (`ValidationError.errors()`)."""
    kind, context = str(fault["type"]), fault.get("ctx", {})
    template = _WORDS.get(kind) or next(
        (words for start, words in _WORDS_BY_START if kind.startswith(start)), None
    )
    if template is None:
        return _as_raised(fault, context)
    values: dict[str, object] = {name: _plain(value) for name, value in context.items()}
    return said(template, example=TIME_EXAMPLE, given=shown(fault["input"]), **values)


def _as_raised(fault: Mapping[str, Any], context: Mapping[str, Any]) -> Sayable:
    """What one of our own checks says, as it said it; anything else as the library says it."""
    error = context.get("error")
    words = context.get("words") or (error.args[0] if isinstance(error, Exception) and error.args else None)
    if isinstance(words, Said):
        return words
    return Marked(words) if isinstance(words, str) else foreign(str(fault["msg"]))


def _plain(value: Any) -> Any:
    """Limits and choices as people write them."""
    if isinstance(value, str) and " or " in value:
        first, _, last = value.rpartition(" or ")
        return said(N_("%(first)s or %(last)s"), first=first, last=last)
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
        return said(N_("a number of many digits"))
    return said(N_("a list")) if isinstance(value, list) else said(N_("an object"))
