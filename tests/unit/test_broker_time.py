"""One reading of the broker's time: cut off to the microsecond, in order, the same however it came."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.broker.times import RECEIPT_TOLERANCE, from_nanoseconds, from_stamp, hand_out, is_of_receipt
from shared.facts import rfc3339

nanoseconds = st.integers(min_value=0, max_value=7_000_000_000 * 10**9)
"""From 1970 to 2191."""
NOW = 1_790_000_000_123_456_000


def stamp_of(nanos: int) -> str:
    """As the broker writes it: RFC 3339, zeros at the end of the fraction left out."""
    seconds, rest = divmod(nanos, 10**9)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def reply_of(nanos: int) -> str:
    return f"$JS.ACK.FACTS.escalator-3.2.71.70.{nanos}.5"


@given(nanoseconds)
@example(NOW + 499)
@example(NOW + 500)
@example(NOW + 501)
@example(NOW + 999)
@example(1_789_999_999_999_999_500)
@example(1_789_999_999_999_999_999)
def test_what_is_finer_than_a_microsecond_is_cut_off_never_rounded(nanos: int) -> None:
    at = from_nanoseconds(nanos)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    assert since // timedelta(microseconds=1) == nanos // 1000
    assert at.utcoffset() == timedelta(0)


@given(nanoseconds)
@example(1_789_999_999_999_999_500)
def test_handed_out_fetched_and_told_again_it_is_the_same_time(nanos: int) -> None:
    at = from_nanoseconds(nanos)
    assert from_stamp(stamp_of(nanos)) == at == hand_out(reply_of(nanos)).at
    assert datetime.fromisoformat(rfc3339(at)) == at
    assert from_stamp(rfc3339(at)) == at


@given(nanoseconds, nanoseconds)
def test_what_was_stored_later_is_never_told_as_earlier(one: int, other: int) -> None:
    assert (from_nanoseconds(one) <= from_nanoseconds(other)) or one > other


@given(nanoseconds)
@example(NOW + 999)
@example(1_789_999_999_999_999_500)
def test_a_receipt_that_was_rounded_through_a_float_is_of_the_same_fact(nanos: int) -> None:
    rounded = datetime.fromtimestamp(nanos / 1_000_000_000.0, UTC)
    assert is_of_receipt(rounded, from_nanoseconds(nanos))
    assert not is_of_receipt(rounded + 2 * RECEIPT_TOLERANCE, from_nanoseconds(nanos))


def test_both_forms_of_the_broker_s_reply_are_read() -> None:
    short = hand_out("$JS.ACK.FACTS.audit.2.71.70.1790000000123456789.5")
    assert short == hand_out("$JS.ACK.hub.ACCOUNT.FACTS.audit.2.71.70.1790000000123456789.5.random")
    assert (short.delivered, short.sequence, short.number, short.pending) == (2, 71, 70, 5)


@pytest.mark.parametrize("reply", ["", "_INBOX.x.1", "$JS.ACK.FACTS.audit.2.71.70.then.5"])
def test_another_reply_is_an_error(reply: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        hand_out(reply)
