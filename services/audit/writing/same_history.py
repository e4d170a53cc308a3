"""Whether trail and broker are the same history: a fact that comes again must be what the trail says of it,
and the last record must be of the fact that bears its number.

Invariant: compared is the content. A stream restored from an older copy keeps its name and creation time, and
may meanwhile have grown past the trail again: neither size nor time shows that its facts are others.
"""

import asyncio
from collections.abc import Sequence

from services.audit.records.likeness import unlike
from services.audit.records.payloads import Payload
from services.audit.records.record import BrokerMessage, Rec, RecordError, refuse_newer
from services.audit.records.stored import StoredRecord
from services.audit.store.trail import Trail
from services.audit.writing.feed import Feed, StreamNow
from services.audit.writing.signer import RefusedError

WAY_OUT = (
    "the broker was restored from an older copy, or FACTS was made anew. Nothing more is written until a person decides: put the newer "
    "copy of the broker's data back; or, where there is none, end this trail and begin another with `fenghuo trail begin` "
    "(docs/deploy.md, The broker restored from an older copy)"
)


async def stay_the_same(trail: Trail, feed: Feed, size: int) -> None:
    """Raises RefusedError where they are two, NewerError where a newer version has written the last record.
    What the broker no longer keeps can't be compared, and is no fault.
    """
    if size == 0:
        return
    stream = await feed.stream()
    if words := await parted(trail, feed, size, stream):
        raise RefusedError(f"trail and broker are not the same history: {words}; {WAY_OUT}")


async def parted(trail: Trail, feed: Feed, size: int, stream: StreamNow) -> str | None:
    """In which they differ, None where they do not."""
    if size > stream.last:
        return f"the trail has {size} facts, the broker only {stream.last}"
    entry = await trail.entries.at(size - 1)
    if entry is None:
        return None
    refuse_newer(entry.rec)
    created = Rec.read(entry.rec).created
    if created != stream.created:
        return f"the trail is of a stream made at {created}, the broker's was made at {stream.created}"
    message = await feed.fetch(size)
    if message is None:
        return None
    payload = (await trail.payloads.at([size - 1])).get(size - 1)
    return difference(message, entry, payload)


async def differences(trail: Trail, messages: Sequence[BrokerMessage]) -> list[str]:
    """In plain words, for each message whose record says otherwise."""
    indexes = [message.sequence - 1 for message in messages]
    entries = await asyncio.gather(*(trail.entries.at(index) for index in indexes))
    payloads = await trail.payloads.at(indexes)
    faults = (
        difference(message, entry, payloads.get(message.sequence - 1))
        for message, entry in zip(messages, entries, strict=True)
    )
    return [words for words in faults if words]


def difference(message: BrokerMessage, entry: StoredRecord | None, payload: Payload | None) -> str | None:
    where = f"fact {message.sequence} (record {message.sequence - 1})"
    if entry is None:
        return f"{where} was recorded and is no longer in the store"
    try:
        rec = Rec.read(entry.rec)
    except RecordError as error:
        return f"{where}: {error}"
    words = unlike(message, rec, payload)
    return f"{where} {words}" if words else None
