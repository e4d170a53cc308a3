"""What a gateway says later became of a message, as it comes in by the door.

Invariant: a receipt is taken only for a delivery on record; what is made of it is the notifier's own.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from services.notifier.answering.call_back_door import UnknownDelivery
from services.notifier.channels import REFERENCE_LENGTH, CallBackItem, gateway_words
from services.notifier.channels._receipts import GatewayReceipt
from services.notifier.delivery.receipts import DeliveryReceipts
from services.notifier.delivery.record import DeliveryOutcome
from shared.facts import Fact, Given
from shared.fault_texts import faults_of
from shared.message import N_
from shared.problems import invalid


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


@dataclass(frozen=True)
class ReceiptForms:
    receipts: DeliveryReceipts

    async def take(self, channel: str, item: CallBackItem) -> Fact:
        """The first fact about it. Raises UnknownDelivery, or Problem 422."""
        try:
            form = ReceiptForm.model_validate(item)
        except ValidationError as error:
            raise invalid(faults_of(error, ReceiptForm), N_("request")) from None
        facts = await self.receipts.take(channel, form.receipt)
        if not facts:
            raise UnknownDelivery
        return facts[0]
