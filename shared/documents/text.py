"""Blocks as plain text, for a terminal or a message."""

from shared.documents.blocks import (
    Bars,
    Heading,
    LineChart,
    Paragraph,
    TableBlock,
    WrittenDocument,
)
from shared.documents.line_chart import as_table
from shared.documents.notes import Notes


def text_of(document: WrittenDocument, notes: Notes) -> str:
    lines = (
        [document.draft, document.title, document.subtitle, ""]
        if document.draft
        else [document.title, document.subtitle, ""]
    )
    for block in document.blocks:
        match block:
            case Heading():
                lines += ["", block.text]
            case Paragraph():
                lines.append("".join(run.text + _mark(notes.number([run])) for run in block.runs))
            case TableBlock():
                lines += _table(block, notes)
            case LineChart():
                lines += _table(as_table(block), notes)
            case Bars():
                lines += [block.title, *(f"{label}  {figure.text}" for label, _, figure in block.rows)]
    lines += ["", *(f"[{number}] {text}" for number, text in enumerate(notes.texts, 1)), "", document.foot]
    return "\n".join(lines).strip() + "\n"


def _mark(number: int | None) -> str:
    return "" if number is None else f"[{number}]"


def _table(table: TableBlock, notes: Notes) -> list[str]:
    return [
        *([table.title] if table.title else []),
        " | ".join(table.columns),
        *(" | ".join(cell.text for cell in row) + _mark(notes.number(row)) for row in table.rows),
    ]
