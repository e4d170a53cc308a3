"""The price bulletin 价格监测简报 of a week: what the points read, against the day and the week before. Pure.

Invariant: every price is one that a point handed in, with its record. Prices by different measures are never
compared; where there is nothing to compare with, it says so. A point that has not handed in is named, and nobody where
not all readings are at hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.audit.reports.documents.definitions import ALWAYS, BULLETIN
from services.audit.reports.documents.period import Week
from services.audit.reports.form_figures import table_rows
from services.audit.reports.form_views import FilledForms, FormRow, OwedLine
from shared.documents.blocks import (
    Block,
    Cell,
    Heading,
    TableBlock,
    WrittenDocument,
    row,
)
from shared.documents.words import NOTHING, DocumentWords
from shared.forms import DeclaredColumn, DeclaredField, DeclaredForm, FieldType
from shared.forms.model import NUMBERS
from shared.forms.values import is_empty
from shared.forms.words import FormWords
from shared.language.catalogue import N_

MOST_MOVED = 5
MISSING_UNKNOWN = N_(
    "More forms were filled in than can be kept: the earliest are left out, and which point is missing can't be said."
)
Days = dict[str, tuple[float, int]]
"""Day → the price, and the record it stands in."""


@dataclass(frozen=True, slots=True)
class PricedForm:
    """Where in a form of readings the prices stand."""

    form: DeclaredForm
    each: tuple[str, ...]
    """Whose readings they are: the fields that tell readings apart, without the day."""
    day: str
    table: str
    told_apart: tuple[str, ...]
    """Columns that say what the price is of."""
    price: str

    @classmethod
    def of(cls, form: DeclaredForm) -> "PricedForm | None":
        """None for a form without a day, or without a table of prices."""
        day = next((name for name, one in form.fields.items() if one.type is FieldType.DATE), None)
        table = next((name for name, one in form.fields.items() if one.type is FieldType.ROWS), None)
        columns = form.fields[table].columns if table is not None else {}
        price = next((name for name, column in columns.items() if column.type in NUMBERS), None)
        if day is None or table is None or price is None:
            return None
        each = tuple(name for name in form.each if name != day)
        told_apart = tuple(name for name, column in columns.items() if column.type not in NUMBERS)
        return cls(form, each, day, table, told_apart, price)

    @property
    def columns(self) -> list[DeclaredField | DeclaredColumn]:
        fields, columns = self.form.fields, self.form.fields[self.table].columns
        return [*(fields[name] for name in self.each), *(columns[name] for name in self.told_apart)]

    @property
    def price_column(self) -> DeclaredColumn:
        return self.form.fields[self.table].columns[self.price]


@dataclass(slots=True)
class Quoted:
    """One thing at one point, over the days."""

    of: tuple[Any, ...]
    days: Days = field(default_factory=dict[str, tuple[float, int]])

    def last_in(self, days: Sequence[str]) -> str | None:
        return max((day for day in days if day in self.days), default=None)


@dataclass(frozen=True, slots=True)
class Move:
    """A price against an earlier one."""

    price: float
    before: float
    records: tuple[int, int]

    @property
    def difference(self) -> float:
        return round(self.price - self.before, 4)

    @property
    def share(self) -> float | None:
        return self.difference / self.before if self.before else None


def quoted(priced: PricedForm, rows: Sequence[FormRow]) -> list[Quoted]:
    """The newest row of each reading stands; rows come newest first."""
    lines: dict[tuple[Any, ...], Quoted] = {}
    for one in rows:
        day = one.values.get(priced.day)
        own = tuple(one.values.get(name) for name in priced.each)
        for line in table_rows(one.values.get(priced.table)):
            price = line.get(priced.price)
            if not isinstance(day, str) or not isinstance(price, int | float) or isinstance(price, bool):
                continue
            of = (*own, *(line.get(name) for name in priced.told_apart))
            lines.setdefault(of, Quoted(of)).days.setdefault(day, (float(price), one.index))
    return sorted(lines.values(), key=lambda line: [str(value) for value in line.of])


class BulletinWriter:
    def __init__(
        self, words: DocumentWords, week: Week, priced: PricedForm, readings: FilledForms, owed: FilledForms
    ) -> None:
        """`readings`: of this week and the one before; `owed`: of this week alone."""
        self._words, self._week, self._priced = words, week, priced
        self._owed, self._checkpoint, self._cut = owed.owed, readings.checkpoint, readings.cut
        self._values = FormWords(words.directory_names, words, words.zone)
        self._days, self._days_before = week.days, week.before.days
        self._rows = readings.rows
        self._lines = [line for line in quoted(priced, readings.rows) if line.last_in(self._days)]
        self._sections = 0

    def document(self, city: str, vkey: str) -> WrittenDocument:
        words, checkpoint = self._words, self._checkpoint
        return WrittenDocument(
            title=words.of(
                N_("Price bulletin of %(city)s, %(first)s to %(last)s"),
                city=city,
                first=self._date(self._days[0]),
                last=self._date(self._days[-1]),
            ),
            subtitle=words.of(N_("As the record stood at %(at)s"), at=words.at(checkpoint.time)),
            language=words.language.value,
            blocks=(*self._overview(), *self._prices(), *self._course(), *self._definitions(vkey)),
            foot=words.of(
                N_("Counted from the trail up to the checkpoint of %(size)s records, root %(root)s."),
                size=checkpoint.size,
                root=checkpoint.root,
            ),
        )

    # Sections

    def _overview(self) -> Iterator[Block]:
        words = self._words
        yield self._heading(N_("Overview"))
        if not self._lines:
            yield words.say(N_("No price was handed in for this week."))
        else:
            yield words.say(
                N_("%(points)s points handed in prices of %(things)s items."),
                points=len({line.of[: len(self._priced.each)] for line in self._lines}),
                things=len({line.of[len(self._priced.each) :] for line in self._lines}),
            )
            yield from self._moved()
        yield self._missing()

    def _moved(self) -> Iterator[Block]:
        """What moved most against the week before, dearer and cheaper."""
        words = self._words
        moves = [(line, move) for line in self._lines if (move := self._against_week(line)) is not None]
        if not moves:
            yield words.say(N_("There is no price of the week before to compare them with."))
            return
        yield words.say(
            N_("Of %(count)s prices compared with the week before %(dearer)s rose and %(cheaper)s fell."),
            count=len(moves),
            dearer=sum(move.difference > 0 for _, move in moves),
            cheaper=sum(move.difference < 0 for _, move in moves),
        )
        largest = sorted(moves, key=lambda pair: -abs(pair[1].share or 0))[:MOST_MOVED]
        for line, move in largest:
            if move.difference:
                yield words.say(
                    N_("%(what)s: %(price)s, against %(before)s in the week before, %(change)s."),
                    what=self._name(line),
                    price=Cell(self._measured(move.price), records=move.records[:1]),
                    before=Cell(self._measured(move.before), records=move.records[1:]),
                    change=self._change(move),
                )

    def _missing(self) -> Block:
        words = self._words
        if self._cut:
            return words.say(MISSING_UNKNOWN)
        missing = [(line, count) for line in self._owed if (count := self._count_missing(line)) > 0]
        if not missing:
            return words.say(N_("Every point handed in what was due by then."))
        named = words.listed(
            words.aside(
                words.unit(line.unit), words.of(N_("%(count)s of %(owed)s"), count=count, owed=line.opened)
            )
            for line, count in missing
        )
        return words.say(N_("Missing: %(units)s."), units=named)

    def _count_missing(self, line: OwedLine) -> int:
        """Limits that passed without a reading. One that came for its day all the same is not missing."""
        days = {
            row.values.get(self._priced.day)
            for row in self._rows
            if line.unit == row.unit or line.unit in (row.values.get(name) for name in self._priced.each)
        }
        return min(line.lapsed - line.late, line.opened - len(days & {*self._days}))

    def _prices(self) -> Iterator[Block]:
        if not self._lines:
            return
        words, priced = self._words, self._priced
        yield self._heading(N_("Prices by point and item"))
        price = words.aside(
            words.name(priced.price_column.title),
            words.name(priced.price_column.measure) if priced.price_column.measure else "",
        )
        columns = (
            *(words.name(column.title) for column in priced.columns),
            words.of(N_("Day")),
            price,
            words.of(N_("against the day before")),
            words.of(N_("against the week before")),
        )
        rows = [self._row(line) for line in self._lines]
        yield TableBlock(columns, tuple(rows), texts=len(priced.columns) + 1)

    def _row(self, line: Quoted) -> tuple[Cell, ...]:
        day = line.last_in(self._days)
        assert day is not None
        price, index = line.days[day]
        return row(
            *self._said(line),
            self._date(day),
            Cell(self._number(price), records=(index,), number=price),
            self._change(self._against(line, day, _day_before(day))),
            self._change(self._against_week(line)),
        )

    def _course(self) -> Iterator[Block]:
        if not self._lines:
            return
        words = self._words
        yield self._heading(N_("Day by day"))
        shown = tuple(day[5:] for day in self._days)
        heads = tuple(words.name(column.title) for column in self._priced.columns)
        rows = [
            row(*self._said(line), *(self._priced_on(line, day) for day in self._days))
            for line in self._lines
        ]
        yield TableBlock((*heads, *shown), tuple(rows), texts=len(heads))

    def _definitions(self, vkey: str) -> Iterator[Block]:
        words, checkpoint = self._words, self._checkpoint
        yield self._heading(N_("Definitions, and how to check this"))
        for text in (*BULLETIN, *ALWAYS):
            yield words.say(text, style="small")
        yield words.say(
            N_(
                "Made from the record as it stood at %(at)s: %(size)s records, root %(root)s, public key %(vkey)s. "
                "It can be made again with `fenghuo trail price-bulletin %(week)s`."
            ),
            style="small",
            at=words.at(checkpoint.time),
            size=checkpoint.size,
            root=checkpoint.root,
            vkey=vkey,
            week=self._week.name,
        )

    # Comparing

    def _against(self, line: Quoted, day: str, earlier: str | None) -> Move | None:
        if earlier is None or earlier not in line.days:
            return None
        (price, index), (before, index_before) = line.days[day], line.days[earlier]
        return Move(price, before, (index, index_before))

    def _against_week(self, line: Quoted) -> Move | None:
        day = line.last_in(self._days)
        return self._against(line, day, line.last_in(self._days_before)) if day is not None else None

    # Saying

    def _heading(self, message: str) -> Heading:
        self._sections += 1
        return Heading(self._words.number(self._sections, self._words.of(message)))

    def _said(self, line: Quoted) -> list[str]:
        pairs = zip(self._priced.columns, line.of, strict=True)
        return [NOTHING if is_empty(value) else self._values.value(column, value) for column, value in pairs]

    def _name(self, line: Quoted) -> str:
        return self._words.listed(text for text in self._said(line) if text != NOTHING)

    def _date(self, day: str) -> str:
        read = date.fromisoformat(day)
        return self._words.of(
            N_("%(year)04d-%(month)02d-%(day)02d"), year=read.year, month=read.month, day=read.day
        )

    def _number(self, value: float) -> str:
        return f"{value:,.2f}" if self._priced.price_column.type is FieldType.MONEY else f"{value:,.10g}"

    def _measured(self, value: float) -> str:
        return self._values.value(self._priced.price_column, value)

    def _priced_on(self, line: Quoted, day: str) -> Cell:
        if day not in line.days:
            return Cell("")
        price, index = line.days[day]
        return Cell(self._number(price), records=(index,), number=price)

    def _change(self, move: Move | None) -> str:
        """`+0.60（+33.3%）`."""
        if move is None:
            return NOTHING
        if not move.difference:
            return self._words.of(N_("unchanged"))
        sign = "+" if move.difference > 0 else "−"
        share = f"{sign}{abs(move.share) * 100:.1f}%" if move.share is not None else ""
        return self._words.aside(f"{sign}{self._number(abs(move.difference))}", share)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
