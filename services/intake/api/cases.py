"""`GET /api/v1/cases[/{id}]`: the cases as they stand, from the board, the next due first."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from services.intake.access import MAY_LOOK, forbidden, may_look
from services.intake.acts import unknown_case
from services.intake.board import Board, Card, due_order
from services.intake.words import TIME_EXAMPLE, invalid
from shared.case import Case
from shared.facts import Instant, rfc3339
from shared.ids import CaseId
from shared.tokens import Gate, Principal

_instant: TypeAdapter[datetime] = TypeAdapter(Instant)


def cases_router(board: Board, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/cases")
    async def cases(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        *,
        open: Annotated[bool | None, Query(description="true: not settled or something still owed; false: the others")] = None,  # noqa: A002
        unit: Annotated[str | None, Query(description="reported it, holds it, or is asked to take it")] = None,
        due_before: Annotated[str | None, Query(description=f"something is due before this time, e.g. {TIME_EXAMPLE}")] = None,
        cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        until = _time(due_before)
        after = _place(cursor)
        found = [
            card for card in board.cards() if _wanted(card, principal, open, unit, until) and (after is None or due_order(card) > after)
        ]
        found.sort(key=due_order)
        page = found[:limit]
        body = {
            "cases": [orjson.Fragment(card.raw) for card in page],
            "next": _cursor(page[-1]) if len(found) > limit else None,
            "revision": board.revision,
            "caught_up": board.ready,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    @router.get("/api/v1/cases/{case}", response_model=Case)
    async def case(request: Request, case: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = gate.admit(request, *sorted(MAY_LOOK))
        card = board.card(CaseId(case))
        if card is None:
            raise unknown_case(case, board)
        if not may_look(principal, card):
            raise forbidden(f"Your unit {principal.unit} has no part in this case.")
        return Response(card.raw, media_type="application/json", headers={"ETag": f'"{card.revision}"'})

    return router


def _wanted(card: Card, principal: Principal, is_open: bool | None, unit: str | None, until: str | None) -> bool:
    return (
        may_look(principal, card)
        and (is_open is None or card.is_open is is_open)
        and (unit is None or card.concerns(unit))
        and (until is None or (card.next_due is not None and card.next_due < until))
    )


def _time(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        # In a query a bare + arrives as a space.
        return rfc3339(_instant.validate_python(text.strip().replace(" ", "+")))
    except ValidationError:
        raise invalid([("due_before", f"{text[:60]!r} is not a time with an offset: write it as in {TIME_EXAMPLE}")], "query") from None


def _cursor(card: Card) -> str:
    return base64.urlsafe_b64encode("|".join(due_order(card)).encode()).decode().rstrip("=")


def _place(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    try:
        due, _, case = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
    except (binascii.Error, ValueError):
        raise invalid([("cursor", "is not one of ours: take `next` of the page before, or leave it out")], "query") from None
    return due, case
