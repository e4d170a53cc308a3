"""A gateway's clock beside ours: its `Date` when it answers, and the signed time of what it calls back with.
Pure.

Invariant: only what a gateway has proven to be its own moves the metric or is named as its clock: an answer
to our request, or a call-back whose signature verifies once its age is left aside.
"""

import hmac
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from standardwebhooks import Webhook

HALF_A_SECOND = timedelta(seconds=0.5)
"""`Date` is cut off to the second."""


def ahead_by_date(date: str | None, asked_at: datetime, answered_at: datetime) -> timedelta | None:
    """How far the gateway's clock is ahead of ours; None where it does not tell the time."""
    if not date:
        return None
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return theirs + HALF_A_SECOND - asked_at - (answered_at - asked_at) / 2


def ahead_by_call_back(
    webhook: Webhook, body: bytes, headers: dict[str, str], now: datetime
) -> timedelta | None:
    """How far the time of a call-back is ahead of ours, where its signature is the gateway's own whatever its
    age; else None.
    """
    try:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        expected = webhook.sign(headers["webhook-id"], at, body.decode())
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    given = headers.get("webhook-signature", "").split()
    return (
        at - now
        if any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in given)
        else None
    )
