"""Whether a fact is on record, by its id: the broker forgets message ids after its window, the record forgets
nothing.

Invariant: the record itself is asked, from a moment before which the fact can't have been stored. A forgery
under the fact's id does not count. Nothing is created on the broker.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from nats.aio.client import Client

from shared.broker.stored import StoredMessage
from shared.broker.walk import walk
from shared.facts.authenticity import MESSAGE_ID, distrust_envelope
from shared.streams import FACTS

_BATCH = 32
"""What is looked for was mostly stored next."""
_SKEW = timedelta(seconds=2)
"""By so much a service's clock may be ahead of the broker's."""
_envelope = msgspec.json.Decoder(dict[str, Any])


async def on_record(
    connection: Callable[[], Client],
    subject: str,
    message_id: str,
    since: datetime,
    *,
    for_long: timedelta | None = None,
) -> StoredMessage | None:
    """The fact of that id on `subject`, stored at `since` or later, and within `for_long` of it where that is
    given. Raises WalkError, NatsError or TimeoutError where the broker does not answer.
    """
    async for stored in walk(connection, FACTS, subject, since=since - _SKEW, batch=_BATCH):
        if for_long is not None and stored.at > since + for_long:
            return None
        if stored.headers.get(MESSAGE_ID) == message_id and _is_authentic(stored):
            return stored
    return None


def _is_authentic(stored: StoredMessage) -> bool:
    try:
        envelope = _envelope.decode(stored.data)
    except msgspec.MsgspecError:
        return False
    return distrust_envelope(stored.subject, stored.headers, envelope) is None
