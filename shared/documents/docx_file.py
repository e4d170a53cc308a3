"""Blocks as DOCX: A4 with the margins and typefaces of an official document, bars drawn as cells, notes in an
annex.

Invariant: made of paragraphs and tables only, so that any word processor shows it; typefaces are named, never
embedded.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from shared.documents.blocks import (
    Bars,
    Block,
    Cell,
    Heading,
    LineChart,
    Paragraph,
    TableBlock,
    WrittenDocument,
)
from shared.documents.line_chart import as_table
from shared.documents.notes import Notes
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_

BODY, TITLE, SECTION, SUBSECTION = "仿宋", "方正小标宋简体", "黑体", "楷体"
LATIN = "Times New Roman"
CELLS = 20
"""A whole bar is so many cells."""
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Letters that no DOCX may hold."""
_STYLES = {"centre": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}


class DocxFile:
    def __init__(self, document: WrittenDocument, words: DocumentWords, notes: Notes) -> None:
        self._words, self._notes = words, notes
        self._file: Any = docx.Document()
        self._set_page()
        self._chinese = document.language == "zh"
        if document.draft:
            self._paragraph(
                document.draft, SECTION, 14, align=WD_ALIGN_PARAGRAPH.CENTER, colour=RGBColor(0xB0, 0, 0x20)
            )
        self._paragraph(document.title, TITLE, 22, align=WD_ALIGN_PARAGRAPH.CENTER, style="Title")
        if document.subtitle:
            self._paragraph(document.subtitle, SUBSECTION, 14, align=WD_ALIGN_PARAGRAPH.CENTER)
        for block in document.blocks:
            self._block(block)
        self._annex()
        footer = self._file.sections[0].footer.paragraphs[0]
        self._run(footer, document.foot, BODY, 9)

    def content(self) -> bytes:
        out = io.BytesIO()
        self._file.save(out)
        return out.getvalue()

    def _set_page(self) -> None:
        section = self._file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        _set_font(self._file.styles["Normal"], BODY, 14)
        for name in ("Title", "Heading 1", "Heading 2"):
            _set_font(self._file.styles[name], SECTION, 16)

    def _block(self, block: Block) -> None:
        match block:
            case Heading():
                style = f"Heading {block.level}"
                self._paragraph(
                    block.text,
                    SECTION if block.level == 1 else SUBSECTION,
                    16 if block.level == 1 else 14,
                    style=style,
                )
            case Paragraph():
                self._runs(block)
            case TableBlock() if block.rows:
                self._table(block)
            case Bars() if block.rows:
                self._bars(block)
            case LineChart() if block.lines:
                self._table(as_table(block))
            case _:
                pass

    def _runs(self, block: Paragraph) -> None:
        small = block.style == "small"
        paragraph = self._file.add_paragraph()
        if block.style in _STYLES:
            paragraph.alignment = _STYLES[block.style]
        elif self._chinese and block.style == "body":
            paragraph.paragraph_format.first_line_indent = Pt(28)
        paragraph.paragraph_format.line_spacing = Pt(16 if small else 26)
        paragraph.paragraph_format.space_after = Pt(2)
        for run in block.runs:
            self._run(paragraph, run.text, BODY, 10 if small else 14)
            self._mark(paragraph, [run])

    def _mark(self, paragraph: Any, cells: Sequence[Cell]) -> None:
        number = self._notes.number(cells)
        if number is not None:
            self._run(paragraph, f"[{number}]", BODY, 9, superscript=True)

    def _table(self, table: TableBlock) -> None:
        if table.title:
            self._paragraph(table.title, SUBSECTION, 12)
        word_table = self._file.add_table(rows=1, cols=len(table.columns))
        word_table.style = "Table Grid"
        for at, name in enumerate(table.columns):
            self._cell(word_table.rows[0].cells[at], name, bold=True, right=at >= table.texts)
            _shade(word_table.rows[0].cells[at], "EEF1F4")
        _repeat(word_table.rows[0])
        for cells in table.rows:
            added = word_table.add_row().cells
            for at, cell in enumerate(cells):
                paragraph = self._cell(added[at], cell.text, right=at >= table.texts)
                if at == 0:
                    self._mark(paragraph, cells)
        self._file.add_paragraph()

    def _cell(self, cell: Any, text: str, *, bold: bool = False, right: bool = False) -> Any:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._run(paragraph, text, BODY, 9, bold=bold)
        return paragraph

    def _bars(self, bars: Bars) -> None:
        """A table of a label, a row of cells of which some are filled, and the number."""
        heading = self._paragraph(bars.title, SUBSECTION, 12)
        self._mark(heading, [figure for _, _, figure in bars.rows])
        most = bars.most or max(value for _, value, _ in bars.rows) or 1
        word_table = self._file.add_table(rows=0, cols=CELLS + 2)
        word_table.autofit = False
        for label, value, figure in bars.rows:
            cells = word_table.add_row().cells
            for at, cell in enumerate(cells):
                cell.width = Mm(44) if at == 0 else Mm(20) if at == CELLS + 1 else Mm(4.4)
            self._cell(cells[0], label, right=True)
            for at in range(round(CELLS * min(max(value / most, 0), 1))):
                _shade(cells[at + 1], "2F6690")
            self._cell(cells[CELLS + 1], figure.text)
        self._file.add_paragraph()

    def _annex(self) -> None:
        if not self._notes.texts:
            return
        self._file.add_page_break()
        self._paragraph(
            self._words.of(N_("Annex: the records behind the figures")), SECTION, 16, style="Heading 1"
        )
        for number, text in enumerate(self._notes.texts, 1):
            paragraph = self._file.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(0)
            self._run(paragraph, f"[{number}] {text}", BODY, 9)

    def _paragraph(
        self,
        text: str,
        face: str,
        size: int,
        *,
        style: str | None = None,
        align: Any = None,
        colour: Any = None,
    ) -> Any:
        paragraph = self._file.add_paragraph(style=style)
        if align is not None:
            paragraph.alignment = align
        paragraph.paragraph_format.keep_with_next = True
        self._run(paragraph, text, face, size, colour=colour or RGBColor(0x11, 0x11, 0x11))
        return paragraph

    def _run(
        self,
        paragraph: Any,
        text: str,
        face: str,
        size: int,
        *,
        bold: bool = False,
        superscript: bool = False,
        colour: Any = None,
    ) -> None:
        run = paragraph.add_run(_NO_XML.sub("\ufffd", text))
        _set_font(run, face, size)
        run.font.bold, run.font.superscript = bold, superscript
        if colour is not None:
            run.font.color.rgb = colour


def _set_font(of: Any, face: str, size: int) -> None:
    """`face` for Chinese, a Latin face for the rest: a word processor without them takes its own."""
    of.font.name, of.font.size = LATIN, Pt(size)
    of.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)


def _shade(cell: Any, colour: str) -> None:
    shading: Any = OxmlElement("w:shd")
    shading.set(qn("w:val"), "clear")
    shading.set(qn("w:fill"), colour)
    cell._tc.get_or_add_tcPr().append(shading)


def _repeat(row: Any) -> None:
    """The head of a table stands on each page it reaches over."""
    header: Any = OxmlElement("w:tblHeader")
    header.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(header)
