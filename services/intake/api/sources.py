"""`POST /api/v1/sources/{id}/heartbeat`: a system that has nothing to report says that it lives."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.intake.api.ingest import speaks_for
from services.intake.api.wire import answer
from services.intake.ingest.formats.items import FormatError
from services.intake.ingest.ingest import HandIn
from shared.http_fields import IdRef
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role


def sources_router(hand_in: HandIn, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/sources", tags=["ingest"])

    @router.post("/{source}/heartbeat", responses={404: {"description": "No such source"}})
    async def heartbeat(request: Request, source: IdRef) -> Response:
        """For a publisher, and only for its own source. Any message of the source counts as one too.
        `recorded`: a fact was made of it.
        """
        who = speaks_for(gate.admit(request, Role.PUBLISHER), source)
        try:
            recorded = await hand_in.hear(who, clock())
        except FormatError as error:
            raise Problem(404, N_("No such source"), error.faults[0][1], errors=error.faults) from None
        return answer({"source": who, "recorded": recorded})

    return router
