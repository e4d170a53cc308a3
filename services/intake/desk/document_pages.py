"""The documents of a case (letters to whoever petitioned, the notice of assignment) as pages to read and print, and as
files to sign and hand over.

Invariant: whoever may look at the case may have these, and nobody else.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.intake.desk.here import READERS, DeskPages
from services.intake.documents.case_documents import document_of
from shared.documents import html
from shared.documents.blocks import Cell
from shared.documents.words import DocumentWords
from shared.documents.writing import DocumentFormat, file_answer, written


def add_documents(router: APIRouter, here: DeskPages) -> None:
    @router.get("/cases/{case}/documents/{name}")
    async def document(
        request: Request,
        case: str,
        name: str,
        form: Annotated[DocumentFormat | None, Query(alias="format")] = None,
    ) -> Response:
        """The page; with `format` the file."""
        principal = here.pages.admit(request, *READERS)
        whole = (await here.find(case, principal)).whole
        words = DocumentWords(here.pages.language(request), here.names, here.desk.zone)
        asked = document_of(whole, name, words, here.desk.forms.forms)
        content = asked.write()
        if form is not None:
            return file_answer(await asyncio.to_thread(written, content, words, form, f"{name}-{whole.id}"))
        return here.show(
            request,
            "document.html",
            principal,
            case=whole,
            document=content,
            address=f"/cases/{whole.id}/documents/{name}",
            content=html.body(content.blocks, _nowhere),
        )


def _nowhere(_: Cell) -> None:
    return None
