"""One fact is appended to the record, and the broker's answer is awaited.

Invariant: what returns is stored, once, however often it is repeated within the dedupe window; an id that a
forgery has taken is never taken for success.
"""

from typing import Any

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import PubAck

from shared.broker.stored import Ask, asking, message_at
from shared.facts.authenticity import MESSAGE_ID, distrust_envelope
from shared.streams import FACTS

PUBLISH_TIMEOUT = 5.0
"""Seconds to wait for the broker to say that a fact is stored."""


class TakenIdError(NatsError):
    """The fact is not stored: a message that is no authentic fact was stored under its id before."""

    def __init__(self, message_id: str, sequence: int) -> None:
        super().__init__(
            f"fact {sequence} is not authentic and has taken the id {message_id}: nothing was stored, tell the operator"
        )


async def append(connection: Client, subject: str, raw: bytes, message_id: str) -> PubAck:
    """Append one fact, stored once however often it is repeated within the dedupe window. Raises after
    PUBLISH_TIMEOUT seconds, and TakenIdError where a forgery lies under its id: the broker drops the fact
    then, and "stored" would be untrue.
    """
    ack = await connection.jetstream().publish(
        subject, raw, timeout=PUBLISH_TIMEOUT, stream=FACTS, headers={MESSAGE_ID: message_id}
    )
    if ack.duplicate and not await is_authentic(asking(lambda: connection, PUBLISH_TIMEOUT), ack.seq):
        raise TakenIdError(message_id, ack.seq)
    return ack


async def is_authentic(ask: Ask, sequence: int) -> bool:
    """Whether what was stored at `sequence` under an id of ours is a fact: then it is this very one, said
    before a crash.
    """
    stored = await message_at(ask, FACTS, sequence)
    if stored is None:
        return True
    try:
        envelope = msgspec.json.decode(stored.data, type=dict[str, Any])
    except msgspec.MsgspecError:
        return False
    return distrust_envelope(stored.subject, stored.headers, envelope) is None
