"""Feishu: a group's robot with a signature, and messages of an application."""

import base64
import hashlib
import hmac
from pathlib import Path

import orjson
import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import TEXT, answer, channel, gateway, message, secret_files

TOKEN = answer({"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200})


def robot(url: str) -> str:
    return f"""
kind: http
gateway: feishu_robot
origin: {url}
private: true
secrets: {{token: hook, key: hook_key}}
"""


def app(url: str) -> str:
    return f"""
kind: http
gateway: feishu_app
origin: {url}
private: true
with: {{app: cli_a1, addressed_by: user_id}}
secrets: {{key: app_secret}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, hook="xxx-xxx", hook_key="demo", app_secret="hush")


@pytest.mark.parametrize(
    "taken", [{"code": 0, "msg": "success", "data": {}}, {"StatusCode": 0, "StatusMessage": "success"}]
)
async def test_the_robots_message_is_signed_in_its_body(taken: dict[str, object], secrets: Path) -> None:
    async with gateway(answer(taken)) as lab, channel(robot(lab.url), secrets) as feishu:
        assert await feishu.deliver(message()) == ""
        [heard] = lab.heard
    body = heard.json
    signed = hmac.new(f"{body['timestamp']}\ndemo".encode(), b"", hashlib.sha256)
    assert heard.target == "/open-apis/bot/v2/hook/xxx-xxx"
    assert body.pop("sign") == base64.b64encode(signed.digest()).decode()
    assert body == {"timestamp": body["timestamp"], "msg_type": "text", "content": {"text": TEXT}}


@pytest.mark.parametrize(("code", "trouble"), [(19021, Trouble.OURS), (11232, Trouble.GATEWAY)])
async def test_200_and_an_error_is_understood_and_the_hook_stands_in_no_message(
    code: int, trouble: Trouble, secrets: Path
) -> None:
    says = answer({"code": code, "msg": "sign match fail or timestamp is not within one hour"})
    async with gateway(says) as lab, channel(robot(lab.url), secrets) as feishu:
        with pytest.raises(TransportError) as refused:
            await feishu.deliver(message())
        lab.says = [b"I am no web server\r\n\r\n"]
        with pytest.raises(TransportError) as garbled:
            await feishu.deliver(message())
    assert refused.value.trouble is trouble
    assert garbled.value.trouble is Trouble.GATEWAY
    assert "xxx-xxx" not in str(refused.value) + str(garbled.value)


async def test_an_applications_message_is_the_request_of_the_published_example(secrets: Path) -> None:
    sent = answer(
        {"code": 0, "msg": "success", "data": {"message_id": "om_dc13264520392913993dd051dba21dcf"}}
    )
    async with gateway(TOKEN, sent) as lab, channel(app(lab.url), secrets) as feishu:
        quoted = '他说："速来"\n' + TEXT
        assert await feishu.deliver(message("7be5fg9a", quoted)) == "om_dc13264520392913993dd051dba21dcf"
        token, heard = lab.heard
    assert token.json == {"app_id": "cli_a1", "app_secret": "hush"}
    assert heard.query == {"receive_id_type": "user_id"}
    assert heard.headers["authorization"] == "Bearer t-1"
    assert heard.json["receive_id"] == "7be5fg9a"
    assert orjson.loads(heard.json["content"]) == {"text": quoted}
    assert heard.json["uuid"] == hashlib.sha256(message().id.encode()).hexdigest()[:32]


@pytest.mark.parametrize(("code", "trouble"), [(230013, Trouble.ADDRESS), (99991400, Trouble.GATEWAY)])
async def test_a_message_that_is_refused_says_whose_trouble_it_is(
    code: int, trouble: Trouble, secrets: Path
) -> None:
    refusal = answer({"code": code, "msg": "no"}, "400 Bad Request")
    async with gateway(TOKEN, refusal) as lab, channel(app(lab.url), secrets) as feishu:
        with pytest.raises(TransportError) as refused:
            await feishu.deliver(message("7be5fg9a"))
    assert refused.value.trouble is trouble
