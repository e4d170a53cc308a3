"""What a document consists of, whatever it is written as: headings, paragraphs, tables, bars.

Invariant: a number in a document carries the figure or the records it comes from; no writer of a format has
to know what it means.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text. `figure` names the figure it states, `records` the records it rests on."""

    text: str
    figure: str | None = None
    records: tuple[int, ...] = ()
    href: str | None = None
    heat: int = 0
    """In a map: how much it is of the most there is, from 1 to 5; 0 is none of a map."""
    number: float | None = None
    """What the text says, for a table that is calculated with."""

    @property
    def is_traced(self) -> bool:
        return self.figure is not None or bool(self.records)


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: tuple[Cell, ...]
    style: str = "body"
    """`body`, `small`, `centre`, `right`, `addressee`."""


@dataclass(frozen=True, slots=True)
class TableBlock:
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    texts: int = 1
    """So many columns from the left are words; the others are numbers."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart: (label, value, as it is said)."""

    title: str
    rows: tuple[tuple[str, float, Cell], ...]
    most: float | None = None
    """What a whole bar stands for; the largest value where it is not given."""


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line chart: each line has a name, and a value at some of `at`."""

    title: str
    at: tuple[str, ...]
    lines: tuple[tuple[str, tuple[float | None, ...]], ...]


Block = Heading | Paragraph | TableBlock | Bars | LineChart


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    title: str
    subtitle: str
    language: str
    blocks: tuple[Block, ...]
    foot: str = ""
    """Stands at the foot of each page."""
    draft: str = ""
    """Stands above all, where it is one."""


def paragraph(template: str, *, style: str = "body", **values: Cell | str | int) -> Paragraph:
    """`template` with each `%(name)s` replaced by the cell, string or number of that name."""
    runs: list[Cell] = []
    at = 0
    for match in _PLACE.finditer(template):
        if match.start() > at:
            runs.append(Cell(template[at : match.start()]))
        value = values[match[1]]
        runs.append(value if isinstance(value, Cell) else Cell(str(value)))
        at = match.end()
    if at < len(template):
        runs.append(Cell(template[at:]))
    return Paragraph(tuple(runs), style)


def row(*cells: Cell | str | int | None) -> tuple[Cell, ...]:
    return tuple(
        cell if isinstance(cell, Cell) else Cell("" if cell is None else str(cell)) for cell in cells
    )


def record_cell(index: int | None) -> Cell:
    """The number of a record, which leads to it."""
    return Cell(str(index), None, () if index is None else (index,))


def ranges(indexes: Sequence[int], most: int, joined: str) -> tuple[str, int]:
    """`3, 7–9, 12` of at most so many pieces, and how many records are left out."""
    pieces: list[tuple[int, int]] = []
    for index in indexes:
        if pieces and index == pieces[-1][1] + 1:
            pieces[-1] = pieces[-1][0], index
        else:
            pieces.append((index, index))
    shown = pieces[:most]
    left = len(indexes) - sum(last - first + 1 for first, last in shown)
    return joined.join(str(first) if first == last else f"{first}–{last}" for first, last in shown), left
