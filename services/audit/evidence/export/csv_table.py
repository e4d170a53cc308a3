"""A table as CSV: RFC 4180, UTF-8 with the mark by which Excel knows it, nothing in it that a spreadsheet
would run.

Invariant: every line has the same number of cells; a text that begins like a formula is preceded by an
apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from services.audit.evidence.export.end import END, End
from services.audit.evidence.export.rows import COLUMNS, ExportWords, heads
from shared.xlsx import Cell

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with; spreadsheets take the wide forms for the narrow ones."""


def head(words: ExportWords) -> bytes:
    return "\N{ZERO WIDTH NO-BREAK SPACE}".encode() + lines([heads(words)])


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def end(end: End, words: ExportWords) -> bytes:
    said = [f"{what} {text}" for what, text in end.lines(words)]
    return lines([[END, *said, *[None] * (len(COLUMNS) - 1 - len(said))]])


def _written(cell: Cell) -> str | float:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_RUNS) else cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return "" if cell is None else cell
