"""Rows of a form added up: by choice, unit and area, as a map, and over the days. Pure.

Invariant: nothing here knows a form by name; what is grouped, added up and followed over time comes of the types
of its fields and of what its declaration says of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from services.audit.reports.form_views import (
    FieldValue,
    FormLine,
    FormMap,
    FormSeries,
    FormSum,
    FormTotal,
    FormTotals,
    MapCell,
    SeriesPoint,
)
from shared.facts import Name
from shared.forms import DeclaredColumn, DeclaredForm, FieldType
from shared.forms.model import GROUPED, NUMBERS

CASE_AREA = "case.area"
AREA_OF_CASE = DeclaredColumn(title=Name(zh="地区", en="area"), type=FieldType.AREA, choices={})
MOST_VALUES, MOST_LINES, MOST_NUMBERS = 200, 200, 4


@dataclass(frozen=True, slots=True)
class RowState:
    """One state of one row: what was filled in by then."""

    index: int
    at: datetime
    area: str | None
    """Of the case."""
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _TableLine:
    """A row, or a row of one of its tables, with the record it stands in."""

    index: int
    values: Mapping[str, Any]


class FormFigures:
    def __init__(
        self, form: DeclaredForm, zone: ZoneInfo, counted_at: Callable[[str], str] = lambda code: code
    ) -> None:
        """`counted_at`: the area at which one within it is counted."""
        self._form, self._zone, self._counted_at = form, zone, counted_at
        self.numbers = _numbers(form.fields)

    # Totals

    def totals(self, rows: Sequence[RowState]) -> tuple[FormTotals, ...]:
        return tuple(table for table in self._totals(rows) if table.totals)

    def _totals(self, rows: Sequence[RowState]) -> Iterator[FormTotals]:
        lines = [_TableLine(row.index, self._with_area(row)) for row in rows]
        for name in self.groups():
            yield self._by(name, name, lines, self._form.fields)
        for table, field in self._form.fields.items():
            if field.type is not FieldType.ROWS:
                continue
            within = [
                _TableLine(row.index, line) for row in rows for line in table_rows(row.values.get(table))
            ]
            for name in _told_apart_by(field.columns):
                yield self._by(f"{table}.{name}", name, within, field.columns)

    def groups(self) -> list[str]:
        """Areas first: the form's own, or that of the case."""
        fields = self._form.fields
        named = [name for name, field in fields.items() if field.type in GROUPED or self._names(name)]
        areas = [name for name in named if fields[name].type is FieldType.AREA] or [CASE_AREA]
        return [*areas, *(name for name in named if name not in areas)]

    def _names(self, name: str) -> bool:
        """A text that says what a row is about."""
        return name in self._form.each and self._form.fields[name].type is FieldType.TEXT

    def _with_area(self, row: RowState) -> Mapping[str, Any]:
        return {**row.values, CASE_AREA: row.area}

    def _by(
        self, title: str, name: str, lines: Sequence[_TableLine], columns: Mapping[str, DeclaredColumn]
    ) -> FormTotals:
        groups: defaultdict[FieldValue, list[_TableLine]] = defaultdict(list)
        for line in lines:
            value = self._value(name, line.values.get(name), columns)
            if value is not None:
                groups[value].append(line)
        numbers = _numbers(columns)
        totals = [
            FormTotal(
                value=value,
                rows=len(group),
                sums=tuple(_sums(group, numbers)),
                shares=dict(_shares(group, columns)),
                records=_records(group),
            )
            for value, group in groups.items()
        ]
        totals.sort(key=lambda total: (-total.rows, str(total.value)))
        return FormTotals(field=title, totals=tuple(totals[:MOST_VALUES]), cut=len(totals) > MOST_VALUES)

    def _value(self, name: str, value: object, columns: Mapping[str, DeclaredColumn]) -> FieldValue:
        if not isinstance(value, str | bool) or value == "":
            return None
        column = AREA_OF_CASE if name == CASE_AREA else columns[name]
        if column.type is FieldType.AREA and isinstance(value, str):
            return self._counted_at(value)
        return value

    # The map

    def map(self, rows: Sequence[RowState]) -> FormMap | None:
        """Areas by the first unit or choice; None for a form that has neither, or where nothing is."""
        fields = self._form.fields
        area, *others = self.groups()
        across = next(
            (name for name in others if fields[name].type in (FieldType.UNIT, FieldType.CHOICE)), None
        )
        if across is None:
            return None
        measure = next((name for name, number in self.numbers.items() if number.is_added_up), None)
        cells: defaultdict[tuple[FieldValue, FieldValue], list[_TableLine]] = defaultdict(list)
        for row in rows:
            values = self._with_area(row)
            at, by = (self._value(name, values.get(name), fields) for name in (area, across))
            if at is not None and by is not None:
                cells[at, by].append(_TableLine(row.index, values))
        if not cells:
            return None
        return FormMap(
            field=area,
            across=across,
            measure=measure,
            cells=tuple(
                MapCell(
                    value=at,
                    across=by,
                    rows=len(lines),
                    total=sum(_values(lines, measure)) if measure else len(lines),
                    records=_records(lines),
                )
                for (at, by), lines in sorted(cells.items(), key=lambda cell: str(cell[0]))
            ),
        )

    # Over the days

    def series(self, states: Iterable[RowState], rows: Sequence[RowState]) -> tuple[FormSeries, ...]:
        """`states`: each block as it stood when it was filled in; `rows`: what stands in the end."""
        states, found = list(states), list[FormSeries]()
        keys = [name for name in self._form.each if self._form.fields[name].type is not FieldType.DATE]
        for name, number in list(self._followed(self._form.fields))[:MOST_NUMBERS]:
            if keys:
                found.append(self._lines(name, self._points(states, keys, name)))
            elif number.is_added_up:
                found.append(self._added(name, rows))
        for table, field in self._form.fields.items():
            if field.type is not FieldType.ROWS:
                continue
            first = next(iter(_told_apart_by(field.columns)), None)
            for name, _ in list(self._followed(field.columns))[:MOST_NUMBERS]:
                points = self._table_points(states, keys, table, first, name)
                found.append(self._lines(f"{table}.{name}", points))
        return tuple(series for series in found if series.lines)

    def _followed(self, columns: Mapping[str, DeclaredColumn]) -> Iterator[tuple[str, DeclaredColumn]]:
        """Numbers, but for those that others are only measured by."""
        limits = {
            limit
            for ring in self._form.rings.values()
            for condition in ring.when
            for limit in (condition.less_than, condition.more_than)
        }
        return ((name, number) for name, number in _numbers(columns).items() if name not in limits)

    def _points(
        self, states: Iterable[RowState], keys: Sequence[str], name: str
    ) -> Iterator[tuple[dict[str, FieldValue], SeriesPoint]]:
        for state in states:
            value = _number(state.values.get(name))
            if value is not None:
                of = {key: _plain(state.values.get(key)) for key in keys}
                yield of, SeriesPoint(day=self._day(state), value=value, index=state.index)

    def _table_points(
        self, states: Iterable[RowState], keys: Sequence[str], table: str, first: str | None, name: str
    ) -> Iterator[tuple[dict[str, FieldValue], SeriesPoint]]:
        for state in states:
            of = {key: _plain(state.values.get(key)) for key in keys}
            for row in table_rows(state.values.get(table)):
                value = _number(row.get(name))
                if value is not None:
                    told = {f"{table}.{first}": _plain(row.get(first))} if first else {}
                    point = SeriesPoint(day=self._day(state), value=value, index=state.index)
                    yield {**of, **told}, point

    def _lines(self, name: str, points: Iterable[tuple[dict[str, FieldValue], SeriesPoint]]) -> FormSeries:
        """The last of each day counts."""
        lines: dict[tuple[FieldValue, ...], tuple[dict[str, FieldValue], dict[str, SeriesPoint]]] = {}
        for of, point in points:
            lines.setdefault(tuple(of.values()), (of, {}))[1][point.day] = point
        ordered = sorted(lines.values(), key=lambda line: [str(value) for value in line[0].values()])
        return FormSeries(
            field=name,
            lines=tuple(
                FormLine(of=of, points=tuple(days[day] for day in sorted(days)))
                for of, days in ordered[:MOST_LINES]
            ),
            cut=len(ordered) > MOST_LINES,
        )

    def _added(self, name: str, rows: Iterable[RowState]) -> FormSeries:
        days: dict[str, SeriesPoint] = {}
        for row in rows:
            value = _number(row.values.get(name))
            if value is None:
                continue
            day = self._day(row)
            before = days[day].value if day in days else 0
            days[day] = SeriesPoint(day=day, value=before + value, index=row.index)
        points = tuple(days[day] for day in sorted(days))
        return FormSeries(field=name, lines=(FormLine(of={}, points=points),) if points else ())

    def _day(self, state: RowState) -> str:
        """The day that the form names; that of the record where it names none."""
        for name, field in self._form.fields.items():
            value = state.values.get(name)
            if field.type is FieldType.DATE and field.lies == "past" and isinstance(value, str):
                return value
        return state.at.astimezone(self._zone).date().isoformat()


def table_rows(value: object) -> list[Mapping[str, Any]]:
    rows = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], row) for row in rows if isinstance(row, dict)]


def _numbers(columns: Mapping[str, DeclaredColumn]) -> dict[str, DeclaredColumn]:
    return {name: column for name, column in columns.items() if column.type in NUMBERS}


def _told_apart_by(columns: Mapping[str, DeclaredColumn]) -> list[str]:
    """The columns by which the rows of a table are told apart: choices and the like, and a first text."""
    texts = [name for name, column in columns.items() if _is_open_text(column)]
    return [name for name, column in columns.items() if column.type in GROUPED or name in texts[:1]]


def _is_open_text(column: DeclaredColumn) -> bool:
    return column.type is FieldType.TEXT and not column.is_personal


def _sums(lines: Sequence[_TableLine], numbers: Mapping[str, DeclaredColumn]) -> Iterator[FormSum]:
    for name, number in numbers.items():
        values = _values(lines, name)
        if values:
            yield FormSum(
                field=name,
                count=len(values),
                total=_round(sum(values)) if number.is_added_up else None,
                least=min(values),
                most=max(values),
                mean=_round(sum(values) / len(values)),
            )


def _shares(
    lines: Sequence[_TableLine], columns: Mapping[str, DeclaredColumn]
) -> Iterator[tuple[str, float]]:
    for name, column in columns.items():
        whole = getattr(column, "part_of", None)
        if whole is None:
            continue
        pairs = [(_number(line.values.get(name)), _number(line.values.get(whole))) for line in lines]
        known = [(part, of) for part, of in pairs if part is not None and of is not None]
        total = sum(of for _, of in known)
        if total > 0:
            yield name, round(sum(part for part, _ in known) / total, 4)


def _values(lines: Iterable[_TableLine], name: str) -> list[float]:
    values = (_number(line.values.get(name)) for line in lines)
    return [value for value in values if value is not None]


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(value: object) -> FieldValue:
    return value if isinstance(value, str | bool | int | float) else None


def _round(value: float) -> float:
    return round(value, 4)


def _records(lines: Iterable[_TableLine]) -> tuple[int, ...]:
    return tuple(sorted({line.index for line in lines}))
