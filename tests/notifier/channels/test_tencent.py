"""Tencent Cloud: SMS and calls, signed as its documents show; 200 with an error inside is understood."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from yarl import URL

from services.notifier.channels import TransportError, Trouble
from services.notifier.channels._fill import GatewayRequest
from services.notifier.channels._signing import tc3
from tests.notifier.channels.scripted import Says, answer, channel, gateway, message, secret_files

SENT = {
    "SerialNo": "5000:1045710669157053657849499619",
    "PhoneNumber": "+8618511122233",
    "Fee": 1,
    "SessionContext": "test",
    "Code": "Ok",
    "Message": "send success",
    "IsoCode": "CN",
}
REQUEST = "a0aabda6-cf91-4f3e-a81f-9198114a2279"


def status(**fields: object) -> bytes:
    return answer({"Response": {"SendStatusSet": [SENT | fields], "RequestId": REQUEST}})


def error(code: str) -> bytes:
    return answer({"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": REQUEST}})


def entry(url: str, gateway_name: str = "tencent_sms", more: str = ", sign_name: 腾讯云") -> str:
    return f"""
kind: http
gateway: {gateway_name}
origin: {url}
private: true
with: {{region: ap-guangzhou, app: "1400006666", template: "1234"{more}}}
secrets: {{key_id: tc_id, key: tc_key}}
parameters: ["{{words:12}}", "{{link_path}}"]
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, tc_id="AKID" + "*" * 32, tc_key="*" * 32)


def test_the_signature_is_the_one_of_the_published_example() -> None:
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {"Content-Type": "application/json; charset=utf-8", "X-TC-Action": "DescribeInstances"}
    request = GatewayRequest("POST", URL("https://cvm.tencentcloudapi.com/"), headers, body)
    keys = {"key_id": "AKID" + "*" * 32, "key": "*" * 32}
    tc3(request, keys, "cvm", datetime.fromtimestamp(1551113065, UTC))
    assert request.headers["Authorization"] == (
        f"TC3-HMAC-SHA256 Credential={keys['key_id']}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


async def test_an_sms_is_the_request_of_the_published_example(secrets: Path) -> None:
    async with gateway(status()) as lab, channel(entry(lab.url), secrets) as tencent:
        assert await tencent.deliver(message("+8618511122233")) == SENT["SerialNo"]
        [heard] = lab.heard
    assert heard.json == {
        "PhoneNumberSet": ["+8618511122233"],
        "SmsSdkAppId": "1400006666",
        "SignName": "腾讯云",
        "TemplateId": "1234",
        "TemplateParamSet": ["【烽火·初报】城关区化…", "/a/Xk3v"],
        "SessionContext": message().id,
    }
    assert heard.headers["x-tc-action"] == "SendSms"
    assert heard.headers["x-tc-version"] == "2021-01-11"
    assert heard.headers["x-tc-region"] == "ap-guangzhou"
    headers = {name: heard.headers[name] for name in ("content-type", "x-tc-action")}
    again = GatewayRequest("POST", URL(f"{lab.url}/"), headers, heard.body)
    at = datetime.fromtimestamp(int(heard.headers["x-tc-timestamp"]), UTC)
    tc3(again, {"key_id": "AKID" + "*" * 32, "key": "*" * 32}, "sms", at)
    assert heard.headers["authorization"] == again.headers["Authorization"]


async def test_a_call_is_taken_by_its_id_alone(secrets: Path) -> None:
    called = {"SendStatus": {"CallId": "12582bce-403c-11eb-96b8-525400476c37", "SessionContext": "test"}}
    voice = ("tencent_voice", "")
    async with (
        gateway(answer({"Response": called | {"RequestId": REQUEST}})) as lab,
        channel(entry(lab.url, *voice), secrets) as tencent,
    ):
        assert await tencent.deliver(message()) == "12582bce-403c-11eb-96b8-525400476c37"
        assert lab.heard[0].json["CalledNumber"] == "+8613900001111"
        assert lab.heard[0].json["VoiceSdkAppid"] == "1400006666"
    async with gateway(answer({"Response": {}})) as lab, channel(entry(lab.url, *voice), secrets) as tencent:
        with pytest.raises(TransportError) as refused:
            await tencent.deliver(message())
    assert refused.value.trouble is Trouble.GATEWAY


@pytest.mark.parametrize(
    ("says", "trouble"),
    [
        (status(Code="InvalidParameterValue.IncorrectPhoneNumber", SerialNo=""), Trouble.ADDRESS),
        (status(Code="FailedOperation.PhoneNumberInBlacklist", SerialNo=""), Trouble.ADDRESS),
        (status(Code="LimitExceeded.PhoneNumberThirtySecondLimit", SerialNo=""), Trouble.GATEWAY),
        (status(Code="FailedOperation.InsufficientBalanceInSmsPackage", SerialNo=""), Trouble.OURS),
        (error("AuthFailure.SignatureFailure"), Trouble.OURS),
        (error("RequestLimitExceeded"), Trouble.GATEWAY),
        (error("InternalError.OtherError"), Trouble.GATEWAY),
        (error("InvalidParameterValue.TemplateParameterLengthLimit"), Trouble.OURS),
        (answer({"Response": {"SendStatusSet": [], "RequestId": REQUEST}}), Trouble.GATEWAY),
    ],
)
async def test_each_answer_says_whose_trouble_it_is(says: Says, trouble: Trouble, secrets: Path) -> None:
    async with gateway(says) as lab, channel(entry(lab.url), secrets) as tencent:
        with pytest.raises(TransportError) as refused:
            await tencent.deliver(message())
    assert refused.value.trouble is trouble, refused.value.reason
