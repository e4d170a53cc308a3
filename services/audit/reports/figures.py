"""Figures that can be traced: each holds how many, the records it was counted from, and how long each took.

Invariant: a figure is nothing but its records. It holds no more than four bytes for a record it was counted
from, and twelve for a time that was measured, so that a year of a large city stays small.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

Key = tuple[str, str, str]
"""Table, row, column: `("unit", "water_bureau", "late")`."""
SEPARATOR = "/"
ALL = "all"
"""The row of everything."""
NONE = "-"
"""The row of what has no unit, no level, no category."""
ANY = "*"
"""In the name of a figure: any part of a row."""


@dataclass(slots=True)
class Figure:
    count: int = 0
    indexes: "array[int]" = field(default_factory=lambda: array("I"))
    """Records in their order, each once."""
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    """How long each took; of harm how much each was."""
    measured: "array[int]" = field(default_factory=lambda: array("I"))
    """The record that ended each of `seconds`."""

    def add(self, index: int, seconds: float | None = None) -> None:
        self.count += 1
        if not self.indexes or self.indexes[-1] != index:
            self.indexes.append(index)
        if seconds is not None:
            self.seconds.append(seconds)
            self.measured.append(index)

    @property
    def total(self) -> float:
        return sum(self.seconds)

    @property
    def median(self) -> float | None:
        """The middle one; of an even number the smaller of the two in the middle, which is one that there
        was.
        """
        return sorted(self.seconds)[(len(self.seconds) - 1) // 2] if self.seconds else None

    @property
    def worst(self) -> float | None:
        return max(self.seconds) if self.seconds else None

    def records(self) -> list[int]:
        """Each once, in order."""
        return sorted(set(self.indexes))

    def records_of(self, seconds: float | None) -> list[int]:
        """Those that took just so long: of the median or the worst, the records behind it."""
        return sorted(
            {index for index, taken in zip(self.measured, self.seconds, strict=True) if taken == seconds}
        )


NOTHING = Figure()


class Figures:
    """All figures of one window."""

    def __init__(self) -> None:
        self._figures: defaultdict[Key, Figure] = defaultdict(Figure)

    def add(self, table: str, row: str | None, column: str, index: int, seconds: float | None = None) -> None:
        self._figures[table, row or NONE, column].add(index, seconds)

    def of(self, table: str, row: str, column: str) -> Figure:
        return self._figures.get((table, row, column), NOTHING)

    def count(self, table: str, row: str, column: str) -> int:
        return self.of(table, row, column).count

    def rows(self, table: str) -> list[str]:
        return sorted({row for name, row, _ in self._figures if name == table})

    def named(self, name: str) -> Figure | None:
        """`unit/water_bureau/late`, or with `/median` or `/worst` behind it the records of that time; with `*` for
        any part of a row, all rows that it means as one. None for no figure.
        """
        table, _, rest = name.partition(SEPARATOR)
        row, _, column = rest.rpartition(SEPARATOR)
        if column in ("median", "worst"):
            row, _, measured = row.rpartition(SEPARATOR)
            figure = self._figures.get((table, row, measured))
            return None if figure is None else _only(figure, column)
        return self.together(table, row, column) if ANY in row else self._figures.get((table, row, column))

    def together(self, table: str, rows: str, column: str) -> Figure | None:
        """`rows`: with `*` for any part; None where there is none."""
        first, *others = rows.split(ANY)
        found = [
            figure
            for (of, row, counted), figure in self._figures.items()
            if of == table and counted == column and _means(row, first, others)
        ]
        if not found:
            return None
        whole = Figure(sum(figure.count for figure in found))
        whole.indexes.extend(sorted({index for figure in found for index in figure.indexes}))
        return whole

    def __iter__(self) -> Iterator[tuple[Key, Figure]]:
        return iter(self._figures.items())


def _means(row: str, first: str, others: list[str]) -> bool:
    """Whether the row begins with `first` and has the others behind it one after the other, the last at its end. In
    one go: whoever asks may write as many of them as they like.
    """
    if not row.startswith(first):
        return False
    *middle, last = others
    at = len(first)
    for piece in middle:
        at = row.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(row) - at >= len(last) and row.endswith(last)


def _only(figure: Figure, measure: str) -> Figure:
    indexes = figure.records_of(figure.median if measure == "median" else figure.worst)
    return Figure(len(indexes), array("I", indexes))
