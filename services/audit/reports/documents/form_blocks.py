"""The report over forms as blocks: what was filled in, added up, on a map and over the days. Pure.

Invariant: a value is said by its field's type, with the words and measures of the form as it is declared; what the
form knows no more stands as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.audit.reports.documents.report_blocks import HOTTEST, MOST_ROWS, count, heat_of
from services.audit.reports.form_figures import AREA_OF_CASE, CASE_AREA, table_rows
from services.audit.reports.form_views import (
    FieldValue,
    FilledForms,
    FormLine,
    FormMap,
    FormRow,
    FormSeries,
    FormTotal,
    FormTotals,
)
from shared.documents.blocks import Bars, Block, Cell, LineChart, TableBlock, row
from shared.documents.words import DocumentWords
from shared.forms import DeclaredColumn, DeclaredForm, FieldType
from shared.forms.filling import title_of
from shared.forms.model import NUMBERS
from shared.forms.values import is_empty
from shared.forms.words import FormWords
from shared.language.catalogue import N_

MOST_DAYS, MOST_LINES = 14, 6
"""Days in a table, lines in a chart."""
CUT = N_("More forms were filled in than can be kept: the earliest are left out.")
NOTHING_FILLED_IN = N_("Nothing of it was filled in here: ask for a longer time, or leave something out.")


def form_blocks(words: DocumentWords, report: FilledForms) -> list[Block]:
    """As a page shows it: what it adds up to first, the newest rows below."""
    form = report.declared
    if not (report.forms if report.form is None else report.rows or report.owed):
        return [words.say(NOTHING_FILLED_IN)]
    cut = [words.say(CUT)] if report.cut else []
    if report.form is None:
        return [*cut, _forms(words, report)]
    if form is None:
        return [*cut, _undeclared(words, report)]
    said = _Said(words, form)
    return [
        *cut,
        *([said.map(report.map)] if report.map is not None else []),
        *said.owed(report),
        *(block for totals in report.totals for block in said.totals(totals)),
        *(block for series in report.series for block in said.series(series)),
        *said.rows(report.rows[:MOST_ROWS], len(report.rows)),
    ]


def form_tables(words: DocumentWords, report: FilledForms) -> list[TableBlock]:
    """As a file has it: all rows first, then what they add up to."""
    form = report.declared
    if report.form is None or form is None:
        return [block for block in form_blocks(words, report) if isinstance(block, TableBlock)]
    said = _Said(words, form)
    blocks = (
        *said.rows(report.rows, len(report.rows)),
        *([said.map(report.map)] if report.map is not None else []),
        *said.owed(report),
        *(block for totals in report.totals for block in said.totals(totals)),
        *(block for series in report.series for block in said.series(series, days=None)),
    )
    return [block for block in blocks if isinstance(block, TableBlock)]


def _forms(words: DocumentWords, report: FilledForms) -> TableBlock:
    head = (N_("Form"), N_("How often it was filled in"))
    rows = [
        row(
            Cell(words.name(one.title), href=f"?form={one.form}"),
            Cell(str(one.blocks), number=one.blocks),
        )
        for one in report.forms
    ]
    return TableBlock(tuple(map(words.of, head)), tuple(rows))


def _undeclared(words: DocumentWords, report: FilledForms) -> TableBlock:
    """Of a form that is declared no more: its values as they are."""
    names = list(dict.fromkeys(name for one in report.rows for name in one.values))
    rows = [
        row(Cell(str(one.index), records=(one.index,)), *(str(one.values.get(name, "")) for name in names))
        for one in report.rows
    ]
    return TableBlock((words.of(N_("Record")), *names), tuple(rows), texts=1 + len(names))


class _Said:
    """One form, said to one reader."""

    def __init__(self, words: DocumentWords, form: DeclaredForm) -> None:
        self._words, self._form = words, form
        self._values = FormWords(words.directory_names, words, words.zone)

    def _column(self, name: str) -> DeclaredColumn:
        column = AREA_OF_CASE if name == CASE_AREA else title_of(self._form, name)
        assert column is not None, name
        return column

    def _title(self, name: str, *, measured: bool = False) -> str:
        column = self._column(name)
        title = self._words.name(column.title)
        measure = self._words.name(column.measure) if measured and column.measure is not None else ""
        return self._words.aside(title, measure) if measure != title else title

    def _say(self, name: str, value: FieldValue) -> str:
        return "–" if value is None else self._values.value(self._column(name), value)

    def _amount(self, name: str, value: float, *records: int) -> Cell:
        """A number without its measure, which stands in the head."""
        column = self._column(name)
        text = f"{value:,.2f}" if column.type is FieldType.MONEY else f"{value:,.10g}"
        return Cell(text, records=records, number=value)

    # Rows

    def rows(self, rows: Sequence[FormRow], all_of_them: int) -> Iterator[Block]:
        """Without the tables within, which follow."""
        fields = {
            name: field for name, field in self._form.fields.items() if field.type is not FieldType.ROWS
        }
        head = (
            self._words.of(N_("Record")),
            self._words.of(N_("Filled in")),
            self._words.of(N_("By which unit")),
            *(self._title(name, measured=True) for name in fields),
            self._words.of(N_("Still lacking")),
        )
        title = self._words.name(self._form.title)
        if len(rows) < all_of_them:
            title = self._words.of(
                N_("%(form)s: the newest %(shown)s of %(count)s"),
                form=title,
                shown=len(rows),
                count=all_of_them,
            )
        lines = [
            row(
                Cell(str(one.index), records=(one.index,), number=one.index),
                self._words.at(one.at),
                self._words.unit(one.unit),
                *(self._cell(name, one.values.get(name)) for name in fields),
                self._words.listed(self._title(name) for name in one.missing if title_of(self._form, name)),
            )
            for one in rows
        ]
        yield TableBlock(head, tuple(lines), title, texts=len(head))
        for name, field in self._form.fields.items():
            if field.type is FieldType.ROWS:
                yield self._table(name, field.columns, rows)

    def _cell(self, name: str, value: object) -> Cell:
        if is_empty(value):
            return Cell("")
        column = self._column(name)
        if column.type in NUMBERS and isinstance(value, int | float):
            return self._amount(name, value)
        return Cell(self._values.value(column, value))

    def _table(
        self, table: str, columns: Mapping[str, DeclaredColumn], rows: Sequence[FormRow]
    ) -> TableBlock:
        """All rows of a table within, each with the record it stands in and what that record is about."""
        each = [name for name in self._form.each if name in self._form.fields]
        names = [f"{table}.{column}" for column in columns]
        head = (
            self._words.of(N_("Record")),
            *map(self._title, each),
            *(self._title(name, measured=True) for name in names),
        )
        lines = [
            row(
                Cell(str(one.index), records=(one.index,), number=one.index),
                *(self._cell(name, one.values.get(name)) for name in each),
                *(self._cell(f"{table}.{column}", line.get(column)) for column in columns),
            )
            for one in rows
            for line in table_rows(one.values.get(table))
        ]
        return TableBlock(head, tuple(lines), self._title(table), texts=len(head))

    # What they add up to

    def totals(self, totals: FormTotals) -> Iterator[Block]:
        numbers = list(dict.fromkeys(one.field for total in totals.totals for one in total.sums))
        shares = list(dict.fromkeys(name for total in totals.totals for name in total.shares))
        table, _, _ = totals.field.rpartition(".")
        within = f"{table}." if table and totals.field != CASE_AREA else ""
        head = (
            self._title(totals.field),
            self._words.of(N_("rows counted")),
            *(self._title(within + name, measured=True) for name in numbers),
            *(self._words.of(N_("%(part)s, share"), part=self._title(within + name)) for name in shares),
        )
        lines = [
            row(
                self._say(totals.field, total.value),
                Cell(str(total.rows), records=total.records, number=total.rows),
                *(self._sum(within, name, total) for name in numbers),
                *(self._share(total, name) for name in shares),
            )
            for total in totals.totals
        ]
        title = self._words.of(N_("By %(what)s"), what=self._title(totals.field))
        for name in shares:
            bars = [
                (self._say(totals.field, total.value), total.shares[name], self._share(total, name))
                for total in totals.totals
                if name in total.shares
            ]
            chart = self._words.of(
                N_("%(part)s by %(what)s"), part=self._title(within + name), what=self._title(totals.field)
            )
            yield Bars(chart, tuple(bars[:20]), 1.0)
        yield TableBlock(head, tuple(lines), title)

    def _sum(self, within: str, name: str, total: FormTotal) -> Cell:
        """The sum; where it means nothing, from the least to the most."""
        counted = next((one for one in total.sums if one.field == name), None)
        if counted is None:
            return Cell("")
        if counted.total is not None:
            return self._amount(within + name, counted.total)
        least, most = (self._amount(within + name, value).text for value in (counted.least, counted.most))
        return Cell(least if least == most else f"{least}–{most}", number=counted.mean)

    def _share(self, total: FormTotal, name: str) -> Cell:
        share = total.shares.get(name)
        return Cell(self._words.share(share), number=share)

    # The map

    def map(self, form_map: FormMap) -> TableBlock:
        areas = list(dict.fromkeys(cell.value for cell in form_map.cells))
        across = list(dict.fromkeys(cell.across for cell in form_map.cells))
        cells = {(cell.value, cell.across): cell for cell in form_map.cells}
        hottest = max((cell.total for cell in form_map.cells), default=0)

        def shown(area: FieldValue, by: FieldValue) -> Cell:
            cell = cells.get((area, by))
            if cell is None:
                return Cell("")
            heat = heat_of(cell.total, hottest)
            return Cell(f"{cell.total:,.10g}", records=cell.records, heat=heat, number=cell.total)

        measure = (
            self._title(form_map.measure, measured=True)
            if form_map.measure is not None
            else self._words.of(N_("rows counted"))
        )
        title = self._words.of(
            N_("%(measure)s by %(area)s and %(what)s"),
            measure=measure,
            area=self._title(form_map.field),
            what=self._title(form_map.across),
        )
        head = (self._title(form_map.field), *(self._say(form_map.across, by) for by in across))
        lines = [row(self._say(form_map.field, area), *(shown(area, by) for by in across)) for area in areas]
        return TableBlock(head, tuple(lines), title)

    # Over the days

    def series(self, series: FormSeries, days: int | None = MOST_DAYS) -> Iterator[Block]:
        """`days`: so many of the last in the table; None for all."""
        every = sorted({point.day for line in series.lines for point in line.points})
        title = self._words.of(N_("%(what)s by day"), what=self._title(series.field, measured=True))
        charted = sorted(series.lines, key=lambda line: -len(line.points))[:MOST_LINES]
        yield LineChart(
            title,
            tuple(every),
            tuple((self._name(line, series), tuple(_at(line, every))) for line in charted),
        )
        of = list(series.lines[0].of)
        shown = every if days is None else every[-days:]
        rows = [
            row(
                *([self._say(name, value) for name, value in line.of.items()] or [""]),
                *self._days(line, series.field, shown),
            )
            for line in series.lines
        ]
        heads = [self._title(name) for name in of] or [""]
        yield TableBlock((*heads, *shown), tuple(rows), title, texts=len(heads))

    def _days(self, line: FormLine, field: str, days: Sequence[str]) -> Iterator[Cell]:
        points = {point.day: point for point in line.points}
        for day in days:
            point = points.get(day)
            yield Cell("") if point is None else self._amount(field, point.value, point.index)

    def _name(self, line: FormLine, series: FormSeries) -> str:
        named = self._words.listed(self._say(name, value) for name, value in line.of.items())
        return named or self._title(series.field)

    # What is owed

    def owed(self, report: FilledForms) -> Iterator[Block]:
        if not report.owed:
            return
        head = (
            N_("Unit"),
            N_("Duty rule"),
            N_("owed"),
            N_("in time"),
            N_("done after the limit"),
            N_("lapsed"),
            N_("missing"),
        )
        rows = [
            row(
                self._words.unit(line.unit),
                self._words.rule(line.rule),
                *(count(line, column) for column in ("opened", "in_time", "late", "lapsed")),
                Cell(str(line.missing), number=line.missing, heat=HOTTEST if line.missing else 0),
            )
            for line in report.owed
        ]
        title = self._words.of(N_("Who hands it in, and who has not"))
        yield TableBlock(tuple(map(self._words.of, head)), tuple(rows), title, texts=2)
        missing = [self._words.unit(line.unit) for line in report.owed if line.missing]
        if missing:
            yield self._words.say(N_("Missing: %(units)s."), units=self._words.listed(missing))


def _at(line: FormLine, days: Sequence[str]) -> Iterator[float | None]:
    points: dict[str, Any] = {point.day: point.value for point in line.points}
    return (points.get(day) for day in days)
