"""The broker's time, read in one way: for what is shown, compared and signed, and for what decides in time or
late.

Invariant: the broker's nanoseconds are cut off to microseconds. Nothing is rounded and nothing goes through a
float, so that a fact has the same time for whoever was handed it, fetches it later, or holds a receipt for
it. (The client's own metadata goes through a float.)
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg

STAMP = "Nats-Time-Stamp"
"""The header in which a direct get tells when the message was stored."""
RECEIPT_TOLERANCE = timedelta(microseconds=1)
"""Receipts once were rounded to the microsecond and records cut off: one of the same fact may name the
microsecond beside its own.
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_V1_TOKENS = 9


class HandOut(NamedTuple):
    """What the broker says of a message that a durable hands out, from its reply subject."""

    delivered: int
    """How often it was handed out, this time included."""
    sequence: int
    """In its stream."""
    number: int
    """The durable's own count of what it has handed out."""
    at: datetime
    pending: int
    """How many more the durable has to hand out after it."""


def from_nanoseconds(nanoseconds: int) -> datetime:
    """Nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def from_stamp(stamp: str) -> datetime:
    """The broker's RFC 3339 stamp with up to nine digits of a second. Raises ValueError for what is none."""
    return datetime.fromisoformat(stamp).astimezone(UTC)  # cuts off what is finer than a microsecond


def hand_out(reply: str) -> HandOut:
    """Raises ValueError or IndexError for a subject that is no reply to a durable."""
    tokens = reply.split(".")
    first = 4 if len(tokens) == _V1_TOKENS else 6
    delivered, sequence, number, nanoseconds, pending = map(int, tokens[first : first + 5])
    return HandOut(delivered, sequence, number, from_nanoseconds(nanoseconds), pending)


def stored_at(message: Msg) -> datetime:
    """When the broker stored a message that a durable handed out."""
    return hand_out(message.reply).at


def fetched_at(message: RawStreamMsg) -> datetime:
    """When the broker stored a message that was fetched by a direct get."""
    headers = cast("dict[str, str]", message.headers or {})  # the client does not say what it holds
    return from_stamp(headers[STAMP])


def is_of_receipt(receipt: datetime, record: datetime) -> bool:
    """Whether both tell the time of the same fact."""
    return abs(receipt - record) <= RECEIPT_TOLERANCE
