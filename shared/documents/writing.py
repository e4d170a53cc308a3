"""A document's blocks as the file of a format that somebody asks for, and as the answer that carries it.

Invariant: all formats are written of the same blocks; an HTML document is served with a policy under which it
can load and run nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from shared.documents import html
from shared.documents.blocks import WrittenDocument
from shared.documents.notes import Notes, Trace
from shared.documents.text import text_of
from shared.documents.words import DocumentWords


class DocumentFormat(StrEnum):
    HTML = "html"
    DOCX = "docx"
    TEXT = "text"


FormatAsked = Annotated[DocumentFormat, Query(alias="format")]
MEDIA = {
    DocumentFormat.HTML: "text/html; charset=utf-8",
    DocumentFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    DocumentFormat.TEXT: "text/plain; charset=utf-8",
}
SUFFIX = {DocumentFormat.HTML: "html", DocumentFormat.DOCX: "docx", DocumentFormat.TEXT: "txt"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class MadeFile:
    content: bytes
    media: str
    name: str


def untraced(_: str) -> list[int]:
    """Of a document that names no figure."""
    return []


def written(
    document: WrittenDocument, words: DocumentWords, form: DocumentFormat, name: str, trace: Trace = untraced
) -> MadeFile:
    notes = Notes(words, trace)
    match form:
        case DocumentFormat.HTML:
            content = html.page(document, words, notes).encode()
        case DocumentFormat.DOCX:
            from shared.documents.docx_file import DocxFile

            content = DocxFile(document, words, notes).content()
        case DocumentFormat.TEXT:
            content = text_of(document, notes).encode()
    return MadeFile(content, MEDIA[form], f"{name}-{words.language}.{SUFFIX[form]}")


def file_answer(file: MadeFile) -> Response:
    """What a word processor opens is saved, the rest is shown."""
    how = "attachment" if file.name.endswith(".docx") else "inline"
    return Response(
        file.content,
        media_type=file.media,
        headers={**_HEADERS, "Content-Disposition": f'{how}; filename="{file.name}"'},
    )
