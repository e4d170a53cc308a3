"""The values of a form in words: for a page, a message, a record.

Invariant: a value is never lost for want of words: one whose field the form no longer has stands under its own
name, as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from shared.facts.name import Name
from shared.forms.book import Forms
from shared.forms.filling import title_of
from shared.forms.meeting import meets
from shared.forms.model import NUMBERS, DeclaredColumn, DeclaredField, DeclaredForm, FieldType
from shared.forms.values import is_empty
from shared.language.words import Words
from shared.message import N_
from shared.plain_text import line_of
from shared.vocabulary import Language

SHORT_LENGTH = {Language.ZH: 90, Language.EN: 160}
"""Letters of the one line that messages carry."""
PLAIN_LENGTH = 200
ROWS_TOLD, CROSSING_TOLD = 20, 3
"""Rows of a table that are told in a line; of those that cross a threshold in the short one."""
SPEAK_FOR_THEMSELVES = frozenset(
    {FieldType.UNIT, FieldType.AREA, FieldType.PERSON, FieldType.CHOICE, FieldType.TEXT}
)
_MINUTES, _BEHIND_THE_YEAR = len("2026-11-23 10:00"), len("2026-")
YES, NO = N_("yes"), N_("no")
ROWS = N_("%(count)s rows")


class NameSource(Protocol):
    """Names of what a value may name."""

    def unit(self, unit: str) -> Name: ...
    def area(self, area: str) -> Name: ...
    def person(self, person: str) -> Name: ...


@dataclass(frozen=True, slots=True)
class ShownTable:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field as a page shows it: a line, or a table."""

    name: str
    title: str
    text: str
    table: ShownTable | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form as a page shows what was filled in."""

    id: str
    title: Name
    fields: tuple[ShownField, ...]
    missing: str
    """What is lacking before it counts as complete; empty where nothing is."""
    wrong: bool
    """A part of it could not be taken."""


@dataclass(frozen=True, slots=True)
class CrossingRows:
    """Rows of a table that cross a threshold, with those of its columns that everybody may read."""

    title: Name
    """Of the threshold."""
    columns: Mapping[str, DeclaredColumn]
    rows: tuple[Mapping[str, Any], ...]


class FormWords:
    """Says values to one reader."""

    def __init__(self, names: NameSource, words: Words, zone: ZoneInfo) -> None:
        self._names, self.said, self._zone = names, words, zone

    def fields(self, form: DeclaredForm | None, values: Mapping[str, Any]) -> list[ShownField]:
        """What is filled in, in the form's order; then what the form does not know."""
        declared = form.fields if form is not None else {}
        known = [self._shown(name, field, values[name]) for name, field in declared.items() if name in values]
        strange = [
            ShownField(name, name, _plain(value)) for name, value in values.items() if name not in declared
        ]
        return [*known, *strange]

    def value(self, column: DeclaredColumn, value: object) -> str:
        if column.type in NUMBERS and isinstance(value, int | float):
            return self._number(column, value)
        if column.type is FieldType.YES_NO:
            return self.said.of(YES if value is True else NO)
        text = value if isinstance(value, str) else _plain(value)
        match column.type:
            case FieldType.CHOICE:
                choice = column.choices.get(text)
                return self.said.name(choice) if choice else text
            case FieldType.AREA:
                return self.said.name(self._names.area(text))
            case FieldType.UNIT:
                return self.said.name(self._names.unit(text))
            case FieldType.PERSON:
                return self.said.name(self._names.person(text))
            case FieldType.TIME:
                return self._time(text)
            case _:
                return text

    def short(
        self, told: Iterable[tuple[DeclaredField, object]], crossing: Iterable["CrossingRows"] = ()
    ) -> str:
        """These fields in one line, and the rows that cross a threshold."""
        parts = [self._telling(field, value) for field, value in told]
        line = line_of(self.said.listed([*parts, *map(self._crossing, crossing)]))
        most = SHORT_LENGTH[self.said.language]
        return line if len(line) <= most else f"{line[: most - 1]}…"

    def _crossing(self, crossing: "CrossingRows") -> str:
        """`有不合格项：泄压阀 锈死`: what is told of a row is what everybody may read."""
        rows = [" ".join(filter(None, self._cells(crossing.columns, row))) for row in crossing.rows]
        told = rows if len(rows) <= CROSSING_TOLD else [*rows[:CROSSING_TOLD], "…"]
        return self.said.of_somebody(self.said.name(crossing.title), self.said.claims(told))

    def whole(self, form: DeclaredForm | None, values: Mapping[str, Any]) -> str:
        """All that is filled in, in one line: each field with its title, of a table each row."""
        return self.said.listed(map(self._said, self.fields(form, values)))

    def _said(self, field: ShownField) -> str:
        if field.table is None:
            return f"{field.title} {field.text}"
        rows = [" ".join(filter(None, row)) for row in field.table.rows]
        told = rows if len(rows) <= ROWS_TOLD else [*rows[:ROWS_TOLD], "…"]
        return self.said.aside(f"{field.title} {field.text}", self.said.claims(told))

    def _telling(self, field: DeclaredField, value: object) -> str:
        """What names itself stands alone, the rest with its title: `供热公司`, `影响户数 3,200户`."""
        text = self._brief(field, value)
        return text if field.type in SPEAK_FOR_THEMSELVES else f"{self.said.name(field.title)} {text}"

    def _brief(self, field: DeclaredField, value: object) -> str:
        if field.type is FieldType.TIME and isinstance(value, str):
            return self._time(value, _BEHIND_THE_YEAR)
        if field.type is not FieldType.ROWS:
            return self.value(field, value)
        rows = cast(list[Any], value) if isinstance(value, list) else []
        return self.said.of(ROWS, count=len(rows))

    def _shown(self, name: str, field: DeclaredField, value: object) -> ShownField:
        title = self.said.name(field.title)
        if field.type is not FieldType.ROWS or not isinstance(value, list):
            text = self.value(field, value)
            return ShownField(name, title, text, href=text if field.type is FieldType.URL else "")
        rows = _rows(cast(list[Any], value))
        table = ShownTable(
            tuple(self.said.name(column.title) for column in field.columns.values()),
            tuple(tuple(self._cells(field.columns, row)) for row in rows),
        )
        return ShownField(name, title, self._brief(field, rows), table)

    def _cells(self, columns: Mapping[str, DeclaredColumn], row: Mapping[str, Any]) -> Iterable[str]:
        return (
            "" if is_empty(row.get(key)) else self.value(column, row[key]) for key, column in columns.items()
        )

    def _number(self, column: DeclaredColumn, value: float) -> str:
        text = f"{value:,.2f}" if column.type is FieldType.MONEY else f"{value:,}"
        if column.measure is None:
            return text
        measure = self.said.name(column.measure)
        if measure == self.said.name(column.title):
            return text
        return f"{text}{measure}" if self.said.language is Language.ZH else f"{text} {measure}"

    def _time(self, text: str, begins: int = 0) -> str:
        try:
            local = datetime.fromisoformat(text).astimezone(self._zone)
        except ValueError:
            return text
        return local.isoformat(" ")[begins:_MINUTES]  # a tenth of what strftime costs


def _rows(value: object) -> list[Mapping[str, Any]]:
    rows = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], row) for row in rows if isinstance(row, dict)]


def short_name(
    form: DeclaredForm, values: Mapping[str, Any], names: NameSource, zone: ZoneInfo
) -> Name | None:
    """The most telling fields in one line, in both languages; None where none is filled in."""
    told = [(field, values[name]) for name, field in form.telling if not is_empty(values.get(name))]
    crossing = list(_crossing_rows(form, values))
    if not told and not crossing:
        return None
    zh, en = [FormWords(names, words, zone).short(told, crossing) for words in _both()]
    return Name(zh=zh, en=en) if zh else None


def _crossing_rows(form: DeclaredForm, values: Mapping[str, Any]) -> Iterable[CrossingRows]:
    for ring in form.rings.values():
        table = form.fields.get(ring.rows) if ring.rows is not None else None
        if table is None:
            continue
        rows = tuple(row for row in _rows(values.get(ring.rows or "")) if meets(ring.when, row))
        if rows:
            texts = {
                name: column
                for name, column in table.columns.items()
                if column.type is FieldType.TEXT and not column.is_personal
            }
            yield CrossingRows(ring.title, texts, rows)


@cache
def _both() -> tuple[Words, Words]:
    return Words(Language.ZH), Words(Language.EN)


def filled_form(
    form_id: str,
    values: Mapping[str, Any],
    missing: Iterable[str],
    forms: Forms,
    words: FormWords,
    *,
    wrong: bool,
) -> FilledForm:
    form = forms.get(form_id)
    columns = (title_of(form, name) for name in missing) if form is not None else ()
    return FilledForm(
        id=form_id,
        title=form.title if form is not None else Name(zh=form_id, en=form_id),
        fields=tuple(words.fields(form, values)),
        missing=words.said.names(column.title for column in columns if column is not None),
        wrong=wrong,
    )


def _plain(value: object) -> str:
    return line_of(str(value))[:PLAIN_LENGTH]
