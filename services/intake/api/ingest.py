"""`POST /api/v1/ingest/<format>`: what systems send over HTTP, in the same formats as the inbox.

Invariant: 4xx only for what will never be right, since Alertmanager retries 5xx and nothing else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.intake.api.wire import answer
from services.intake.board.access import forbidden
from services.intake.ingest.formats import FORMATS
from services.intake.ingest.formats.items import FormatError
from services.intake.ingest.ingest import HandIn, ItemOutcome
from shared.bodies import takes_bytes
from shared.door import Lane, doorway
from shared.http_fields import IdRef
from shared.message import N_, Marked, marked, said
from shared.problems import Problem
from shared.streams import INBOX_MESSAGE_LIMIT
from shared.tokens import Gate, Principal
from shared.vocabulary import Role

SOURCE_PREFIX = "source:"
TAKEN: dict[int | str, dict[str, Any]] = {200: {"description": "Taken before; nothing new is stored"}}
NEW = frozenset({ItemOutcome.REPORTED, ItemOutcome.FOLLOWED_UP, ItemOutcome.WITHDRAWN})


def ingest_router(hand_in: HandIn, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/ingest", tags=["ingest"])
    for name in FORMATS:
        _add(router, name, hand_in, gate, clock)
    return router


def _add(router: APIRouter, name: str, hand_in: HandIn, gate: Gate, clock: Callable[[], datetime]) -> None:
    @doorway(body_limit=INBOX_MESSAGE_LIMIT, lane=Lane.REPORTS)
    async def ingest(
        request: Request,
        source: Annotated[IdRef | None, Query(description="the id of the source in the directory")] = None,
    ) -> Response:
        principal = gate.admit(request, Role.PUBLISHER)
        who = speaks_for(principal, source)
        raw = await request.body()
        try:
            items_taken = await hand_in.take(
                name, who, raw, dict(request.headers), received_at=clock(), from_inbox=False
            )
        except FormatError as error:
            detail = said(
                N_("Nothing is stored (%(reason)s): correct what errors name and send it again."),
                reason=marked(error.reason),
            )
            raise Problem(
                422,
                said(N_("Not taken: %(reason)s"), reason=marked(error.reason)),
                detail,
                errors=error.faults,
            ) from None
        items = [item.model_dump(mode="json", exclude_none=True) for item in items_taken]
        if all(item.outcome is ItemOutcome.REFUSED for item in items_taken):
            errors = [(item.id, Marked(item.note or N_("refused"))) for item in items_taken]
            raise Problem(
                422, N_("Not taken"), N_("Nothing of it could be taken."), errors=errors, items=items
            )
        return answer({"items": items}, 201 if any(item.outcome in NEW for item in items_taken) else 200)

    media = "application/xml" if name == "cap" else "application/json"
    router.add_api_route(
        f"/{name}",
        ingest,
        methods=["POST"],
        name=f"ingest-{name}",
        status_code=201,
        responses=TAKEN,
        openapi_extra=takes_bytes(media),
    )


def speaks_for(principal: Principal, source: str | None) -> str:
    """A publisher's token is made for one source, and speaks for that source alone."""
    if not principal.subject.startswith(SOURCE_PREFIX):
        raise forbidden(N_("Your token is a publisher's of no source: have one issued with --source."))
    own = principal.subject.removeprefix(SOURCE_PREFIX)
    if source not in (None, own):
        raise forbidden(
            said(
                N_("Your token is the one of source %(own)s, not of %(source)s."), own=own, source=source[:60]
            )
        )
    return own
