"""`POST /api/v1/reports`: a unit reports, and learns what is due now, to whom, by when, with a receipt."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from services.intake.api.wire import answer
from services.intake.board.access import MAY_REPORT
from services.intake.recording.answers import Submitted
from services.intake.reporting.submit import Submission
from shared.bodies import takes
from shared.door import Lane, doorway
from shared.facts import ReportForm
from shared.http_fields import IdempotencyKey
from shared.tokens import Gate

REPORTED: dict[int | str, dict[str, Any]] = {
    200: {"model": Submitted, "description": "Reported before, under this key"}
}


def reports_router(submission: Submission, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["reports"])

    @router.post(
        "/api/v1/reports",
        status_code=201,
        response_model=Submitted,
        responses=REPORTED,
        openapi_extra=takes(ReportForm),
    )
    @doorway(lane=Lane.REPORTS)
    async def report(
        request: Request,
        idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
    ) -> Response:
        principal = gate.admit(request, *sorted(MAY_REPORT))
        form = await submission.parse(await request.body())
        submitted = await submission.report(form, principal, idempotency_key)
        return answer(
            submitted, 200 if submitted.repeated else 201, {"Location": f"/api/v1/cases/{submitted.case}"}
        )

    return router
