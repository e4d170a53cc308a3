"""What a gateway says later of a message it had taken, as its description has it. Pure.

Invariant: only a code that the description lists says that a message arrived or did not; any other says
nothing yet.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from services.notifier.channels import REFERENCE_LENGTH, Reference, gateway_words
from services.notifier.channels._description import ReceiptMeaning
from services.notifier.channels._meaning import as_code, at_path, is_in


@dataclass(frozen=True, slots=True)
class GatewayReceipt:
    """What became of a message, in the gateway's words."""

    is_delivered: bool
    id: str | None = None
    reference: Reference | None = None
    words: str = ""
    at: datetime | None = None


def receipt_in(item: JsonValue, meaning: ReceiptMeaning) -> GatewayReceipt | None:
    """None where the item is no receipt, or says nothing of the end yet."""
    code = at_path(item, meaning.outcome)
    if code is None:
        return None
    outcome = as_code(code)
    is_delivered = is_in(outcome, meaning.delivered)
    if not is_delivered and not is_in(outcome, meaning.failed):
        return None
    words = at_path(item, meaning.words)
    said = " ".join(part for part in (outcome, "" if words is None else as_code(words)) if part)
    return GatewayReceipt(
        is_delivered=is_delivered,
        id=_text(at_path(item, meaning.id)),
        reference=_text(at_path(item, meaning.reference)),
        words=gateway_words(said),
    )


def _text(value: JsonValue) -> str | None:
    return gateway_words(str(value), REFERENCE_LENGTH) or None if isinstance(value, str | int) else None
