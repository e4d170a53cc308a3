"""Blocks as HTML: inside a page of the explorer, where a number is a link to its records, or as a file of its
own that prints on A4.

Invariant: a file of its own loads nothing from anywhere; every text is escaped; charts are plain SVG, read
aloud by their labels.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

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
from shared.documents.line_chart import line_chart
from shared.documents.notes import Notes
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_

Link = Callable[[Cell], str | None]
BAR_HEIGHT, LABEL_WIDTH, BAR_WIDTH, WIDTH = 22, 220, 360, 660
FONT = 12


@cache
def style() -> Markup:
    """The style of a file of its own."""
    return Markup((Path(__file__).parent / "document.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def body(blocks: Sequence[Block], link: Link, notes: Notes | None = None) -> Markup:
    return Markup("\n").join(_block(block, link, notes) for block in blocks if not _is_empty(block))


def _is_empty(block: Block) -> bool:
    if isinstance(block, LineChart):
        return len(block.at) < 2 or not block.lines
    return isinstance(block, TableBlock | Bars) and not block.rows


def _block(block: Block, link: Link, notes: Notes | None) -> Markup:
    match block:
        case Heading():
            return Markup("<h{0}>{1}</h{0}>").format(block.level + 1, block.text)
        case Paragraph():
            runs = Markup("").join(_cell(run, link, notes) for run in block.runs)
            return Markup('<p class="{}">{}</p>').format(block.style, runs)
        case TableBlock():
            return _table(block, link, notes)
        case Bars():
            return _bars(block, link, notes)
        case LineChart():
            return line_chart(block)


def _cell(cell: Cell, link: Link, notes: Notes | None) -> Markup:
    href = link(cell)
    text = Markup('<a href="{}">{}</a>').format(href, cell.text) if href is not None else escape(cell.text)
    return text + _mark(notes.number([cell]) if notes is not None else None)


def _mark(number: int | None) -> Markup:
    return Markup("") if number is None else Markup('<sup><a href="#note-{0}">[{0}]</a></sup>').format(number)


def _table(table: TableBlock, link: Link, notes: Notes | None) -> Markup:
    def kind(at: int) -> Markup:
        return Markup(' class="number"') if at >= table.texts else Markup("")

    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(kind(at), name) for at, name in enumerate(table.columns)
    )
    rows: list[Markup] = []
    for cells in table.rows:
        mark = _mark(notes.number(cells)) if notes is not None else Markup("")
        shown = [
            Markup("<td{}>{}</td>").format(
                Markup(' class="number heat{}"').format(cell.heat) if cell.heat else kind(at),
                _cell(cell, link, None) + (mark if at == 0 else ""),
            )
            for at, cell in enumerate(cells)
        ]
        rows.append(Markup("<tr>{}</tr>").format(Markup("").join(shown)))
    caption = Markup("<caption>{}</caption>").format(table.title) if table.title else Markup("")
    return Markup(
        '<div class="wide"><table class="table">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(caption, head, Markup("").join(rows))


def _bars(bars: Bars, link: Link, notes: Notes | None) -> Markup:
    most = bars.most or max((value for _, value, _ in bars.rows), default=0) or 1
    height = BAR_HEIGHT * len(bars.rows) + 4
    parts: list[Markup] = []
    for at, (label, value, figure) in enumerate(bars.rows):
        y, width = at * BAR_HEIGHT, round(BAR_WIDTH * min(max(value / most, 0), 1), 1)
        parts.append(
            Markup(
                '<text x="{}" y="{}" font-size="{}" text-anchor="end" fill="currentColor">{}</text>'
            ).format(LABEL_WIDTH - 8, y + 15, FONT, _short(label))
        )
        parts.append(
            Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}" fill="#2f6690"/>').format(
                LABEL_WIDTH, y + 3, width, BAR_HEIGHT - 7
            )
        )
        text = Markup('<text x="{}" y="{}" font-size="{}" fill="currentColor">{}</text>').format(
            LABEL_WIDTH + width + 6, y + 15, FONT, figure.text
        )
        href = link(figure)
        parts.append(Markup('<a href="{}">{}</a>').format(href, text) if href is not None else text)
    mark = _mark(notes.number([amount for _, _, amount in bars.rows])) if notes is not None else Markup("")
    return Markup(
        '<figure><figcaption>{}{}</figcaption><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg></figure>'
    ).format(bars.title, mark, WIDTH, height, bars.title, Markup("").join(parts))


def _short(label: str, most: int = 26) -> str:
    """Chinese characters count twice."""
    width, kept = 0, ""
    for letter in label:
        width += 2 if ord(letter) > 0x2E80 else 1
        if width > most + 8:
            return kept + "…"
        kept += letter
    return kept


def page(document: WrittenDocument, words: DocumentWords, notes: Notes) -> str:
    """The document as a file of its own."""

    def nowhere(_: Cell) -> str | None:
        return None

    content = body(document.blocks, nowhere, notes)
    draft = Markup('<p class="draft">{}</p>').format(document.draft) if document.draft else Markup("")
    annex_notes = Markup("").join(
        Markup('<li id="note-{}">{}</li>').format(number, text) for number, text in enumerate(notes.texts, 1)
    )
    annex = Markup('<h2>{}</h2><ol class="notes">{}</ol>').format(
        words.of(N_("Annex: the records behind the figures")), annex_notes
    )
    return str(
        Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            "<title>{title}</title><style>{style}</style></head><body>{draft}<h1>{title}</h1>{subtitle}{content}{annex}"
            "<footer>{foot}</footer></body></html>"
        ).format(
            lang=document.language,
            title=document.title,
            style=style(),
            draft=draft,
            subtitle=Markup('<p class="centre">{}</p>').format(document.subtitle)
            if document.subtitle
            else "",
            content=content,
            annex=annex if notes.texts else "",
            foot=document.foot,
        )
    )
