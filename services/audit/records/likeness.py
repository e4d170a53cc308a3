"""Whether a record is of the message the broker holds under its number. Pure.

Invariant: one rule for whoever asks: the sequencer, when a fact comes again, and the check of a trail against
its stream.
"""

from services.audit.records.payloads import Payload
from services.audit.records.record import BrokerMessage, Rec, bounded, digest_of
from shared.facts import rfc3339


def unlike(message: BrokerMessage, rec: Rec, payload: Payload | None) -> str | None:
    """What of the record is not as the broker has it, in words that follow the fact's name. None where all
    is, or it was erased.
    """
    if rec.form == "gap":
        return "is recorded as lost, and the broker has it"
    if (rec.sequence, rec.subject, rec.message_id) != (
        message.sequence,
        bounded(message.subject),
        bounded(message.message_id),
    ):
        return (
            f"with message id {message.message_id} is recorded as number {rec.sequence} under subject {rec.subject}, "
            f"message id {rec.message_id}"
        )
    if rec.broker != rfc3339(message.time):
        return f"is recorded as stored at {rec.broker}, the broker says {rfc3339(message.time)}"
    if payload is None or payload.raw is None:
        return None
    if digest_of(payload.salt, message.raw or b"") != rec.digest:
        return "is not the message that was recorded: one of the two was altered"
    if payload.raw != message.raw:
        return "is the message that was recorded, its stored payload is not: the payload was altered"
    return None
