"""The notifier over HTTP: what became of deliveries.

Invariant: addresses leave masked, as they are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.notifier.delivery.recent import Recent
from services.notifier.delivery.record import DeliveryOutcome, Receipt, Sheet
from shared import http_fields
from shared.facts import Delivery, Frozen, Purpose
from shared.http_fields import CaseRef, IdRef
from shared.ids import CaseId, NoticeId, PersonId
from shared.tokens import Gate
from shared.vocabulary import Role

READERS = (Role.OPERATOR, Role.DUTY_OFFICER, Role.SUPERVISOR, Role.AUDITOR)


class HandedOver(Delivery):
    """What became of a notice on one channel."""

    case: CaseId
    outcome: DeliveryOutcome
    purpose: Purpose
    receipt: Receipt | None = None


class HeldBack(Frozen):
    """A notice that was sent to nobody, and why."""

    case: CaseId
    outcome: Literal[DeliveryOutcome.HELD] = DeliveryOutcome.HELD
    purpose: Purpose
    notice: NoticeId
    person: PersonId
    held: str | None


Line = HandedOver | HeldBack


class DeliveriesQuery(http_fields.Query):
    case: CaseRef | None = None
    person: IdRef | None = None
    outcome: DeliveryOutcome | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    def fits(self, line: Line) -> bool:
        return self.person in (None, line.person) and self.outcome in (None, line.outcome)


class DeliveryList(Frozen):
    deliveries: tuple[Line, ...]


@dataclass(frozen=True)
class Api:
    recent: Recent
    gate: Gate

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route(
            "/deliveries",
            self.deliveries,
            methods=["GET"],
            summary="What became of notices, newest first",
            response_model_exclude_none=True,
        )
        return router

    async def deliveries(self, request: Request, query: Annotated[DeliveriesQuery, Query()]) -> DeliveryList:
        """With `case` all on record (a month); without, the latest few thousand."""
        self.gate.admit(request, *READERS)
        sheets = await self.recent.of_case(query.case) if query.case else self.recent.newest_first()
        lines = (line for sheet in sheets for line in _lines(sheet) if query.fits(line))
        return DeliveryList(deliveries=tuple(islice(lines, query.limit)))


def _lines(sheet: Sheet) -> Iterator[Line]:
    """What became of a decision's notices, newest first; those that were held last."""
    for record in reversed(list(sheet.records())):
        yield HandedOver(
            case=sheet.case,
            outcome=record.outcome,
            purpose=sheet.matters[record.delivery.notice].purpose,
            receipt=record.receipt,
            **dict(record.delivery),
        )
    for notice, matter in sheet.held_matters():
        yield HeldBack(
            case=sheet.case,
            purpose=matter.purpose,
            notice=notice,
            person=matter.person,
            held=matter.held,
        )
