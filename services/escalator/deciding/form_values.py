"""What stands in a case's forms under a path as the policy writes it: `form.visit.at`, or the column of a
table, `form.meeting.participants.unit`. Pure.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from shared.case import CaseForm


def values_at(forms: Iterable[CaseForm], path: str) -> Iterator[str]:
    """Texts alone; of a table each row's. Nothing where the case has no such form."""
    _, form_id, name, *column = path.split(".")
    value = next((form.fields.get(name) for form in forms if form.id == form_id), None)
    for found in _cells(value, column[0]) if column else (value,):
        if isinstance(found, str):
            yield found


def _cells(table: object, column: str) -> Iterator[object]:
    for row in cast(list[Any], table) if isinstance(table, list) else []:
        if isinstance(row, dict):
            yield cast(dict[str, Any], row).get(column)
