"""What stands above and below an official document: its reference 文号, to whom it goes 主送, and whose it is 落款."""

from datetime import datetime

from shared.documents.blocks import Block, Cell, Paragraph
from shared.documents.words import DocumentWords
from shared.language.document_head import date_of

ADDRESSEE = "addressee"
"""The style of the line that says to whom it goes: it begins at the margin."""


def head(reference: str, addressee: str) -> list[Block]:
    """`addressee`: as it is said, `主送：市住房和城乡建设局`."""
    return [Paragraph((Cell(reference),), "centre"), Paragraph((Cell(addressee),), ADDRESSEE)]


def foot(words: DocumentWords, organ: str, at: datetime) -> list[Block]:
    return [
        Paragraph((Cell(organ),), "right"),
        Paragraph((Cell(date_of(words, at, words.zone)),), "right"),
    ]
