"""What a gateway calls back with is heard only where it proves to be the gateway's."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from services.notifier.channels import CallBack, CallBackFault, CallBackRefused
from services.notifier.channels._call_backs import DescribedCallBacks
from services.notifier.channels._description import CallBacks

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)


def described(secret: str, **described: object) -> DescribedCallBacks:
    return DescribedCallBacks(TypeAdapter(CallBacks).validate_python(described), secret)


def call(body: str, *, url: str = "https://fh.example/api/v1/call-backs/sms", **headers: str) -> CallBack:
    _, _, query = url.partition("?")
    pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return CallBack(url=url, query=pairs, headers=named, body=body.encode())


def test_twilios_own_example_is_taken_and_one_changed_digit_is_not() -> None:
    """https://www.twilio.com/docs/usage/security"""
    twilio = described("12345", proof={"scheme": "twilio"}, form=True)
    form = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    url, signature = "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    [item] = twilio.items(call(form, url=url, x_twilio_signature=signature), NOW)
    assert item["Digits"] == "1234"
    for forged in (
        call(form.replace("Digits=1234", "Digits=1"), url=url, x_twilio_signature=signature),
        call(form, url=url + "&more=1", x_twilio_signature=signature),
        call(form, url=url),
    ):
        with pytest.raises(CallBackRefused):
            twilio.items(forged, NOW)


def test_the_key_in_the_address_is_compared_whole() -> None:
    shared = described("s3cret", proof={"scheme": "secret"})
    address = "https://fh.example/api/v1/call-backs/sms"
    assert shared.items(call("{}", url=f"{address}?key=s3cret"), NOW)
    for url in (address, f"{address}?key=", f"{address}?key=s3cre", f"{address}?key=s3crett"):
        with pytest.raises(CallBackRefused) as refused:
            shared.items(call("{}", url=url), NOW)
        assert refused.value.fault is CallBackFault.SIGNATURE
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("late", "fault"),
    [
        (timedelta(0), None),
        (timedelta(minutes=6), CallBackFault.CLOCK),
        (timedelta(minutes=-6), CallBackFault.CLOCK),
    ],
)
def test_a_signature_over_time_and_body_ends_after_five_minutes(
    late: timedelta, fault: CallBackFault | None
) -> None:
    proof = {"scheme": "hmac", "over": "{timestamp}.{body}", "prefix": "sha256="}
    signed = described("key", proof=proof)
    body, at = '{"outcome": "failed"}', str(int((NOW + late).timestamp()))
    digest = hmac.new(b"key", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    asked = call(body, x_signature=f"sha256={digest}", x_timestamp=at)
    if fault is None:
        assert signed.items(asked, NOW)[0]["outcome"] == "failed"
        return
    with pytest.raises(CallBackRefused) as refused:
        signed.items(asked, NOW)
    assert refused.value.fault is fault


@pytest.mark.parametrize("body", ["[]]", "1", '["a"]', "[" + ",".join(["{}"] * 501) + "]", "\xff"])
def test_what_is_no_object_or_too_many_is_refused(body: str) -> None:
    shared = described("k", proof={"scheme": "secret"})
    with pytest.raises(ValueError, match=r"\S"):
        shared.items(call(body, url="https://fh.example/x?key=k"), NOW)


def test_what_was_signed_in_another_encoding_is_not_ours() -> None:
    proof = {"scheme": "hmac", "over": "{body}", "encoding": "base64"}
    written = base64.b64encode(hmac.new(b"key", b"{}", hashlib.sha256).digest()).decode()
    assert described("key", proof=proof).items(call("{}", x_signature=written), NOW) == [{"webhook_id": None}]
