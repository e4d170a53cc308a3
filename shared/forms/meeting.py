"""Whether values meet the conditions that a form states. Pure.

Invariant: an empty field meets nothing but `filled: false`; a limit that is an empty field is met by nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.forms.model import FieldCondition
from shared.forms.values import is_empty


def meets(conditions: Iterable[FieldCondition], values: Mapping[str, Any]) -> bool:
    """All of them."""
    return all(_meets(condition, values) for condition in conditions)


def _meets(condition: FieldCondition, values: Mapping[str, Any]) -> bool:
    value = values.get(condition.field)
    if condition.filled is not None and condition.filled is is_empty(value):
        return False
    if is_empty(value):
        return condition.filled is False and not condition.equals and condition.less_than is None
    if condition.equals and not any(value is wanted or value == wanted for wanted in condition.equals):
        return False
    below, above = (_limit(limit, values) for limit in (condition.less_than, condition.more_than))
    if condition.less_than is not None and not (below is not None and _number(value) < below):
        return False
    return condition.more_than is None or (above is not None and _number(value) > above)


def _limit(limit: float | str | None, values: Mapping[str, Any]) -> float | None:
    value = values.get(limit) if isinstance(limit, str) else limit
    return None if value is None else _number(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
