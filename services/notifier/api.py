"""The notifier over HTTP: what became of deliveries, and the gateways' call-backs.

Invariant: a receipt is taken only with the gateway's signature and only for a delivery on record; it adds to
that record and never replaces what the notifier itself saw. Addresses leave masked, as they are kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifier.channels import REFERENCE_LENGTH, gateway_words
from services.notifier.channels._receipts import GatewayReceipt
from services.notifier.delivery.metrics import CallBackFault, Metrics
from services.notifier.delivery.receipts import DeliveryReceipts
from services.notifier.delivery.recent import Recent
from services.notifier.delivery.record import DeliveryOutcome, Receipt, Sheet
from services.notifier.gateway_time import ahead_by_call_back
from shared import http_fields
from shared.clock_skew import ClockSkew, off_words
from shared.door import KB, doorway
from shared.facts import Delivery, Frozen, Given, Purpose
from shared.fault_texts import faults_of
from shared.http_fields import CaseRef, IdRef
from shared.ids import CaseId, NoticeId, PersonId
from shared.message import N_, said
from shared.problems import Problem, invalid
from shared.tokens import Gate
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

READERS = (Role.OPERATOR, Role.DUTY_OFFICER, Role.SUPERVISOR, Role.AUDITOR)

CALL_BACK_LIMIT = 64 * KB
"""Bytes; a gateway proves who it is with a signature over them, so that they are read first."""


class ReceiptForm(Given):
    """What a gateway sends later: about which delivery (`id`, the webhook-id, or its own `reference`), and
    what became of it.
    """

    id: Annotated[str, Field(max_length=400)] | None = None
    reference: Annotated[str, Field(max_length=200)] | None = None
    outcome: Literal[DeliveryOutcome.DELIVERED, DeliveryOutcome.FAILED]
    error: Annotated[str, Field(max_length=20_000)] | None = None
    """Kept as far as it is worth something: see `gateway_words`."""

    @property
    def receipt(self) -> GatewayReceipt:
        return GatewayReceipt(
            is_delivered=self.outcome is DeliveryOutcome.DELIVERED,
            id=self.id,
            reference=gateway_words(self.reference or "", REFERENCE_LENGTH) or None,
            words=gateway_words(self.error or ""),
        )


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


class CallBackTaken(Frozen):
    """A call-back that is on record now."""

    case: str
    fact: str


@dataclass(frozen=True)
class Api:
    recent: Recent
    receipts: DeliveryReceipts
    gate: Gate
    webhooks: Mapping[str, Webhook]
    """By channel name: the key a channel's call-backs are signed with."""
    clock: Callable[[], datetime]
    skew: ClockSkew
    metrics: Metrics

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route(
            "/deliveries",
            self.deliveries,
            methods=["GET"],
            summary="What became of notices, newest first",
            response_model_exclude_none=True,
        )
        router.add_api_route(
            "/receipts/{channel}",
            self.receipt,
            methods=["POST"],
            status_code=202,
            summary="A gateway's call-back",
        )
        return router

    async def deliveries(self, request: Request, query: Annotated[DeliveriesQuery, Query()]) -> DeliveryList:
        """With `case` all on record (a month); without, the latest few thousand."""
        self.gate.admit(request, *READERS)
        sheets = await self.recent.of_case(query.case) if query.case else self.recent.newest_first()
        lines = (line for sheet in sheets for line in _lines(sheet) if query.fits(line))
        return DeliveryList(deliveries=tuple(islice(lines, query.limit)))

    @doorway(is_open=True, body_limit=CALL_BACK_LIMIT)
    async def receipt(self, request: Request, channel: IdRef) -> CallBackTaken:
        form = await self._verified(request, channel)
        facts = await self.receipts.take(channel, form.receipt)
        if not facts:
            raise Problem(
                404,
                N_("Unknown delivery"),
                N_(
                    "No delivery of this channel is on record under that id or reference: send `id`, the webhook-id of the message."
                ),
            )
        return CallBackTaken(case=facts[0].subject or "", fact=facts[0].id)

    async def _verified(self, request: Request, channel: str) -> ReceiptForm:
        webhook = self.webhooks.get(channel)
        if webhook is None:
            raise Problem(
                404,
                N_("Unknown channel"),
                said(
                    N_("%(channel)s is no channel with call-backs; known: %(webhooks)s."),
                    channel=channel,
                    webhooks=", ".join(self.webhooks),
                ),
            )
        body = await request.body()
        try:
            webhook.verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:
            ahead = ahead_by_call_back(webhook, body, dict(request.headers), self.clock())
            if ahead is not None:
                self.skew.note(channel, ahead)
                self.metrics.call_backs_refused.labels(channel, CallBackFault.CLOCK).inc()
                log.warning("call_back_refused", channel=channel, why=off_words(channel, ahead))
                raise Problem(
                    401,
                    N_("Unauthorized"),
                    said(
                        N_("The signature is yours, but %(off_words)s."), off_words=off_words(channel, ahead)
                    ),
                ) from None
            self.metrics.call_backs_refused.labels(channel, CallBackFault.SIGNATURE).inc()
            detail = said(
                N_(
                    "The signature does not verify (%(error)s): sign with the channel's key as Standard Webhooks says."
                ),
                error=error,
            )
            raise Problem(401, N_("Unauthorized"), detail) from None
        try:
            return ReceiptForm.model_validate_json(body)
        except ValidationError as error:
            raise invalid(faults_of(error, ReceiptForm), N_("request")) from None


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
