"""A fact that comes again must be what the trail says of it."""

import asyncio
from collections.abc import Sequence

from services.audit.records.likeness import unlike
from services.audit.records.payloads import Payload
from services.audit.records.record import Message, Rec, RecordError
from services.audit.records.stored import Stored
from services.audit.store.trail import Trail


async def differences(trail: Trail, messages: Sequence[Message]) -> list[str]:
    """In plain words, for each message whose record says otherwise."""
    indexes = [message.sequence - 1 for message in messages]
    entries = await asyncio.gather(*(trail.entries.at(index) for index in indexes))
    payloads = await trail.payloads.at(indexes)
    found = (
        difference(message, entry, payloads.get(message.sequence - 1))
        for message, entry in zip(messages, entries, strict=True)
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
    words = unlike(message, rec, payload)
    return f"{where} {words}" if words else None
