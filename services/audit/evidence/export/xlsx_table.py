"""Records as an XLSX workbook: sheets of a million rows, and the end as the last of them."""

from collections.abc import Iterable, Sequence

from services.audit.evidence.export.end import END, End
from services.audit.evidence.export.rows import COLUMNS, ExportWords, heads
from shared.xlsx import WRAPPED, Cell, WorkbookSheet, XlsxFile

ROWS, BYTES = 1_000_000, 1 << 30
"""Of one sheet; then the next begins. A sheet may have 1,048,576 rows, a part of a zip without extensions 2
GiB.
"""


class Workbook:
    """`rows` and `end` return the bytes there are by then."""

    def __init__(self, words: ExportWords, *, rows: int = ROWS) -> None:
        self._words, self._limit = words, rows
        self._file = XlsxFile()
        self._sheet = self._begin()

    def _begin(self) -> WorkbookSheet:
        widths = [column.width for column in COLUMNS]
        return self._file.sheet(self._words.of("Records"), widths, heads(self._words))

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        for cells in rows:
            if self._sheet.count > self._limit or self._sheet.size > BYTES:
                self._sheet.close()
                self._sheet = self._begin()
            self._sheet.add([cells])
        return self._file.take()

    def end(self, end: End) -> bytes:
        self._sheet.close()
        last = self._file.sheet(END, [28, 90])
        for what, text in end.lines(self._words):
            last.add([[what, int(text) if text.isdigit() and len(text) < 16 else text]], WRAPPED)
        last.close()
        return self._file.close()
