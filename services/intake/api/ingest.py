"""`POST /api/v1/ingest/<format>`: what systems send over HTTP, in the same formats as the inbox.

Invariant: 4xx only for what will never be right, since Alertmanager retries 5xx and nothing else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.intake.access import forbidden
from services.intake.api.wire import PROBLEMS, answer, body_of
from services.intake.formats import FORMATS
from services.intake.formats.items import FormatError
from services.intake.hand_in import HandIn, Taking
from services.intake.words import invalid
from shared.problems import Problem
from shared.streams import INBOX_MESSAGE_LIMIT
from shared.tokens import Gate, Principal
from shared.vocabulary import Role

NEW = frozenset({Taking.REPORTED, Taking.FOLLOWED_UP, Taking.WITHDRAWN})


def ingest_router(hand_in: HandIn, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/ingest", tags=["ingest"])
    for name in FORMATS:
        _add(router, name, hand_in, gate, clock)
    return router


def _add(router: APIRouter, name: str, hand_in: HandIn, gate: Gate, clock: Callable[[], datetime]) -> None:
    async def ingest(
        request: Request, source: Annotated[str | None, Query(description="the id of the source in the directory")] = None
    ) -> Response:
        principal = gate.admit(request, Role.PUBLISHER)
        who = speaks_for(principal, source)
        raw = await body_of(request, INBOX_MESSAGE_LIMIT)
        try:
            taken = await hand_in.take(name, who, raw, dict(request.headers), received_at=clock(), from_inbox=False)
        except FormatError as error:
            detail = f"Nothing is stored ({error.reason}): correct what errors name and send it again."
            raise Problem(422, f"Not taken: {error.reason}", detail, errors=error.faults) from None
        items = [one.model_dump(mode="json", exclude_none=True) for one in taken]
        if all(one.outcome is Taking.REFUSED for one in taken):
            errors = [(one.id, one.note or "refused") for one in taken]
            raise Problem(422, "Not taken", "Nothing of it could be taken.", errors=errors, items=items)
        return answer({"items": items}, 201 if any(one.outcome in NEW for one in taken) else 200)

    router.add_api_route(f"/{name}", ingest, methods=["POST"], name=f"ingest-{name}", status_code=201, responses=PROBLEMS)


def speaks_for(principal: Principal, asked: str | None) -> str:
    """A token made for one source speaks for that source alone."""
    own = principal.subject.removeprefix("source:") if principal.subject.startswith("source:") else None
    if own is not None and asked not in (None, own):
        raise forbidden(f"Your token is the one of source {own}, not of {asked}.")
    if who := own or asked:
        return who
    raise invalid([("source", "is missing: add ?source=<id of the source in the directory>")], "message")
