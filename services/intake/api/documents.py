"""`GET /api/v1/cases/{id}/documents[/{name}]`: what a case hands out, as a list and each as a file."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.intake.api.cases import card_for
from services.intake.api.wire import answer
from services.intake.board.access import MAY_LOOK
from services.intake.board.case_lookup import CaseLookup
from services.intake.documents.case_documents import document_of, documents_of
from services.intake.fields.form_blocks import FormBlocks
from shared.bodies import sends
from shared.case import Case
from shared.documents.words import DocumentWords
from shared.documents.writing import MEDIA, DocumentFormat, FormatAsked, file_answer, written
from shared.http_fields import CaseRef, IdRef
from shared.ids import CaseId
from shared.tokens import Gate
from shared.vocabulary import Language
from shared.web.names import Names


class ListedDocument(BaseModel):
    """A document of a case."""

    name: str
    title: str
    reference: str
    at: datetime
    """Its date."""


class ListedDocuments(BaseModel):
    """What the case hands out; a document is there once what it says has happened."""

    case: CaseId
    documents: list[ListedDocument]


_RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such case, or no such document of it"}
}


def documents_router(
    lookup: CaseLookup, forms: FormBlocks, gate: Gate, zone: ZoneInfo, names: Names
) -> APIRouter:
    router = APIRouter(tags=["cases"])

    async def asked(request: Request, case: str, language: Language) -> tuple[Case, DocumentWords]:
        card = await card_for(lookup, CaseId(case), gate.admit(request, *sorted(MAY_LOOK)))
        return card.whole, DocumentWords(language, names, zone)

    @router.get("/api/v1/cases/{case}/documents", response_model=ListedDocuments, responses=_RESPONSES)
    async def documents(request: Request, case: CaseRef, language: Language = Language.ZH) -> Response:
        whole, words = await asked(request, case, language)
        listed = [
            ListedDocument(
                name=document.name, title=document.title, reference=document.reference, at=document.at
            )
            for document in documents_of(whole, words, forms.forms)
        ]
        return answer(ListedDocuments(case=whole.id, documents=listed))

    @router.get(
        "/api/v1/cases/{case}/documents/{name}",
        response_class=Response,
        responses={**_RESPONSES, **sends(*MEDIA.values())},
    )
    async def document(
        request: Request,
        case: CaseRef,
        name: IdRef,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        whole, words = await asked(request, case, language)
        content = document_of(whole, name, words, forms.forms).write()
        return file_answer(await asyncio.to_thread(written, content, words, form, f"{name}-{whole.id}"))

    return router
