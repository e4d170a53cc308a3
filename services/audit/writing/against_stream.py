"""The trail beside the stream it records: each fact the broker holds must be the record that bears its
number.

Invariant: it reads both and believes neither; the trail is taken as far as its signed checkpoint reaches. A
fact that is younger than the checkpoint need not be in it yet.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from services.audit.checking.run import FAULTS, TrailFault
from services.audit.checking.sources import TrailSource
from services.audit.records.likeness import unlike
from services.audit.records.line import Detail
from services.audit.records.record import BrokerMessage, Rec, RecordError, case_of, envelope_of
from services.audit.writing.feed import Feed
from shared.facts import rfc3339
from shared.tlog import checkpoint
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.note import Verifier

_AT_ONCE = 256
_GRACE = timedelta(minutes=1)
"""A fact is recorded within seconds; one that is older than this when a checkpoint is signed should be in
it.
"""


async def stream_faults(
    source: TrailSource,
    key: Verifier,
    feed: Feed,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[TrailFault]:
    """Raises CheckpointError where the trail's checkpoint is not signed by `key`."""
    signed = checkpoint.read(await source.checkpoint(), key)
    stream = await feed.stream()
    faults: list[TrailFault] = []
    if stream.last < signed.size:
        words = f"the trail has {signed.size} facts, the broker only {stream.last}: its stream was replaced by an older copy or cut"
        faults.append(TrailFault(None, words))
    for start in range(stream.first, stream.last + 1, _AT_ONCE):
        messages = await feed.fetch_range(start, min(start + _AT_ONCE, stream.last + 1))
        details = {
            detail.index: detail
            for detail in await source.details(start - 1, min(start - 1 + _AT_ONCE, signed.size))
        }
        for sequence, message in messages.items():
            if words := _difference(message, details.get(sequence - 1), signed):
                faults.append(
                    TrailFault(sequence - 1, words, case_of(envelope_of(message.raw)), rfc3339(message.time))
                )
        if len(faults) >= FAULTS:
            break
        progress(min(start + _AT_ONCE, stream.last), stream.last)
    return faults[:FAULTS]


def _difference(message: BrokerMessage, detail: Detail | None, signed: Checkpoint) -> str | None:
    named = f"fact {message.sequence} ({message.subject}, stored {rfc3339(message.time)})"
    if message.sequence > signed.size:
        late = _too_late(message.time, signed.time)
        return (
            f"{named} is in the stream and not in the trail, though a checkpoint was signed {late} after it"
            if late
            else None
        )
    if detail is None:
        return f"{named} is in the stream and its record is not in the trail"
    try:
        rec = Rec.read(detail.rec)
    except RecordError as error:
        return f"{named}: its record can't be read: {error}"
    words = unlike(message, rec, detail.payload)
    return f"{named} {words}" if words else None


def _too_late(stored: datetime, signed: datetime) -> timedelta | None:
    return signed - stored if signed - stored > _GRACE else None
