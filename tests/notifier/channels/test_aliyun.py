"""Alibaba Cloud: SMS and calls, signed as its documents show; a 200 with a code is understood."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from yarl import URL

from services.notifier.channels import TransportError, Trouble
from services.notifier.channels._fill import GatewayRequest
from services.notifier.channels._signing import acs3
from tests.notifier.channels.scripted import LINK, Says, answer, channel, gateway, message, secret_files

TAKEN = answer(
    {
        "Message": "OK",
        "RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990",
        "Code": "OK",
        "BizId": "900619746936498440^0",
    }
)
CALLED = answer(
    {
        "Message": "OK",
        "RequestId": "8906582E-6722",
        "Code": "OK",
        "CallId": "116012354148^102813784148",
    }
)


def sms(url: str) -> str:
    return f"""
kind: http
gateway: aliyun_sms
origin: {url}
private: true
with: {{sign_name: 烽火, template: SMS_154950909}}
secrets: {{key_id: aliyun_id, key: aliyun_key}}
parameters: {{what: "{{words:35}}", key: "{{link_path}}"}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, aliyun_id="YourAccessKeyId", aliyun_key="YourAccessKeySecret")


def test_the_signature_is_the_one_of_the_published_example() -> None:
    request = GatewayRequest(
        "POST",
        URL(
            "https://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
            "&RegionId=cn-shanghai",
            encoded=True,
        ),
        {"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26"},
        None,
    )
    keys = {"key_id": "YourAccessKeyId", "key": "YourAccessKeySecret"}
    acs3(request, keys, datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC), "3156853299f313e23d1673dc12e1703d")
    assert request.headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


async def test_an_sms_is_the_providers_template_with_the_message_in_it(secrets: Path) -> None:
    async with gateway(TAKEN) as lab, channel(sms(lab.url), secrets) as aliyun:
        assert await aliyun.deliver(message()) == "900619746936498440^0"
        [heard] = lab.heard
    assert (heard.method, heard.path) == ("POST", "/")
    parameters = orjson.loads(heard.query.pop("TemplateParam"))
    assert heard.query == {
        "PhoneNumbers": "13900001111",
        "SignName": "烽火",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": heard.query["TemplateParam"],
        "OutId": message().id,
    }
    assert parameters == {
        "what": "【烽火·初报】城关区化工厂爆炸，死亡3人。请3时33分前答复：",
        "key": "/a/Xk3v",
    }
    assert heard.headers["x-acs-action"] == "SendSms"
    assert heard.headers["host"] == lab.url.removeprefix("http://")
    assert "content-type" not in heard.headers, "what is sent without being signed would be refused"
    # Signed again with what arrived, it is the same.
    again = GatewayRequest(
        "POST",
        URL(f"{lab.url}{heard.target}", encoded=True),
        {
            name: value
            for name, value in heard.headers.items()
            if name.startswith("x-acs-") or name == "content-type"
        },
        None,
    )
    at = datetime.strptime(heard.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    keys = {"key_id": "YourAccessKeyId", "key": "YourAccessKeySecret"}
    acs3(again, keys, at, heard.headers["x-acs-signature-nonce"])
    assert heard.headers["authorization"] == again.headers["Authorization"]


async def test_a_parameter_is_cut_to_what_the_provider_takes(secrets: Path) -> None:
    async with gateway(TAKEN) as lab, channel(sms(lab.url), secrets) as aliyun:
        await aliyun.deliver(message(text="很长" * 60 + f" {LINK}"))
        what = orjson.loads(lab.heard[0].query["TemplateParam"])["what"]
    assert (len(what), what[-1]) == (35, "…")


async def test_a_call_reads_the_template_aloud(secrets: Path) -> None:
    entry = """
kind: http
gateway: aliyun_voice
origin: {url}
private: true
with: {{template: TTS_10001}}
secrets: {{key_id: aliyun_id, key: aliyun_key}}
parameters: {{what: "{{words:60}}"}}
"""
    async with gateway(CALLED) as lab, channel(entry.format(url=lab.url), secrets) as aliyun:
        assert await aliyun.deliver(message(text="城关区化工厂爆炸")) == "116012354148^102813784148"
        [heard] = lab.heard
    assert heard.query["CalledNumber"] == "13900001111"
    assert heard.query["TtsParam"] == '{"what":"城关区化工厂爆炸"}'
    assert "CalledShowNumber" not in heard.query, "the public pool calls"


@pytest.mark.parametrize(
    ("says", "trouble"),
    [
        (answer({"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "号码不合法"}), Trouble.ADDRESS),
        (answer({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控"}), Trouble.GATEWAY),
        (answer({"Code": "isp.SYSTEM_ERROR", "Message": "系统异常"}), Trouble.GATEWAY),
        (answer({"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "余额不足"}), Trouble.OURS),
        (answer({"Code": "isv.SMS_TEMPLATE_ILLEGAL", "Message": "模板不合法"}), Trouble.OURS),
        (answer({"Code": "isp.RAM_PERMISSION_DENY", "Message": "RAM"}), Trouble.OURS),
        (answer({"Code": "SomethingNew", "Message": "?"}), Trouble.GATEWAY),
        (answer({"Code": "SignatureDoesNotMatch", "Message": "x"}, "400 Bad Request"), Trouble.OURS),
        (answer({"Code": "InvalidAccessKeyId.NotFound", "Message": "x"}, "404 Not Found"), Trouble.OURS),
        (answer({"Code": "Throttling.User", "Message": "x"}, "400 Bad Request"), Trouble.GATEWAY),
        (answer({"Code": "ServiceUnavailable", "Message": "x"}, "503 Service Unavailable"), Trouble.GATEWAY),
        (answer({"Code": "SomethingNew"}, "400 Bad Request"), Trouble.OURS),
        (answer({"Code": "OK"}, "500 Internal Server Error"), Trouble.GATEWAY),
        (answer(b"<html>log in to the hotel's network</html>"), Trouble.GATEWAY),
        (answer({"hello": "world"}), Trouble.GATEWAY),
    ],
)
async def test_each_answer_says_whose_trouble_it_is(says: Says, trouble: Trouble, secrets: Path) -> None:
    async with gateway(says) as lab, channel(sms(lab.url), secrets) as aliyun:
        with pytest.raises(TransportError) as refused:
            await aliyun.deliver(message())
    assert refused.value.trouble is trouble, refused.value.reason
