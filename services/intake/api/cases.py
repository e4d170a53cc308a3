"""`GET /api/v1/cases[/{id}]` and `GET /api/v1/tasks`: the cases as they stand, from the board, the next due
first.

Invariant: a case is sent on as the escalator wrote it, byte for byte; its schema says which fields are left
out at their default.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from services.intake.api.wire import gives
from services.intake.board.access import MAY_LOOK, forbidden, may_look
from services.intake.board.board import Board
from services.intake.board.card import Card, due_order
from services.intake.board.case_filter import Wanted
from services.intake.board.case_lookup import CaseLookup
from services.intake.board.task_list import ListedTask, listed_tasks
from services.intake.fields.fault_texts import TIME_EXAMPLE, invalid
from shared.case import Case, Slip, TaskState
from shared.facts import Instant
from shared.facts.bounds import given
from shared.fault_texts import in_words
from shared.http_fields import CaseRef, Cursor, IdRef, Words
from shared.ids import CaseId
from shared.tokens import Gate, Principal
from shared.vocabulary import Level, ReportKind

_instant: TypeAdapter[datetime] = TypeAdapter(Instant)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


_RESPONSES: dict[int | str, dict[str, Any]] = {
    **gives(Case, "The case as it stands; fields at their default are left out."),
    404: {"description": "Never reported, or closed long ago and off the board"},
    503: {
        "description": "Its report is on record and not decided on yet (`fact` says where): ask again after `Retry-After`"
    },
}


def cases_router(board: Board, lookup: CaseLookup, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/cases")
    async def cases(
        request: Request,
        *,
        open: Annotated[  # noqa: A002
            bool | None, Query(description="true: not settled or something still owed; false: the others")
        ] = None,
        unit: Annotated[
            IdRef | None, Query(description="has a part in it: reported it, holds it, owes something …")
        ] = None,
        holder: Annotated[IdRef | None, Query(description="this unit answers for it now")] = None,
        kind: ReportKind | None = None,
        level: Annotated[Level | None, Query(description="as graded now")] = None,
        parent: Annotated[CaseRef | None, Query(description="follows from this case")] = None,
        standing: Annotated[
            bool, Query(description="true: what is watched without a report, and nothing else")
        ] = False,
        due_before: Annotated[
            Words | None, Query(description=f"something is due before this time, e.g. {TIME_EXAMPLE}")
        ] = None,
        cursor: Cursor | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        until, after = _time(due_before), place_of(cursor)
        wanted = Wanted(
            is_open=open,
            unit=unit,
            holder=holder,
            kind=kind,
            level=level,
            parent=parent,
            standing=standing,
            due_before=until,
        )
        found = [
            card
            for card in board.cards()
            if wanted.fits(card) and may_look(principal, card) and (after is None or due_order(card) > after)
        ]
        found.sort(key=due_order)
        page = found[:limit]
        body = {
            "cases": [orjson.Fragment(card.listed) for card in page],
            "next": _cursor(page[-1]) if len(found) > limit else None,
            "revision": board.revision,
            "caught_up": board.ready,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    @router.get("/api/v1/cases/{case}", responses=_RESPONSES)
    async def case(request: Request, case: CaseRef) -> Response:
        card = await _seen(lookup, CaseId(case), gate.admit(request, *sorted(MAY_LOOK)))
        return Response(card.raw, media_type="application/json", headers={"ETag": f'"{card.revision}"'})

    @router.get("/api/v1/tasks")
    async def tasks(
        request: Request,
        *,
        unit: Annotated[IdRef | None, Query(description="holds the task")] = None,
        assigner: IdRef | None = None,
        state: Annotated[TaskState | None, Query(description="without one: all that are not closed")] = None,
        slip: Annotated[Slip | None, Query(description="its colour now")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        cards = [card for card in board.cards() if may_look(principal, card)]
        found = [
            one
            for one in listed_tasks(cards, clock(), closed=state in (TaskState.VERIFIED, TaskState.CANCELLED))
            if (unit is None or one.task.unit == unit)
            and (assigner is None or one.task.assigner == assigner)
            and (state is None or one.task.state is state)
            and (slip is None or one.slip is slip)
        ]
        body = {
            "tasks": [_shown(one) for one in found[:limit]],
            "more": max(len(found) - limit, 0),
            "caught_up": board.ready,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    return router


def _shown(one: ListedTask) -> dict[str, Any]:
    slip = {} if one.slip is None else {"slip": one.slip}
    return {"case": one.case, "summary": one.summary, **msgspec.to_builtins(one.task), **slip}


async def _seen(lookup: CaseLookup, case: CaseId, principal: Principal) -> Card:
    card = await lookup.card(case, principal)
    if not may_look(principal, card):
        raise forbidden(f"Your unit {principal.unit} has no part in this case.")
    return card


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # In a query a bare + arrives as a space.
        with given():
            return _instant.validate_python(text.strip().replace(" ", "+"))
    except ValidationError as error:
        raise invalid([("due_before", in_words(error.errors()[0]))], "query") from None


def _cursor(card: Card) -> str:
    due, case = due_order(card)
    return base64.urlsafe_b64encode(f"{(due - _EPOCH) // _MICROSECOND}|{case}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        due, _, case = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        return _EPOCH + int(due) * _MICROSECOND, case
    except (binascii.Error, ValueError, OverflowError):
        raise invalid(
            [("cursor", "is not one of ours: take `next` of the page before, or leave it out")], "query"
        ) from None
