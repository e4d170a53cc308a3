"""An XLSX workbook, written as it comes: nothing is kept but what the compressor holds, and nothing lies on a disk.

Invariant: texts are strings to the spreadsheet, whatever they begin with. The parts a workbook can't be
opened without are written last, so that one which broke off can't be opened at all. (The libraries gather the
workbook in a file of their own before the first byte leaves.)
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, cast
from xml.sax.saxutils import escape

Cell = str | int | float | datetime | None
"""A time is local to the office and has no offset any more: the column's head says the zone."""
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME = 31
"""Characters of a sheet's name."""
TEXT = 32_767
"""Characters a cell may hold."""
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HEAD, _TIME, WRAPPED = 1, 2, 3
"""Styles, by their place in `_STYLES`."""
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class _Pipe:
    """What the zip writes, until it is taken on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        content, self._parts = b"".join(self._parts), []
        return content


class XlsxFile:
    """`take` and `close` return the bytes there are by then. One sheet is open at a time."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        # It asks for no more than `write` and `flush` of what it can't seek in.
        self._zip = zipfile.ZipFile(cast(IO[bytes], self._pipe), "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._sheets: list[str] = []

    def sheet(self, name: str, widths: Sequence[int], heads: Sequence[str] = ()) -> "WorkbookSheet":
        """`widths`: of its columns, in characters; `heads`: its first row, which stays in sight."""
        self._sheets.append(self._free(_NOT_IN_A_NAME.sub(" ", name)[:NAME]))
        sheet = WorkbookSheet(
            self._zip, f"xl/worksheets/sheet{len(self._sheets)}.xml", widths, frozen=bool(heads)
        )
        if heads:
            sheet.add([heads], HEAD)
        return sheet

    def _free(self, name: str) -> str:
        """No two sheets have one name."""
        taken, number, free = {sheet.casefold() for sheet in self._sheets}, 1, name
        while free.casefold() in taken:
            number += 1
            free = f"{name[: NAME - 1 - len(str(number))]} {number}"
        return free

    def take(self) -> bytes:
        return self._pipe.take()

    def close(self) -> bytes:
        for path, content in self._frame().items():
            self._zip.writestr(path, content)
        self._zip.close()
        return self._pipe.take()

    def _frame(self) -> dict[str, str]:
        numbered = list(enumerate(self._sheets, 1))
        types = "".join(
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
            for at, _ in numbered
        )
        sheets = "".join(
            f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>' for at, name in numbered
        )
        related = "".join(
            f'<Relationship Id="rId{at}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
            for at, _ in numbered
        )
        return {
            "xl/styles.xml": _STYLES,
            "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{related}'
            f'<Relationship Id="rId{len(self._sheets) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
            "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>',
        }


class WorkbookSheet:
    """One part of the zip, open until it is closed."""

    def __init__(self, archive: zipfile.ZipFile, path: str, widths: Sequence[int], *, frozen: bool) -> None:
        self._part = archive.open(path, "w")
        self._frozen, self._columns = frozen, len(widths)
        self.count, self.size = 0, 0
        view = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' if frozen else ""
        columns = "".join(
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
            for at, width in enumerate(widths, 1)
        )
        self._write(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{view}</sheetView></sheetViews>'
            f"<cols>{columns}</cols><sheetData>"
        )

    def add(self, rows: Iterable[Sequence[Cell]], style: int = 0) -> None:
        for row in rows:
            self.count += 1
            cells = "".join(
                [
                    _cell(f"{_letter(at)}{self.count}", cell, style)
                    for at, cell in enumerate(row)
                    if cell is not None
                ]
            )
            self._write(f'<row r="{self.count}">{cells}</row>')

    def close(self) -> None:
        filtered = f'<autoFilter ref="A1:{_letter(self._columns - 1)}{self.count}"/>' if self._frozen else ""
        self._write(f"</sheetData>{filtered}</worksheet>")
        self._part.close()

    def _write(self, text: str) -> None:
        content = text.encode()
        self.size += len(content)
        self._part.write(content)


def _letter(at: int) -> str:
    """Of the column, counted from 0: A to Z, then AA to ZZ, then AAA."""
    letters = ""
    while at >= 0:
        letters = chr(ord("A") + at % 26) + letters
        at = at // 26 - 1
    return letters


def _cell(place: str, cell: Cell, style: int) -> str:
    if isinstance(cell, int | float):
        return f'<c r="{place}" s="{style}"><v>{cell}</v></c>'
    if isinstance(cell, datetime):
        days = (cell - _DAY_ZERO).total_seconds() / 86_400
        return f'<c r="{place}" s="{_TIME}"><v>{days:.9f}</v></c>'
    text = escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", cell or "")[:TEXT])
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
