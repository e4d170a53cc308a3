"""What a gateway says later of a message: that the telephone has it, or that it did not arrive.

Invariant: it adds to what is on record of the message and never replaces what the notifier itself saw; each
thing said is a fact of its own, once. What was never handed over on that channel has no receipt. What went
out as one message has come to the same end.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier.channels._receipts import GatewayReceipt
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.recent import Recent
from services.notifier.delivery.record import (
    DeliveryOutcome,
    Receipt,
    Sheet,
    notice_of_message_id,
    sheet_key,
)
from shared.facts import Fact
from shared.logs import about_case

LOOKS, LOOK_EVERY = 20, 0.1
"""Two seconds: some gateways call back before they have answered, and do so only once."""
IMPATIENT = 5.0
"""Seconds: a gateway that tells of hundreds of messages that are not ours holds up none that is."""
WITHOUT_REASON = "the gateway reports that it did not arrive, without a reason"


@dataclass(frozen=True)
class DeliveryReceipts:
    recent: Recent
    ledger: DeliveryLedger
    clock: Callable[[], datetime]
    carried: Mapping[str, tuple[str, ...]]
    """By gateway the channels whose messages it may have taken."""
    _in_vain_until: dict[str, float] = field(default_factory=dict[str, float])
    """By gateway: until when it is not waited for, since it has just told of a message that never came."""

    async def take(self, gateway: str, said: GatewayReceipt) -> list[Fact]:
        """The facts that say so; none where no message that this gateway took is on record under that id or
        reference.
        """
        is_patient = asyncio.get_running_loop().time() > self._in_vain_until.get(gateway, 0)
        for look in range(LOOKS if is_patient else 1):
            if look:
                await asyncio.sleep(LOOK_EVERY)
            for channel in self.carried.get(gateway, (gateway,)):
                notices = await self._notices(channel, said)
                facts = [await self._of_notice(gateway, channel, notice, said) for notice in notices]
                if told := [fact for fact in facts if fact is not None]:
                    return told
        self._in_vain_until[gateway] = asyncio.get_running_loop().time() + IMPATIENT
        return []

    async def _notices(self, channel: str, said: GatewayReceipt) -> list[str]:
        if said.id is None:
            return self.recent.notices_of_reference(channel, said.reference or "")
        notice = notice_of_message_id(said.id)
        sheet, _ = await self.ledger.sheet(sheet_key(notice)) if notice else (None, 0)
        record = sheet.record_of(notice, channel) if sheet and notice else None
        if notice is None or record is None:
            return []
        together = self.recent.notices_of_reference(channel, record.delivery.reference or "")
        return together if record.delivery.notice in together else [notice]

    async def _of_notice(self, gateway: str, channel: str, notice: str, said: GatewayReceipt) -> Fact | None:
        """Recorded and told; None where no such message is on record, or another gateway took it."""
        stored = await self.ledger.sheet(sheet_key(notice))
        record = stored[0].record_of(notice, channel) if stored[0] else None
        if stored[0] is None or record is None or gateway != (record.delivery.gateway or channel):
            return None
        case = stored[0].case
        with about_case(case):
            receipt = Receipt(
                outcome=DeliveryOutcome.DELIVERED if said.is_delivered else DeliveryOutcome.FAILED,
                at=said.at or self.clock(),
                reference=said.reference,
                error=None if said.is_delivered else said.words or WITHOUT_REASON,
                reply=said.words or None,
            )
            if record.receipt is None or record.receipt.outcome is not receipt.outcome:
                record = record.model_copy(update={"receipt": receipt})

                def with_receipt(sheet: Sheet | None) -> Sheet:
                    assert sheet is not None, "a sheet stays for a month"
                    return sheet.with_receipt(record)

                await self.ledger.change(sheet_key(record.delivery.notice), with_receipt, stored)
            fact = record.receipt_fact(case)
            assert fact is not None
            await self.ledger.tell(case, fact)
        return fact
