"""`POST /api/v1/reports`: a unit reports, and learns what is due now, to whom, by when, with a receipt."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from services.intake.access import MAY
from services.intake.answers import Submitted
from services.intake.api.wire import PROBLEMS, answer, body_of, takes
from services.intake.submit import Submission
from shared.facts import ReportForm
from shared.tokens import Gate
from shared.vocabulary import Kind


def reports_router(submission: Submission, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["reports"])

    @router.post("/api/v1/reports", status_code=201, response_model=Submitted, responses=PROBLEMS, openapi_extra=takes(ReportForm))
    async def report(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        idempotency_key: Annotated[str | None, Header(description="The same key makes a repeat return the same case.")] = None,
    ) -> Response:
        principal = gate.admit(request, *sorted(MAY[Kind.REPORTED]))
        form = submission.parse(await body_of(request))
        submitted = await submission.report(form, principal, idempotency_key)
        return answer(submitted, 200 if submitted.repeated else 201, {"Location": f"/api/v1/cases/{submitted.case}"})

    return router
