"""Erasing personal data and holding records over HTTP.

Invariant: who may erase can't lift a hold, and who may hold can't erase.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.audit.api import READERS
from services.audit.keeping.desk import HoldAnswer, HoldForm, KeepingDesk, RedactionAnswer, RedactionForm, ReleaseForm
from services.audit.keeping.rules import MAY_HOLD, MAY_REDACT, Erasure, Hold
from shared.tokens import Gate


def keeping_router(desk: KeepingDesk, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["redactions and holds"])

    @router.post("/redactions", response_model=RedactionAnswer)
    async def redact(request: Request, form: RedactionForm) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Erase personal fields. 202: on record, and not carried out yet. 409: a hold forbids it, or nothing is left to erase."""
        answer = await desk.redact(gate.admit(request, *MAY_REDACT).actor(), form)
        return JSONResponse(answer.model_dump(mode="json"), 200 if answer.carried_out else 202)

    @router.get("/redactions")
    async def redactions(request: Request, index: int | None = None) -> tuple[Erasure, ...]:  # pyright: ignore[reportUnusedFunction]
        """What was erased, by whom and on what basis: of one record, or of all."""
        gate.admit(request, *READERS, *MAY_REDACT)
        erasures = (await desk.state()).erasures
        return tuple(one for at in ([index] if index is not None else sorted(erasures)) for one in erasures.get(at, ()))

    @router.post("/holds", status_code=201)
    async def hold(request: Request, form: HoldForm) -> HoldAnswer:  # pyright: ignore[reportUnusedFunction]
        """Forbid that anything of a case, or of a range of records, is erased, until the hold is released."""
        return await desk.hold(gate.admit(request, *MAY_HOLD).actor(), form)

    @router.post("/holds/{hold}/release")
    async def release(request: Request, hold: str, form: ReleaseForm) -> HoldAnswer:  # pyright: ignore[reportUnusedFunction]
        """The hold ends."""
        return await desk.release(gate.admit(request, *MAY_HOLD).actor(), hold, form)

    @router.get("/holds")
    async def holds(request: Request) -> tuple[Hold, ...]:  # pyright: ignore[reportUnusedFunction]
        """Those in force."""
        gate.admit(request, *READERS, *MAY_REDACT)
        return tuple((await desk.state()).holds.values())

    return router
