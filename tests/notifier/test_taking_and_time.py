"""A channel that takes nothing and a gateway whose clock is off are told in words; neither is guessed from
one bad number.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.notifier.channels import Trouble
from services.notifier.delivery.taking import FORGOTTEN_AFTER, GatewayTaking
from services.notifier.gateway_time import ahead_by_call_back, ahead_by_date

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def failing(*seconds: float, to: str = "+86", trouble: Trouble = Trouble.GATEWAY) -> GatewayTaking:
    taking = GatewayTaking()
    for second in seconds:
        taking.failed(to, "503", NOW + timedelta(seconds=second), trouble)
    return taking


def test_a_channel_whose_last_attempts_all_failed_takes_nothing() -> None:
    assert "3 attempts in a row failed" in failing(0, 2, 6).fault(NOW + timedelta(seconds=7))
    assert failing(0, 6).fault(NOW + timedelta(seconds=7)) == "", "two are chance"
    assert failing(0, 1, 2).fault(NOW + timedelta(seconds=3)) == "", "a gateway that restarts"


def test_one_message_that_is_taken_puts_the_light_on_again() -> None:
    taking = failing(0, 2, 6)
    taking.took(NOW + timedelta(seconds=7))
    assert taking.fault(NOW + timedelta(seconds=7)) == ""


def test_one_persons_wrong_number_is_not_the_channels_fault() -> None:
    assert failing(0, 60, 120, trouble=Trouble.ADDRESS).fault(NOW + timedelta(seconds=121)) == ""
    taking = failing(0, 60, trouble=Trouble.ADDRESS)
    taking.failed("+87", "401", NOW + timedelta(seconds=61), trouble=Trouble.ADDRESS)
    taking.failed("+88", "401", NOW + timedelta(seconds=62), trouble=Trouble.ADDRESS)
    assert "takes nothing" in taking.fault(NOW + timedelta(seconds=63)), "three different people"


def test_after_ten_minutes_without_a_try_nobody_knows() -> None:
    taking = failing(0, 2, 6)
    later = NOW + timedelta(seconds=6) + FORGOTTEN_AFTER
    assert taking.fault(later)
    assert taking.fault(later + timedelta(seconds=1)) == ""
    taking.failed("+86", "503", later + timedelta(seconds=1), trouble=Trouble.GATEWAY)
    assert taking.fault(later + timedelta(seconds=2)) == "", "it counts anew"


@given(st.integers(-86_400, 86_400), st.floats(0, 5))
def test_a_gateways_date_tells_how_far_its_clock_is_from_ours(ahead: int, took: float) -> None:
    answered = NOW + timedelta(seconds=took)
    date = format_datetime(NOW + timedelta(seconds=ahead + took / 2), usegmt=True)
    measured = ahead_by_date(date, NOW, answered)
    assert measured is not None
    assert abs(measured - timedelta(seconds=ahead)) <= timedelta(seconds=0.51)


def test_what_tells_no_time_is_not_measured() -> None:
    assert ahead_by_date(None, NOW, NOW) is None
    assert ahead_by_date("yesterday", NOW, NOW) is None


def call_back(at: datetime, key: str = KEY) -> dict[str, str]:
    signature = Webhook(key).sign("m1", at, "{}")
    return {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def test_the_clock_of_a_call_back_counts_only_where_its_signature_is_the_gateways() -> None:
    late = call_back(NOW - timedelta(seconds=412))
    assert ahead_by_call_back(Webhook(KEY), b"{}", late, NOW) == timedelta(seconds=-412)
    assert ahead_by_call_back(Webhook(KEY), b'{"other": 1}', late, NOW) is None
    assert ahead_by_call_back(Webhook(KEY), b"{}", {**late, "webhook-timestamp": "x"}, NOW) is None
    assert ahead_by_call_back(Webhook(KEY), b"{}", {}, NOW) is None
