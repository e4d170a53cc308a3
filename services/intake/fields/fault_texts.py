"""Faults in words for people: which field, what is wrong with it, what to write instead.

Every message can be acted on by somebody who has never seen our code, at three in the morning.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.fault_texts import TIME_EXAMPLE, in_words
from shared.problems import Problem

__all__ = ["TIME_EXAMPLE", "Fault", "faults_of", "invalid"]

Fault = tuple[str, str]
"""(field, what is wrong and what to do)."""
MOST_FAULTS = 20

_MODEL_FAULT_FIELD = {"learned_at is before": "learned_at", "category is missing": "category"}
"""Faults of a whole form that are best shown at one field."""


def faults_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Fault]:
    """Every fault of `error`, fields written with dots and, for a form inside another document, after
    `prefix`.
    """
    return [
        _fault(fault, model, prefix, place) for place, fault in enumerate(error.errors(include_url=False))
    ]


def _fault(fault: Mapping[str, Any], model: type[BaseModel], prefix: str, place: int) -> Fault:
    path, words = ".".join(str(part) for part in fault["loc"]), in_words(fault)
    if not path:
        path = next(
            (field for start, field in _MODEL_FAULT_FIELD.items() if words.startswith(start)), "(body)"
        )
    if fault["type"] == "extra_forbidden" and place < MOST_FAULTS:
        # Looking for what was meant takes a while: not for each of thousands.
        near = get_close_matches(str(fault["loc"][-1])[:40], model.model_fields, n=1)
        words = f"is not a field that is known here: {f'did you mean {near[0]}?' if near else 'remove it'}"
    return prefix + path, words


def invalid(faults: Sequence[Fault], what: str = "report") -> Problem:
    """422 that names every field at fault."""
    return Problem(
        422,
        f"Invalid {what}",
        f"Nothing is stored: correct the fields named in errors and send the {what} again.",
        errors=faults,
    )
