"""Documents over HTTP: the analysis of a month or quarter, and the public notice of a case.

Invariant: an HTML document is served with a policy under which it can load and run nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.audit.reports.documents.making import MEDIA, DocumentFormat, Documents, MadeFile
from services.audit.reports.documents.period import Period, PeriodError
from services.audit.web.trail import READERS
from shared.bodies import sends
from shared.http_fields import CaseRef, Words
from shared.message import N_, because
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Language

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
Form = Annotated[DocumentFormat, Query(alias="format")]


def documents_router(documents: Documents, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["reports"])

    @router.get("/reports/analysis", response_class=Response, responses=sends(*MEDIA.values()))
    async def analysis(
        request: Request,
        period: Annotated[Words, Query(description="a month, 2026-10, or a quarter, 2026-Q3")],
        form: Form = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The analysis of a month or quarter as a document, each figure with its records in an annex."""
        gate.admit(request, *READERS)
        try:
            wanted = Period.read(period)
        except PeriodError as error:
            raise Problem(
                422, N_("Invalid request"), because(error), errors=[("period", because(error))]
            ) from None
        return _response(await documents.analysis(wanted, form, language))

    @router.get("/cases/{case_id}/public-notice", response_class=Response, responses=sends(*MEDIA.values()))
    async def public_notice(
        request: Request, case_id: CaseRef, form: Form = DocumentFormat.HTML, language: Language = Language.ZH
    ) -> Response:
        """The public notice of a case as it stands: facts with record numbers, text, approvals, reply window,
        publication.
        """
        gate.admit(request, *READERS)
        return _response(await documents.notice(case_id, form, language))

    return router


def _response(file: MadeFile) -> Response:
    how = "attachment" if file.name.endswith(".docx") else "inline"
    return Response(
        file.content,
        media_type=file.media,
        headers={**_HEADERS, "Content-Disposition": f'{how}; filename="{file.name}"'},
    )
