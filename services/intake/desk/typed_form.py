"""A form of `config/forms.yaml` on the desk: its inputs, and what was typed into them as a block.

Invariant: it works without any script: a form is chosen, and rows are added, by a button that sends what was typed
and brings it back. A value that can't be read goes on as it was typed, and its fault stands at its field.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from shared.directory import Directory
from shared.facts import Name
from shared.fault_texts import Fault
from shared.forms import DeclaredColumn, DeclaredField, DeclaredForm, FieldType, FillStage
from shared.forms.filling import STAGES
from shared.forms.model import NUMBERS
from shared.language.times import read_local
from shared.web.picks import Choice, Offer, PickedSort, Picker, taken

CHOSEN, CHOOSE, MORE_ROWS = "form", "choose_form", "more_rows"
"""The hidden field with the form's id; the buttons that choose one, and that add rows to a table."""
BLANK_ROWS = 3
_PICKED = {
    FieldType.UNIT: PickedSort.UNITS,
    FieldType.AREA: PickedSort.AREAS,
    FieldType.PERSON: PickedSort.PEOPLE,
}
_YES_NO = ("yes", "no")
_GROUPED = re.compile(r"[-+]?\d{1,3}([,，]\d{3})+(\.\d*)?")
"""Commas between thousands. Elsewhere one may stand for the decimal point, and `12,5` is not 125."""


@dataclass(frozen=True, slots=True)
class TypedInput:
    name: str
    title: Name
    type: FieldType
    needed: bool
    value: str
    wrong: str = ""
    written: str = ""
    hint: Name | None = None
    by: Name | None = None
    measure: Name | None = None
    choices: tuple[Choice, ...] = ()
    offer: Offer | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class TypedTable:
    name: str
    title: Name
    heads: tuple[Name, ...]
    rows: tuple[tuple[TypedInput, ...], ...]
    wrong: str = ""
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class TypedForm:
    id: str
    title: Name
    inputs: tuple[TypedInput | TypedTable, ...]
    titles: Mapping[str, Name]
    """Of each field, for the list of faults above the page."""


def chosen_in(values: Mapping[str, str]) -> str:
    return (values.get(CHOOSE) or values.get(CHOSEN, ""))[:40]


def is_only_chosen(values: Mapping[str, str]) -> bool:
    """A form was chosen, or rows were asked for: nothing is handed in yet."""
    return bool(values.get(CHOOSE) or values.get(MORE_ROWS))


def pickers_of(form: DeclaredForm, directory: Directory) -> dict[str, Picker]:
    return {
        f"f.{name}": Picker(directory, _PICKED[field.type])
        for name, field in form.fields.items()
        if field.type in _PICKED
    }


def read_typed(
    form: DeclaredForm,
    values: Mapping[str, str],
    zone: ZoneInfo,
    directory: Directory,
    preset: Iterable[str] = (),
) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The block that was typed; None where nothing was. Faults of names that were written beside a list."""
    values, faults = taken(values, pickers_of(form, directory), preset=tuple(preset))
    fields: dict[str, Any] = {}
    for name, field in form.fields.items():
        if field.type is FieldType.ROWS:
            count = _row_count(field, values, name)
            rows = [_row(field, values, f"f.{name}.{number}.", zone) for number in range(count)]
            while rows and not rows[-1]:
                rows.pop()
            if any(rows):
                fields[name] = rows
        elif (value := _typed(field, values.get(f"f.{name}", ""), zone)) is not None:
            fields[name] = value
    if not fields and not faults:
        return None, []
    return {"id": form.id, "fields": fields}, faults


def typed_form(
    form: DeclaredForm,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    directory: Directory,
    likely: Iterable[str],
    stages: Container[FillStage] = STAGES,
) -> TypedForm:
    """`stages`: what is filled in later is not asked for yet."""
    likely = list(likely)
    inputs: list[TypedInput | TypedTable] = []
    for name, field in form.fields.items():
        key = f"f.{name}"
        if field.at not in stages:
            continue
        if field.type is FieldType.ROWS:
            inputs.append(_table(name, field, values, errors))
            continue
        offer = None
        if field.type in _PICKED:
            picker = Picker(directory, _PICKED[field.type])
            offer = picker.offer(likely, values.get(key, ""), values.get(f"{key}_written", ""))
        inputs.append(_input(key, field, values, errors, offer))
    titles = {name: field.title for name, field in form.fields.items()}
    return TypedForm(form.id, form.title, tuple(inputs), titles)


def typed_errors(faults: Iterable[Fault]) -> dict[str, str]:
    """Each fault of a block (`form.fields.items.2.price`) at its input (`f.items.2.price`)."""
    errors: dict[str, str] = {}
    for field, words in faults:
        if field.startswith("form"):
            name = field.removeprefix("form.fields.")
            errors.setdefault(f"f.{name}" if name != field else "form", words)
        elif field.startswith("f."):
            errors.setdefault(field, words)
    return errors


def _input(
    key: str,
    column: DeclaredColumn,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    offer: Offer | None = None,
) -> TypedInput:
    choices = tuple(Choice(value, title) for value, title in column.choices.items())
    return TypedInput(
        name=key,
        title=column.title,
        type=column.type,
        needed=column.need == "required",
        value=values.get(key, shown_default(column)),
        wrong=errors.get(key, ""),
        written=values.get(f"{key}_written", ""),
        hint=column.hint,
        by=column.by if isinstance(column, DeclaredField) else None,
        measure=column.measure,
        choices=choices,
        offer=offer,
        length=column.length,
    )


def _table(
    name: str, field: DeclaredField, values: Mapping[str, str], errors: Mapping[str, str]
) -> TypedTable:
    count = _row_count(field, values, name)
    filled = [
        number
        for number in range(count)
        if any(values.get(f"f.{name}.{number}.{key}", "").strip() for key in field.columns)
    ]
    count = max(count, BLANK_ROWS, (filled[-1] + 2) if filled else 0)
    if values.get(MORE_ROWS) == name:
        count += BLANK_ROWS
    count = min(count, field.most_rows)
    rows = tuple(
        tuple(
            _input(f"f.{name}.{number}.{key}", column, values, errors)
            for key, column in field.columns.items()
        )
        for number in range(count)
    )
    heads = tuple(column.title for column in field.columns.values())
    wrong = errors.get(f"f.{name}", "")
    return TypedTable(name, field.title, heads, rows, wrong, is_full=count >= field.most_rows)


def _row_count(field: DeclaredField, values: Mapping[str, str], name: str) -> int:
    """How many rows the page had."""
    prefix = f"f.{name}."
    numbers = (key.removeprefix(prefix).partition(".")[0] for key in values if key.startswith(prefix))
    return min(
        max((int(number) + 1 for number in numbers if number.isdecimal() and len(number) < 4), default=0),
        field.most_rows,
    )


def _row(field: DeclaredField, values: Mapping[str, str], prefix: str, zone: ZoneInfo) -> dict[str, Any]:
    """Empty where nothing was typed but what the page itself had put in."""
    typed = {key: _typed(column, values.get(prefix + key, ""), zone) for key, column in field.columns.items()}
    row = {key: value for key, value in typed.items() if value is not None}
    own = {key: column.default for key, column in field.columns.items() if column.default is not None}
    return {} if row == own else row


def _typed(column: DeclaredColumn, text: str, zone: ZoneInfo) -> Any:
    """None where it is empty; what can't be read goes on as it is, for the form to say so."""
    text = text.strip()
    if not text:
        return None
    if column.type in NUMBERS:
        plain = text.replace(",", "").replace("，", "") if _GROUPED.fullmatch(text) else text
        try:
            number = float(plain)
        except ValueError:
            return text
        return number if isfinite(number) else text
    if column.type is FieldType.YES_NO and text in _YES_NO:
        return text == "yes"
    if column.type is FieldType.TIME:
        try:
            return read_local(text, zone).isoformat()
        except ValueError:
            return text
    return text


def shown_default(column: DeclaredColumn) -> str:
    default = column.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)
