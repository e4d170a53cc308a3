"""A report as a file: its tables as CSV, one below the other, or as a workbook, a sheet each.

Invariant: a number is a number to the spreadsheet, a text is never run by it; the last line, or sheet, says what was
asked for and up to which checkpoint it holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from services.audit.evidence.export import csv_table
from services.audit.evidence.export.end import END
from services.audit.reports.views import Answer
from shared.documents.blocks import Cell, TableBlock
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_
from shared.xlsx import MEDIA_TYPE, WRAPPED, XlsxFile
from shared.xlsx import Cell as FileCell


class ReportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA = {
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.XLSX: MEDIA_TYPE,
}
NARROWEST, WIDEST = 10, 40


def report_file(
    format_: ReportFormat,
    tables: Sequence[TableBlock],
    words: DocumentWords,
    answer: Answer,
    asked: Mapping[str, str],
) -> bytes:
    ends = list(_end(words, answer, asked))
    return _csv(tables, ends) if format_ is ReportFormat.CSV else _xlsx(tables, ends)


def _csv(tables: Sequence[TableBlock], ends: Iterable[tuple[str, str]]) -> bytes:
    parts = ["\N{ZERO WIDTH NO-BREAK SPACE}".encode()]
    for table in tables:
        titles = [[table.title]] if table.title else []
        parts.append(csv_table.lines([*titles, table.columns, *map(_cells, table.rows), []]))
    parts.append(csv_table.lines([[END, *(f"{what} {text}" for what, text in ends)]]))
    return b"".join(parts)


def _xlsx(tables: Sequence[TableBlock], ends: Iterable[tuple[str, str]]) -> bytes:
    file = XlsxFile()
    for number, table in enumerate(tables, 1):
        widths = [min(max(len(head) * 2, NARROWEST), WIDEST) for head in table.columns]
        sheet = file.sheet(table.title or str(number), widths, table.columns)
        sheet.add(map(_cells, table.rows))
        sheet.close()
    last = file.sheet(END, [28, 90])
    last.add([[what, text] for what, text in ends], WRAPPED)
    last.close()
    return file.close()


def _cells(cells: Iterable[Cell]) -> list[FileCell]:
    return [cell.text if cell.number is None else _whole(cell.number) for cell in cells]


def _whole(number: float) -> float:
    """60, not 60.0."""
    return int(number) if number == int(number) else number


def _end(words: DocumentWords, answer: Answer, asked: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield words.of(N_("Up to the checkpoint of")), str(answer.checkpoint.size)
    yield words.of(N_("Signed")), words.at(answer.checkpoint.time)
    yield words.of(N_("Root")), answer.checkpoint.root
    criteria = "; ".join(f"{name} = {value}" for name, value in asked.items())
    yield words.of(N_("Asked for")), criteria or words.of(N_("everything"))
