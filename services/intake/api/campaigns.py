"""`GET /api/v1/cases/{id}/campaign` and `…/ledger`: a campaign as a matrix of units, and its ledger as a workbook."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.intake.api.cases import card_for
from services.intake.api.wire import answer
from services.intake.board.access import MAY_LOOK
from services.intake.board.board import Board
from services.intake.board.campaign import MatrixRow, SubmissionState
from services.intake.board.campaign_look import campaign_in, form_of_items, ledger_answer, status_seen
from services.intake.board.case_lookup import CaseLookup
from services.intake.board.ledger import LedgerWords, ledger_of
from services.intake.fields.form_blocks import FormBlocks
from shared.http_fields import CaseRef
from shared.ids import CaseId, TaskId, UnitId
from shared.language.words import Words
from shared.tokens import Gate
from shared.web.reader import language_of
from shared.xlsx import MEDIA_TYPE


class UnitRow(BaseModel):
    """One unit of a campaign."""

    unit: UnitId
    task: TaskId
    title: str
    state: SubmissionState
    nil: bool
    was_late: bool
    due_at: datetime
    items: int
    lacking: int
    """Items without measure, owner or date."""
    cases: int
    """Items that go on as cases of their own."""


class Matrix(BaseModel):
    """A campaign: who has handed in what."""

    case: CaseId
    asked: int
    answered: int
    counts: dict[SubmissionState, int]
    units: list[UnitRow]


_RESPONSES: dict[int | str, dict[str, Any]] = {404: {"description": "No such case, or it is no campaign"}}


def campaigns_router(
    board: Board,
    lookup: CaseLookup,
    forms: FormBlocks,
    gate: Gate,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/cases/{case}/campaign", response_model=Matrix, responses=_RESPONSES)
    async def matrix(request: Request, case: CaseRef) -> Response:
        card = await card_for(lookup, CaseId(case), gate.admit(request, *sorted(MAY_LOOK)))
        whole, found = campaign_in(card, clock())
        return answer(
            Matrix(
                case=whole.id,
                asked=found.asked,
                answered=found.answered,
                counts=found.counts,
                units=[_row(row) for row in found.rows],
            )
        )

    @router.get(
        "/api/v1/cases/{case}/ledger",
        response_class=Response,
        responses={**_RESPONSES, 200: {"description": "The workbook", "content": {MEDIA_TYPE: {}}}},
    )
    async def ledger(request: Request, case: CaseRef) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        whole, found = campaign_in(await card_for(lookup, CaseId(case), principal), clock())
        said = LedgerWords(Words(language_of(request)), forms.names, zone, form_of_items(whole, forms.forms))
        return ledger_answer(ledger_of(found, said, partial(status_seen, board, principal)), case)

    return router


def _row(row: MatrixRow) -> UnitRow:
    return UnitRow(
        unit=row.unit,
        task=row.task.id,
        title=row.task.title,
        state=row.state,
        nil=row.nil,
        was_late=row.was_late,
        due_at=row.task.due_at,
        items=row.items,
        lacking=row.lacking,
        cases=row.cases,
    )
