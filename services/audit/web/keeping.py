"""Erasing personal data and holding records over HTTP.

Invariant: who may erase can't lift a hold, and who may hold can't erase.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.audit.custody.desk import (
    HoldAnswer,
    HoldForm,
    KeepingDesk,
    RedactionAnswer,
    RedactionForm,
    ReleaseForm,
)
from services.audit.records.keeping import MAY_HOLD, MAY_REDACT, Erasure, Hold
from services.audit.web.trail import READERS
from shared.bodies import form_of, takes
from shared.http_fields import IdRef, Index
from shared.tokens import Gate

_REDACTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": RedactionAnswer,
        "description": "On record, and carried out as soon as a checkpoint covers it",
    },
    409: {"description": "A hold forbids it, or nothing is left to erase"},
}


def keeping_router(desk: KeepingDesk, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["redactions and holds"])

    @router.post(
        "/redactions", response_model=RedactionAnswer, responses=_REDACTED, openapi_extra=takes(RedactionForm)
    )
    async def redact(request: Request) -> JSONResponse:
        """Erase personal fields. 202: on record, and not carried out yet. 409: a hold forbids it, or nothing
        is left to erase.
        """
        by = gate.admit(request, *MAY_REDACT).actor()
        answer = await desk.redact(by, await form_of(request, RedactionForm))
        return JSONResponse(answer.model_dump(mode="json"), 200 if answer.carried_out else 202)

    @router.get("/redactions")
    async def redactions(request: Request, index: Index | None = None) -> tuple[Erasure, ...]:
        """What was erased, by whom and on what basis: of one record, or of all."""
        gate.admit(request, *READERS, *MAY_REDACT)
        erasures = (await desk.state()).erasures
        return tuple(
            erasure
            for at in ([index] if index is not None else sorted(erasures))
            for erasure in erasures.get(at, ())
        )

    @router.post("/holds", status_code=201, openapi_extra=takes(HoldForm))
    async def hold(request: Request) -> HoldAnswer:
        """Forbid that anything of a case, or of a range of records, is erased, until the hold is released."""
        by = gate.admit(request, *MAY_HOLD).actor()
        return await desk.hold(by, await form_of(request, HoldForm))

    @router.post("/holds/{hold}/release", openapi_extra=takes(ReleaseForm))
    async def release(request: Request, hold: IdRef) -> HoldAnswer:
        """The hold ends."""
        by = gate.admit(request, *MAY_HOLD).actor()
        return await desk.release(by, hold, await form_of(request, ReleaseForm))

    @router.get("/holds")
    async def holds(request: Request) -> tuple[Hold, ...]:
        """Those in force."""
        gate.admit(request, *READERS, *MAY_REDACT)
        return tuple((await desk.state()).holds.values())

    return router
