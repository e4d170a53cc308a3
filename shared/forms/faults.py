"""What is wrong with a declared form as a whole: names that lead nowhere, bounds that mean nothing. Pure.

Invariant: each fault has the path of its line, and says what to write instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from shared.vocabulary import CASE_ACTS, Kind

if TYPE_CHECKING:
    from shared.forms.model import DeclaredColumn, DeclaredField, DeclaredForm, FieldCondition

Path = tuple[str | int, ...]
Placed = tuple[Path, str]
MOST_SHORT = 6


def faults_in(form: "DeclaredForm") -> list[Placed]:
    return [
        *_of_fields(form),
        *_of_places(form),
        *_of_rings(form),
        *_of_completeness(form),
        *_of_reports(form),
    ]


def _of_fields(form: "DeclaredForm") -> Iterator[Placed]:
    for name, field in form.fields.items():
        at = ("fields", name)
        yield from _of_column(field, at)
        yield from _of_conditions(field.required_when, form.fields, (*at, "required_when"))
        if (field.type == "rows") != bool(field.columns):
            yield (
                (*at, "columns"),
                "a table has columns, and nothing else has: write `type: rows` with `columns:`",
            )
        for key, column in field.columns.items():
            below = (*at, "columns", key)
            yield from _of_column(column, below)
            yield from _of_conditions(column.required_when, field.columns, (*below, "required_when"))
            if column.type == "rows":
                yield (*below, "type"), "a table can't stand within a table: make it a form of its own"
    if sum(field.short for field in form.fields.values()) > MOST_SHORT:
        yield ("fields",), f"more than {MOST_SHORT} fields are `short`: an SMS has no room for them"


def _of_column(column: "DeclaredColumn", at: Path) -> Iterator[Placed]:
    if (column.type == "choice") != bool(column.choices):
        yield (
            (*at, "choices"),
            "a choice has choices, and nothing else has: write `type: choice` with `choices:`",
        )
    is_number = column.type in ("number", "integer", "money")
    for name in ("least", "most", "measure", "adds_up"):
        if getattr(column, name) is not None and not is_number:
            yield (*at, name), f"means nothing for {column.type}: leave it out"
    if column.least is not None and column.most is not None and column.least > column.most:
        yield (*at, "most"), f"is less than least ({column.least:g}): exchange the two"
    if column.lies is not None and column.type not in ("date", "time"):
        yield (*at, "lies"), "is of dates and times: leave it out"
    if column.default is not None:
        yield from _of_default(column, at)


def _of_default(column: "DeclaredColumn", at: Path) -> Iterator[Placed]:
    default, where = column.default, (*at, "default")
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    if column.type in ("number", "integer", "money"):
        if not is_number:
            yield where, f"{default!r} is no number"
    elif column.type == "choice":
        if default not in column.choices:
            yield where, f"{default!r} is none of the choices: name one of {', '.join(column.choices)}"
    elif column.type == "yes_no":
        if not isinstance(default, bool):
            yield where, "write true or false"
    else:
        yield where, f"{column.type} has no default: leave it out"


def _of_conditions(
    conditions: Iterable["FieldCondition"], fields: Mapping[str, "DeclaredColumn"], at: Path
) -> Iterator[Placed]:
    for number, condition in enumerate(conditions):
        here, field = (*at, number), fields.get(condition.field)
        if field is None:
            yield (*here, "field"), f"no field {condition.field}: name one of {', '.join(fields)}"
            continue
        if (
            not condition.equals
            and condition.filled is None
            and condition.less_than is None is condition.more_than
        ):
            yield here, "asks nothing: write equals, filled, less_than or more_than"
        for value in condition.equals:
            known = isinstance(value, bool) if field.type == "yes_no" else value in field.choices
            if not known:
                yield (*here, "equals"), f"{value!r} is no value of {condition.field}"
        for name in ("less_than", "more_than"):
            limit = getattr(condition, name)
            if limit is None:
                continue
            if field.type not in ("number", "integer", "money"):
                yield (*here, name), f"{condition.field} is no number"
            if isinstance(limit, str) and limit not in fields:
                yield (*here, name), f"no field {limit}: write a number, or name one of {', '.join(fields)}"


def _of_places(form: "DeclaredForm") -> Iterator[Placed]:
    for number, place in enumerate(form.of):
        at = ("of", number)
        for act in place.acts:
            if act not in CASE_ACTS:
                yield (*at, "acts"), f"{act} is no act of people: see `fenghuo act` for those there are"
        if place.documents and any(act is not Kind.FILED for act in place.acts):
            yield (*at, "documents"), "are handed in by the act `filed`: leave `acts` out"
        if not (place.kinds or place.acts or place.documents or place.duties or place.topics):
            yield at, "fits everything: say for which kinds, topics, acts, documents or duties"


def _of_rings(form: "DeclaredForm") -> Iterator[Placed]:
    for name, ring in form.rings.items():
        at = ("rings", name)
        fields: Mapping[str, DeclaredColumn] = form.fields
        if ring.rows is not None:
            table: DeclaredField | None = form.fields.get(ring.rows)
            if table is None or table.type != "rows":
                yield (*at, "rows"), f"no table {ring.rows}: name a field of `type: rows`"
                continue
            fields = table.columns
        yield from _of_conditions(ring.when, fields, (*at, "when"))


def _of_completeness(form: "DeclaredForm") -> Iterator[Placed]:
    for number, name in enumerate(form.complete):
        field, _, column = name.partition(".")
        known = field in form.fields and (not column or column in form.fields[field].columns)
        if not known:
            yield ("complete", number), f"no field {name}: name a field of the form, or `table.column`"
    if form.ends_complete and not form.complete:
        yield ("ends_complete",), "nothing says what is complete: write `complete:`"


def _of_reports(form: "DeclaredForm") -> Iterator[Placed]:
    for number, name in enumerate(form.each):
        field = form.fields.get(name)
        if field is None or field.type == "rows":
            yield ("each", number), f"no field {name}: name a field of the form that is no table"
    for name, field in form.fields.items():
        if field.part_of is None:
            continue
        whole = form.fields.get(field.part_of)
        if whole is None or not (_is_number(whole) and _is_number(field)):
            yield (
                ("fields", name, "part_of"),
                f"{field.part_of} is no number of this form: name one, or leave it out",
            )


def _is_number(column: "DeclaredColumn") -> bool:
    return column.type in ("number", "integer", "money")
