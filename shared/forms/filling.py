"""What somebody filled in, read by the form: each value as it will stand on record, each fault at its field.

Invariant: a value that was read is read the same again; what can't be read is named and leaves the others as they
are. Pure: the directory and the time are arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, cast

from shared.directory import Directory
from shared.forms.meeting import meets
from shared.forms.model import DeclaredColumn, DeclaredField, DeclaredForm, FieldType, FillStage
from shared.forms.values import ValueFault, is_empty, read_value
from shared.message import N_, Said, said

FormFault = tuple[str, Said]
"""(field: `price`, or `items.2.price` counted from 0; what is wrong and what to do)."""
MOST_FAULTS = 40
STAGES = tuple(FillStage)

NOT_AN_OBJECT = N_("must be an object with the fields of the form")
UNKNOWN = N_("is not a field of this form: remove it; its fields are %(fields)s")
UNKNOWN_NEAR = N_("is not a field of this form: did you mean %(near)s?")
MISSING = N_("is missing: fill in %(title)s")
NOT_ROWS = N_("must be a list of rows, each an object with the columns of the table")
TOO_MANY_ROWS = N_("has %(count)s rows: give at most %(most)s, and the others in another report")


@dataclass(frozen=True, slots=True)
class Filled:
    """What could be read, and what could not."""

    values: dict[str, Any]
    faults: tuple[FormFault, ...]


def fill(
    form: DeclaredForm,
    given: object,
    stage: FillStage,
    directory: Directory,
    now: datetime,
    before: Mapping[str, Any] | None = None,
) -> Filled:
    """`before`: what the case has had of this form so far; at a report nothing."""
    if not isinstance(given, dict):
        return Filled({}, (("fields", said(NOT_AN_OBJECT)),))
    return _Filling(directory, now).of_form(form, cast(dict[str, Any], given), stage, before or {})


def lacking(form: DeclaredForm, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What is still to be filled in before it counts as complete; of a table a column that any row lacks."""
    missing: list[str] = []
    for name in form.complete:
        field, _, column = name.partition(".")
        value = values.get(field)
        if is_empty(value) or (column and any(is_empty(row.get(column)) for row in _rows(value))):
            missing.append(name)
    return tuple(missing)


def title_of(form: DeclaredForm, name: str) -> DeclaredColumn | None:
    """The field, or the column, that a name in `complete` or in a fault (`items.2.price`) means."""
    field, *below = name.split(".")
    declared = form.fields.get(field)
    if declared is None or not below:
        return declared
    return declared.columns.get(below[-1], declared)


def rings_of(form: DeclaredForm, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The thresholds that these values cross."""
    return tuple(
        name
        for name, ring in form.rings.items()
        if any(meets(ring.when, row) for row in (_rows(values.get(ring.rows)) if ring.rows else [values]))
    )


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    rows = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], row) for row in rows if isinstance(row, dict)]


class _Filling:
    def __init__(self, directory: Directory, now: datetime) -> None:
        self._directory, self._now = directory, now
        self._faults: list[FormFault] = []

    def of_form(
        self, form: DeclaredForm, given: dict[str, Any], stage: FillStage, before: Mapping[str, Any]
    ) -> Filled:
        values = self._columns(form.fields, given, "", is_new=not before)
        known = {**before, **values}
        asked = STAGES[: STAGES.index(stage) + 1] if stage is not FillStage.FOLLOW_UP or not before else ()
        self._required(form.asked_at(asked), known, "")
        return Filled(values, tuple(self._faults[:MOST_FAULTS]))

    def _columns(
        self, columns: Mapping[str, DeclaredColumn], given: dict[str, Any], where: str, *, is_new: bool
    ) -> dict[str, Any]:
        for name in given:
            if name not in columns and len(self._faults) < MOST_FAULTS:
                self._faults.append((where + name[:60], _unknown(name, columns)))
        values: dict[str, Any] = {}
        for name, column in columns.items():
            value = given.get(name)
            if is_empty(value):
                value = column.default if is_new else None
                if is_empty(value):
                    continue
            if column.type is FieldType.ROWS and isinstance(column, DeclaredField):
                rows = self._table(column, value, where + name)
                if rows:
                    values[name] = rows
                continue
            try:
                values[name] = read_value(column, value, self._directory, self._now)
            except ValueFault as fault:
                self._faults.append((where + name, fault.said))
        return values

    def _table(self, field: DeclaredField, value: object, where: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            self._faults.append((where, said(NOT_ROWS)))
            return []
        given = cast(list[object], value)
        if len(given) > field.most_rows:
            self._faults.append((where, said(TOO_MANY_ROWS, count=len(given), most=field.most_rows)))
            given = given[: field.most_rows]
        rows: list[dict[str, Any]] = []
        for number, row in enumerate(given):
            if not isinstance(row, dict):
                self._faults.append((f"{where}.{number}", said(NOT_ROWS)))
                continue
            cells = {key: cell for key, cell in cast(dict[str, Any], row).items() if not is_empty(cell)}
            if not cells:
                continue
            read = self._columns(field.columns, cells, f"{where}.{number}.", is_new=True)
            self._required(field.columns, read, f"{where}.{number}.")
            rows.append(read)
        return rows

    def _required(self, columns: Mapping[str, DeclaredColumn], known: Mapping[str, Any], where: str) -> None:
        at_fault = {name for name, _ in self._faults}
        for name, column in columns.items():
            if not is_empty(known.get(name)) or where + name in at_fault:
                continue
            if column.need == "required" or (column.required_when and meets(column.required_when, known)):
                self._faults.append((where + name, said(MISSING, title=column.title)))


def _unknown(name: str, columns: Mapping[str, DeclaredColumn]) -> Said:
    near = get_close_matches(name[:40], columns, n=1)
    return said(UNKNOWN_NEAR, near=near[0]) if near else said(UNKNOWN, fields=", ".join(columns))
