"""A receipt handed in, answered in words and with proof. Whoever holds the receipt may ask: it names all that
the answer tells.
"""

from typing import Annotated
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.audit.evidence.receipts import LIMIT, ReceiptAnswer, ReceiptError, answer, read_receipt
from services.audit.reading.reader import TrailReader
from shared.bodies import form_of, takes
from shared.door import KB, doorway
from shared.facts import Frozen
from shared.message import N_, because, said
from shared.problems import Problem

FORM_LIMIT = 16 * KB
Receipt = Annotated[str, Field(min_length=1, max_length=LIMIT)]


class HandedIn(Frozen):
    receipt: Receipt


def receipts_router(reader: TrailReader, key: Ed25519PublicKey, zone: ZoneInfo) -> APIRouter:
    """`key`: intake's, with which receipts are verified."""
    router = APIRouter(prefix="/api/v1/trail", tags=["trail"])

    @router.get("/receipts")
    @doorway(is_open=True)
    async def asked(receipt: Annotated[Receipt, Query()]) -> ReceiptAnswer:
        """Whether what a receipt was given for stands on record: since when, as which record, with proof."""
        return await _answered(receipt)

    @router.post("/receipts", openapi_extra=takes(HandedIn))
    @doorway(is_open=True, body_limit=FORM_LIMIT)
    async def handed_in(request: Request) -> ReceiptAnswer:
        """The same with the receipt in the body, where no log of addresses keeps it."""
        return await _answered((await form_of(request, HandedIn)).receipt)

    async def _answered(receipt: str) -> ReceiptAnswer:
        try:
            return await answer(reader, read_receipt(receipt, key), zone)
        except ReceiptError as error:
            raise Problem(
                422,
                N_("Invalid request"),
                said(N_("%(error)s."), error=error),
                errors=[("receipt", because(error))],
            ) from None

    return router
