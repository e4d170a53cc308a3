"""What a gateway calls back with is heard only where it proves to be the gateway's."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from services.notifier.channels import CallBack, CallBackFault, CallBackRefused, Reply
from services.notifier.channels._call_backs import DescribedCallBacks
from services.notifier.channels._description import CallBacks, shipped_description
from shared.vocabulary import Language

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


def shipped(name: str) -> DescribedCallBacks:
    described = shipped_description(name).call_backs
    assert described is not None
    return DescribedCallBacks(described, "s3cret")


@pytest.mark.parametrize(
    ("gateway", "body", "reply", "said_back"),
    [
        (  # the published examples, with a digit for their text
            "aliyun_sms",
            '[{"phone_number":"18612345678","send_time":"20170901000000","content":"1","sign_name":"签名",'
            '"dest_code":"1234","sequence_id":1234567890}]',
            Reply("1234567890", "+8618612345678", "1"),
            '{"code": 0, "msg": "OK"}',
        ),
        (
            "aliyun_ivr_voice",
            '[{"status_code":"300000","smart_status_code":"ANSWERED","dtmf":"1","status_time":"2023-03-06 16:21:12",'
            '"out_id":"4-12-3-voice","call_id":"100001616500^100001871490"}]',
            Reply("", "", "1", "4-12-3-voice"),
            '{"code": 0, "msg": "OK"}',
        ),
        (
            "tencent_sms",
            '{"extend":"","mobile":"13900000001","nationcode":"86","sign":"签名","text":"２ 开会","time":1457336869}',
            Reply("", "+8613900000001", "２ 开会"),
            '{"result": 0, "errmsg": "OK"}',
        ),
        (
            "tencent_voice",
            '{"voicekey_callback":{"call_from":"","callid":"xxxxxx","keypress":"2","mobile":"13900000001",'
            '"nationcode":"86"}}',
            Reply("", "+8613900000001", "2", "xxxxxx"),
            '{"result": 0, "errmsg": "OK"}',
        ),
    ],
)
def test_a_providers_published_call_back_is_read_and_answered_as_it_wants(
    gateway: str, body: str, reply: Reply, said_back: str
) -> None:
    described = shipped(gateway)
    [item] = described.items(call(body, url="https://fh.example/api/v1/call-backs/sms?key=s3cret"), NOW)
    heard = described.reply_in(item)
    assert heard is not None
    assert heard == (reply if reply.id else replace(reply, id=heard.id))
    assert heard.id, "known again by this"
    assert described.reply_in(item) == heard, "the same on every repeat"
    said = described.said_back("", Language.ZH)
    assert said is not None
    assert (said.body, said.type) == (said_back, "application/json")


def test_a_key_pressed_in_a_twilio_call_is_answered_in_words_and_nothing_in_them_is_markup() -> None:
    twilio = shipped("twilio_voice")
    item = {"CallSid": "CA1", "From": "+15017122661", "To": "+8613900000001", "Digits": "2"}
    heard = twilio.reply_in(item)
    assert heard is not None
    assert (heard.number, heard.words, heard.about) == ("+8613900000001", "2", "CA1")
    assert twilio.reply_in({**item, "Digits": ""}) is None, "nobody has pressed anything"
    said = twilio.said_back("已计入</Say><Dial>+1900</Dial>", Language.ZH)
    assert said is not None
    assert said.body == (
        '<Response><Say language="cmn-CN">已计入&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;</Say></Response>'
    )
    sms = shipped("twilio_sms").reply_in({"MessageSid": "SM1", "From": "+8613900000001", "Body": "1 "})
    assert sms == Reply("SM1", "+8613900000001", "1")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("13900000001", "+8613900000001"),
        ("8613900000001", "+8613900000001"),
        ("008613900000001", "+8613900000001"),
        ("+86 139-0000-0001", "+8613900000001"),
        ("", ""),
        ("9" * 4000, "+86" + "9" * 39),
    ],
)
def test_a_number_at_home_is_known_with_and_without_its_country(given: str, number: str) -> None:
    item = {"phone_number": given, "content": "1", "sequence_id": 1}
    heard = shipped("aliyun_sms").reply_in(item)
    assert heard is not None
    assert heard.number == number
