"""Documents over HTTP: analyses and bulletins of a time, public notice and review of a case."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.audit.reports.documents.making import Documents
from services.audit.reports.documents.period import Period, PeriodError, Week
from services.audit.web.trail import READERS
from shared.bodies import sends
from shared.documents.writing import MEDIA, DocumentFormat, FormatAsked, file_answer
from shared.http_fields import CaseRef, Words
from shared.message import N_, because
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Language

Asked = TypeVar("Asked", Period, Week)
AskedPeriod = Annotated[Words, Query(description="a month, 2026-10, or a quarter, 2026-Q3")]
AskedWeek = Annotated[Words, Query(description="2026-W48, as ISO 8601 counts weeks")]


def documents_router(documents: Documents, gate: Gate) -> APIRouter:
    router = APIRouter(
        prefix="/api/v1",
        tags=["reports"],
        default_response_class=Response,
        responses=sends(*MEDIA.values()),
    )

    @router.get("/reports/analysis")
    async def analysis(
        request: Request,
        period: AskedPeriod,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The analysis of a month or quarter as a document, each figure with its records in an annex."""
        gate.admit(request, *READERS)
        return file_answer(await documents.analysis(_read("period", period, Period.read), form, language))

    @router.get("/reports/case-bulletin")
    async def case_bulletin(
        request: Request,
        period: AskedPeriod,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The bulletin of cases under supervision: by unit and order, each line with its record."""
        gate.admit(request, *READERS)
        return file_answer(
            await documents.case_bulletin(_read("period", period, Period.read), form, language)
        )

    @router.get("/reports/price-bulletin")
    async def price_bulletin(
        request: Request,
        week: AskedWeek,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The price bulletin of a week: what each point read, against the day and the week before; who is missing."""
        gate.admit(request, *READERS)
        return file_answer(await documents.price_bulletin(_read("week", week, Week.read), form, language))

    @router.get("/cases/{case_id}/public-notice")
    async def public_notice(
        request: Request,
        case_id: CaseRef,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The public notice of a case as it stands: facts with record numbers, text, approvals, reply window,
        publication.
        """
        gate.admit(request, *READERS)
        return file_answer(await documents.notice(case_id, form, language))

    @router.get("/cases/{case_id}/review")
    async def review(
        request: Request,
        case_id: CaseRef,
        form: FormatAsked = DocumentFormat.HTML,
        language: Language = Language.ZH,
    ) -> Response:
        """The review after an event: causes, what happened when, what it taught as tasks and how they stand."""
        gate.admit(request, *READERS)
        return file_answer(await documents.review(case_id, form, language))

    return router


def _read(field: str, text: str, read: Callable[[str], Asked]) -> Asked:
    try:
        return read(text)
    except PeriodError as error:
        raise Problem(422, N_("Invalid request"), because(error), errors=[(field, because(error))]) from None
