"""What each provider says later of a message, as its documents show it: arrived, or not; anything else says nothing
yet.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

import orjson
import pytest
from pydantic import JsonValue, ValidationError

from services.notifier.channel_file import read_channels
from services.notifier.channels import REASON_LENGTH, CallBack
from services.notifier.channels._description import ReceiptMeaning, shipped, shipped_description
from services.notifier.channels._receipts import GatewayReceipt, receipt_in
from shared.vocabulary import Language
from tests.notifier.channels.scripted import MESSAGE

ALIYUN_SMS: dict[str, JsonValue] = {
    "phone_number": "13900001111", "send_time": "2026-11-30 03:03:00", "report_time": "2026-11-30 03:03:04",
    "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1",
    "biz_id": "900619746936498440^0", "out_id": MESSAGE.id,
}  # fmt: skip
ALIYUN_VOICE: dict[str, JsonValue] = {
    "call_id": "116012354148^102813784148", "status_code": "200000", "status_msg": "用户接听",
    "start_time": "2026-11-30 03:03:00", "end_time": "2026-11-30 03:03:30", "duration": "10",
    "out_id": MESSAGE.id,
}  # fmt: skip
TENCENT_SMS: dict[str, JsonValue] = {
    "user_receive_time": "2026-11-30 03:03:04", "nationcode": "86", "mobile": "13900001111",
    "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "2640:168",
}  # fmt: skip
TENCENT_VOICE: dict[str, JsonValue] = {
    "result": "0", "callid": "12582bce", "mobile": "13900001111", "nationcode": "86", "fee": "1",
    "accept_time": "1470197211",
}  # fmt: skip
TWILIO_SMS = (
    "SmsSid=SM1&SmsStatus=delivered&MessageStatus=delivered&To=%2B8613900001111&MessageSid=SM1&AccountSid=AC1"
)
TWILIO_VOICE = "CallSid=CA1&CallStatus=completed&To=%2B8613900001111&CallDuration=12"


def form(text: str, **changes: str) -> dict[str, JsonValue]:
    return cast(dict[str, JsonValue], dict(parse_qsl(text)) | changes)


def said(gateway: str, item: dict[str, JsonValue]) -> GatewayReceipt | None:
    meaning = shipped_description(gateway).receipts
    assert meaning
    return receipt_in(item, meaning)


@pytest.mark.parametrize(
    ("gateway", "item", "ours", "theirs"),
    [
        ("aliyun_sms", ALIYUN_SMS, MESSAGE.id, "900619746936498440^0"),
        ("aliyun_voice", ALIYUN_VOICE, MESSAGE.id, "116012354148^102813784148"),
        ("tencent_sms", TENCENT_SMS, None, "2640:168"),
        ("tencent_voice", {"voiceprompt_callback": TENCENT_VOICE}, None, "12582bce"),
        ("twilio_sms", form(TWILIO_SMS), None, "SM1"),
        ("twilio_voice", form(TWILIO_VOICE), None, "CA1"),
        ("generic", {"id": MESSAGE.id, "outcome": "delivered"}, MESSAGE.id, None),
    ],
)
def test_arrived(gateway: str, item: dict[str, JsonValue], ours: str | None, theirs: str | None) -> None:
    receipt = said(gateway, item)
    assert receipt
    assert (receipt.is_delivered, receipt.id, receipt.reference) == (True, ours, theirs)


@pytest.mark.parametrize(
    ("gateway", "item", "words"),
    [
        ("aliyun_sms", ALIYUN_SMS | {"success": False, "err_code": "MK:0012"}, "false MK:0012"),
        ("aliyun_voice", ALIYUN_VOICE | {"status_code": "200005", "status_msg": "关机"}, "200005 关机"),
        ("tencent_sms", TENCENT_SMS | {"report_status": "FAIL", "errmsg": "MK:0001"}, "FAIL MK:0001"),
        ("tencent_voice", {"voiceprompt_callback": TENCENT_VOICE | {"result": "1"}}, "1"),
        ("twilio_sms", form(TWILIO_SMS, MessageStatus="undelivered", ErrorCode="30003"), "undelivered 30003"),
        ("twilio_voice", form(TWILIO_VOICE, CallStatus="no-answer"), "no-answer"),
        ("generic", {"id": MESSAGE.id, "outcome": "failed", "error": "off"}, "failed off"),
    ],
)
def test_not_arrived_with_why(gateway: str, item: dict[str, JsonValue], words: str) -> None:
    receipt = said(gateway, item)
    assert receipt
    assert (receipt.is_delivered, receipt.words) == (False, words)


@pytest.mark.parametrize(
    ("gateway", "item"),
    [
        ("twilio_sms", form(TWILIO_SMS, MessageStatus="sent")),
        ("twilio_voice", form(TWILIO_VOICE, CallStatus="ringing")),
        ("aliyun_sms", {"phone_number": "13900001111", "content": "1", "dest_code": "1"}),
        ("tencent_voice", {"voiceprompt_callback": ["no", "object"]}),
        ("generic", {}),
    ],
)
def test_on_its_way_or_something_else_says_nothing(gateway: str, item: dict[str, JsonValue]) -> None:
    assert said(gateway, item) is None


def test_what_a_gateway_writes_there_is_bounded_and_one_line() -> None:
    flood = "x\n\x1b[2J" * 40_000
    receipt = said("generic", {"id": flood, "outcome": "failed", "error": flood})
    assert receipt
    assert len(receipt.words) <= REASON_LENGTH
    assert receipt.id
    assert len(receipt.id) <= 200
    assert "\n" not in receipt.words + receipt.id
    assert said("generic", {"id": ["a"], "outcome": {"a": 1}}) is None


def test_every_provider_of_sms_and_calls_has_its_receipts_described() -> None:
    for name in shipped():
        if name.endswith(("_sms", "_voice")):
            assert shipped_description(name).receipts, name


def test_a_description_says_which_message_is_meant() -> None:
    with pytest.raises(ValidationError, match="id, reference or both"):
        ReceiptMeaning.model_validate({"outcome": ["a"], "delivered": ["1"], "failed": ["2"]})


def test_a_list_of_receipts_is_read_by_the_channels_own_description(tmp_path: Path) -> None:
    (tmp_path / "aliyun-key-id").write_text("testid")
    (tmp_path / "aliyun-key").write_text("testsecret")
    (tmp_path / "aliyun-call-back").write_text("s3cret\n")
    entry = """channels:
  sms:
    kind: http
    gateway: aliyun_sms
    with: { sign_name: 烽火, template: SMS_1 }
    secrets: { key_id: aliyun-key-id, key: aliyun-key, call_back: aliyun-call-back }
    parameters: { what: "{words:35}" }
"""
    inbound = read_channels(entry, {})["sms"].config.inbound(tmp_path)
    assert inbound
    body = orjson.dumps([ALIYUN_SMS, ALIYUN_SMS | {"success": False, "err_code": "UNDELIV"}])
    call = CallBack("https://fh.example/x?key=s3cret", {"key": "s3cret"}, {}, body)
    items = inbound.items(call, datetime.now(UTC))
    assert [inbound.receipt_in(item) for item in items] == [
        {
            "id": MESSAGE.id,
            "reference": ALIYUN_SMS["biz_id"],
            "outcome": "delivered",
            "error": "true DELIVERED",
        },
        {"id": MESSAGE.id, "reference": ALIYUN_SMS["biz_id"], "outcome": "failed", "error": "false UNDELIV"},
    ]
    said_back = inbound.said_back("", Language.ZH)
    assert said_back
    assert orjson.loads(said_back.body) == {"code": 0, "msg": "OK"}
