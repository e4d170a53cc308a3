"""What is wrong with a declared form as a whole: names that lead nowhere, bounds that mean nothing. Pure.

Invariant: each fault has the path of its line, and says what to write instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from shared.message import N_, Sayable, said
from shared.vocabulary import CASE_ACTS, Kind

if TYPE_CHECKING:
    from shared.forms.model import DeclaredColumn, DeclaredField, DeclaredForm, FieldCondition

Path = tuple[str | int, ...]
Placed = tuple[Path, Sayable]
MOST_SHORT = 6
CHANGED = "changed"
"""The trigger `form.<form>.changed`: the line that messages carry says something else than before."""


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
                N_("a table has columns, and nothing else has: write `type: rows` with `columns:`"),
            )
        for key, column in field.columns.items():
            below = (*at, "columns", key)
            yield from _of_column(column, below)
            yield from _of_conditions(column.required_when, field.columns, (*below, "required_when"))
            if column.type == "rows":
                yield (*below, "type"), N_("a table can't stand within a table: make it a form of its own")
    if sum(field.short for field in form.fields.values()) > MOST_SHORT:
        yield (
            ("fields",),
            said(
                N_("more than %(most_short)s fields are `short`: an SMS has no room for them"),
                most_short=MOST_SHORT,
            ),
        )


def _of_column(column: "DeclaredColumn", at: Path) -> Iterator[Placed]:
    if (column.type == "choice") != bool(column.choices):
        yield (
            (*at, "choices"),
            N_("a choice has choices, and nothing else has: write `type: choice` with `choices:`"),
        )
    for name in ("least", "most", "measure", "adds_up"):
        if getattr(column, name) is not None and not _is_number(column):
            yield (*at, name), said(N_("means nothing for %(type)s: leave it out"), type=column.type)
    if column.least is not None and column.most is not None and column.least > column.most:
        yield (
            (*at, "most"),
            said(N_("is less than least (%(least)s): exchange the two"), least=f"{column.least:g}"),
        )
    if column.lies is not None and column.type not in ("date", "time"):
        yield (*at, "lies"), N_("is of dates and times: leave it out")
    if column.default is not None:
        yield from _of_default(column, at)


def _of_default(column: "DeclaredColumn", at: Path) -> Iterator[Placed]:
    default, where = column.default, (*at, "default")
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    if _is_number(column):
        if not is_number:
            yield where, said(N_("%(default)s is no number"), default=repr(default))
    elif column.type == "choice":
        if default not in column.choices:
            yield (
                where,
                said(
                    N_("%(default)s is none of the choices: name one of %(choices)s"),
                    default=repr(default),
                    choices=tuple(column.choices),
                ),
            )
    elif column.type == "yes_no":
        if not isinstance(default, bool):
            yield where, N_("write true or false")
    else:
        yield where, said(N_("%(type)s has no default: leave it out"), type=column.type)


def _of_conditions(
    conditions: Iterable["FieldCondition"], fields: Mapping[str, "DeclaredColumn"], at: Path
) -> Iterator[Placed]:
    for number, condition in enumerate(conditions):
        here, field = (*at, number), fields.get(condition.field)
        if field is None:
            yield (
                (*here, "field"),
                said(
                    N_("no field %(field)s: name one of %(fields)s"),
                    field=condition.field,
                    fields=tuple(fields),
                ),
            )
            continue
        if (
            not condition.equals
            and condition.filled is None
            and condition.less_than is None is condition.more_than
        ):
            yield here, N_("asks nothing: write equals, filled, less_than or more_than")
        for value in condition.equals:
            known = isinstance(value, bool) if field.type == "yes_no" else value in field.choices
            if not known:
                yield (
                    (*here, "equals"),
                    said(N_("%(value)s is no value of %(field)s"), value=repr(value), field=condition.field),
                )
        for name in ("less_than", "more_than"):
            limit = getattr(condition, name)
            if limit is None:
                continue
            if not _is_number(field):
                yield (*here, name), said(N_("%(field)s is no number"), field=condition.field)
            if isinstance(limit, str) and limit not in fields:
                yield (
                    (*here, name),
                    said(
                        N_("no field %(limit)s: write a number, or name one of %(fields)s"),
                        limit=limit,
                        fields=tuple(fields),
                    ),
                )


def _of_places(form: "DeclaredForm") -> Iterator[Placed]:
    for number, place in enumerate(form.of):
        at = ("of", number)
        for act in place.acts:
            if act not in CASE_ACTS:
                yield (
                    (*at, "acts"),
                    said(N_("%(act)s is no act of people: see `fenghuo act` for those there are"), act=act),
                )
        if place.documents and any(act is not Kind.FILED for act in place.acts):
            yield (*at, "documents"), N_("are handed in by the act `filed`: leave `acts` out")
        if not (place.kinds or place.acts or place.documents or place.duties or place.topics):
            yield at, N_("fits everything: say for which kinds, topics, acts, documents or duties")


def _of_rings(form: "DeclaredForm") -> Iterator[Placed]:
    for name, ring in form.rings.items():
        at = ("rings", name)
        if name == CHANGED:
            yield at, said(N_("%(name)s means something else already: choose another name"), name=name)
        fields: Mapping[str, DeclaredColumn] = form.fields
        if ring.rows is not None:
            table: DeclaredField | None = form.fields.get(ring.rows)
            if table is None or table.type != "rows":
                yield (
                    (*at, "rows"),
                    said(N_("no table %(rows)s: name a field of `type: rows`"), rows=ring.rows),
                )
                continue
            fields = table.columns
        yield from _of_conditions(ring.when, fields, (*at, "when"))


def _of_completeness(form: "DeclaredForm") -> Iterator[Placed]:
    moment = form.fields.get(form.calendar) if form.calendar is not None else None
    if form.calendar is not None and (moment is None or moment.type != "time"):
        yield (
            ("calendar",),
            said(N_("%(name)s is no time: name a field of `type: time`"), name=form.calendar),
        )
    for number, name in enumerate(form.complete):
        field, _, column = name.partition(".")
        known = field in form.fields and (not column or column in form.fields[field].columns)
        if not known:
            yield (
                ("complete", number),
                said(N_("no field %(name)s: name a field of the form, or `table.column`"), name=name),
            )
    if form.ends_complete and not form.complete:
        yield ("ends_complete",), N_("nothing says what is complete: write `complete:`")


def _of_reports(form: "DeclaredForm") -> Iterator[Placed]:
    for number, name in enumerate(form.each):
        field = form.fields.get(name)
        if field is None or field.type == "rows":
            yield (
                ("each", number),
                said(N_("no field %(name)s: name a field of the form that is no table"), name=name),
            )
    for name, field in form.fields.items():
        if field.part_of is None:
            continue
        whole = form.fields.get(field.part_of)
        if whole is None or not (_is_number(whole) and _is_number(field)):
            yield (
                ("fields", name, "part_of"),
                said(
                    N_("%(part_of)s is no number of this form: name one, or leave it out"),
                    part_of=field.part_of,
                ),
            )


def _is_number(column: "DeclaredColumn") -> bool:
    return column.type in ("number", "integer", "money")
