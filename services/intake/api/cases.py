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
from zoneinfo import ZoneInfo

import msgspec
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from services.intake.api.wire import gives
from services.intake.board.access import MAY_LOOK, forbidden, may_look
from services.intake.board.board import Board
from services.intake.board.card import Card, due_order
from services.intake.board.case_filter import CaseFilter
from services.intake.board.case_lookup import CaseLookup
from services.intake.board.task_list import ListedTask, listed_tasks
from shared import http_fields
from shared.case import Case, Slip, TaskState
from shared.http_fields import CaseRef, Cursor, IdRef, QueryTime
from shared.ids import CaseId
from shared.language.words import Words
from shared.message import N_, said
from shared.problems import invalid
from shared.story.case_log import RecentStory, recent
from shared.tokens import Gate, Principal
from shared.vocabulary import Language, Level, ReportKind
from shared.web.names import Names

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class CasesQuery(http_fields.Query):
    """Which cases, and which page of them."""

    open: bool | None = Field(
        None, description="true: not settled or something still owed; false: the others"
    )
    unit: IdRef | None = Field(None, description="has a part in it: reported it, holds it, owes something …")
    holder: IdRef | None = Field(None, description="this unit answers for it now")
    kind: ReportKind | None = None
    level: Level | None = Field(None, description="as graded now")
    parent: CaseRef | None = Field(None, description="follows from this case")
    standing: bool = Field(False, description="true: what is watched without a report, and nothing else")
    due_before: QueryTime | None = Field(None, description="something is due before this time")
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def filter(self) -> CaseFilter:
        return CaseFilter(
            is_open=self.open,
            unit=self.unit,
            holder=self.holder,
            kind=self.kind,
            level=self.level,
            parent=self.parent,
            standing=self.standing,
            due_before=self.due_before,
        )


class TasksQuery(http_fields.Query):
    unit: IdRef | None = Field(None, description="holds the task")
    assigner: IdRef | None = None
    state: TaskState | None = Field(None, description="without one: all that are not closed")
    slip: Slip | None = Field(None, description="its colour now")
    limit: Annotated[int, Field(ge=1, le=1000)] = 200

    def fits(self, listed: ListedTask) -> bool:
        return (
            self.unit in (None, listed.task.unit)
            and self.assigner in (None, listed.task.assigner)
            and self.state in (None, listed.task.state)
            and self.slip in (None, listed.slip)
        )


_RESPONSES: dict[int | str, dict[str, Any]] = {
    **gives(Case, "The case as it stands; fields at their default are left out."),
    404: {"description": "Never reported, or closed long ago and off the board"},
    503: {
        "description": "Its report is on record and not decided on yet (`fact` says where): ask again after `Retry-After`"
    },
}


def cases_router(
    board: Board,
    lookup: CaseLookup,
    gate: Gate,
    clock: Callable[[], datetime],
    zone: ZoneInfo,
    names: Names,
) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/cases")
    async def cases(request: Request, query: Annotated[CasesQuery, Query()]) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        after, case_filter = place_of(query.cursor), query.filter()
        cards = [
            card
            for card in board.cards()
            if case_filter.fits(card)
            and may_look(principal, card)
            and (after is None or due_order(card) > after)
        ]
        cards.sort(key=due_order)
        page = cards[: query.limit]
        body = {
            "cases": [orjson.Fragment(card.listed) for card in page],
            "next": _cursor(page[-1]) if len(cards) > query.limit else None,
            "revision": board.revision,
            "caught_up": board.ready,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    @router.get("/api/v1/cases/{case}", responses=_RESPONSES)
    async def case(request: Request, case: CaseRef) -> Response:
        card = await card_for(lookup, CaseId(case), gate.admit(request, *sorted(MAY_LOOK)))
        return Response(card.raw, media_type="application/json", headers={"ETag": f'"{card.revision}"'})

    @router.get("/api/v1/cases/{case}/story")
    async def story(request: Request, case: CaseRef, language: Language = Language.ZH) -> RecentStory:
        """The last moments of a case in words, the oldest first: who did what, in time or late, and why. The
        audit tells the whole.
        """
        card = await card_for(lookup, CaseId(case), gate.admit(request, *sorted(MAY_LOOK)))
        return recent(card.whole, Words(language), zone, names)

    @router.get("/api/v1/tasks")
    async def tasks(request: Request, query: Annotated[TasksQuery, Query()]) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        cards = [card for card in board.cards() if may_look(principal, card)]
        closed = query.state in (TaskState.VERIFIED, TaskState.CANCELLED)
        fitting = [listed for listed in listed_tasks(cards, clock(), closed=closed) if query.fits(listed)]
        body = {
            "tasks": [_shown(task) for task in fitting[: query.limit]],
            "more": max(len(fitting) - query.limit, 0),
            "caught_up": board.ready,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    return router


def _shown(listed: ListedTask) -> dict[str, Any]:
    slip = {} if listed.slip is None else {"slip": listed.slip}
    return {"case": listed.case, "summary": listed.summary, **msgspec.to_builtins(listed.task), **slip}


async def card_for(lookup: CaseLookup, case: CaseId, principal: Principal) -> Card:
    card = await lookup.card(case, principal)
    if not may_look(principal, card):
        raise forbidden(said(N_("Your unit %(unit)s has no part in this case."), unit=principal.unit))
    return card


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
            [("cursor", N_("is not one of ours: take `next` of the page before, or leave it out"))],
            N_("query"),
        ) from None
