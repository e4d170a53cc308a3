"""A fact that comes again must be what the trail says of it."""

import asyncio
from collections.abc import Sequence

from services.audit.records.record import Message, Rec, RecordError, bounded, digest_of
from services.audit.store.trail import Payload, Stored, Trail


async def differences(trail: Trail, messages: Sequence[Message]) -> list[str]:
    """In plain words, for each message whose record says otherwise."""
    indexes = [message.sequence - 1 for message in messages]
    entries = await asyncio.gather(*(trail.entry(index) for index in indexes))
    payloads = await trail.payloads(indexes)
    left = await trail.sealed.end() if None in entries else 0
    found = (
        difference(message, entry, payloads.get(message.sequence - 1))
        for message, entry in zip(messages, entries, strict=True)
        # What lies in a sealed file can't be compared here.
        if entry is not None or message.sequence > left
    )
    return [words for words in found if words]


def difference(message: Message, entry: Stored | None, payload: Payload | None) -> str | None:
    where = f"fact {message.sequence} (record {message.sequence - 1})"
    if entry is None:
        return f"{where} was recorded and is no longer in the store"
    try:
        rec = Rec.read(entry.rec)
    except RecordError as error:
        return f"{where}: {error}"
    if rec.form == "gap":
        return f"{where} is recorded as lost, and the broker has it after all"
    if (rec.sequence, rec.subject, rec.message_id) != (message.sequence, bounded(message.subject), bounded(message.message_id)):
        return f"{where} stands in the trail under another subject or message id than at the broker"
    if payload is not None and payload.raw is not None and rec.digest != digest_of(payload.salt, message.raw or b""):
        return f"{where} differs between broker and trail: one of the two was altered"
    if payload is not None and payload.raw is not None and payload.raw != message.raw:
        return f"{where}: its stored payload is not the broker's fact, which is the one that was recorded: the payload was altered"
    return None
