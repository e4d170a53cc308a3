"""DingTalk: a group's robot with a signature, and work notices of an application."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import TEXT, answer, channel, gateway, message, secret_files

TOKEN = answer({"errcode": 0, "errmsg": "ok", "access_token": "t1", "expires_in": 7200})


def robot(url: str) -> str:
    return f"""
kind: http
gateway: dingtalk_robot
origin: {url}
private: true
secrets: {{token: ding_token, key: ding_key}}
"""


def app(url: str) -> str:
    return f"""
kind: http
gateway: dingtalk_app
origin: {url}
private: true
with: {{agent: 41605932}}
secrets: {{app: ding_app, key: ding_key}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, ding_token="XXXXXX", ding_key="this is secret", ding_app="dingeq")


async def test_the_robots_message_is_signed_over_the_millisecond(secrets: Path) -> None:
    async with (
        gateway(answer({"errcode": 0, "errmsg": "ok"})) as lab,
        channel(robot(lab.url), secrets) as ding,
    ):
        assert await ding.deliver(message()) == ""
        [heard] = lab.heard
    query = heard.query
    signed = hmac.new(b"this is secret", f"{query['timestamp']}\nthis is secret".encode(), hashlib.sha256)
    assert heard.path == "/robot/send"
    assert query["access_token"] == "XXXXXX"
    assert query["sign"] == base64.b64encode(signed.digest()).decode()
    assert heard.json == {
        "msgtype": "text",
        "text": {"content": TEXT},
        "at": {"atMobiles": ["13900001111"], "isAtAll": False},
    }


@pytest.mark.parametrize(
    ("code", "trouble"), [(310000, Trouble.OURS), (410100, Trouble.GATEWAY), (-1, Trouble.GATEWAY)]
)
async def test_200_and_an_error_is_understood(code: int, trouble: Trouble, secrets: Path) -> None:
    async with (
        gateway(answer({"errcode": code, "errmsg": "sign not match"})) as lab,
        channel(robot(lab.url), secrets) as ding,
    ):
        with pytest.raises(TransportError) as refused:
            await ding.deliver(message())
    assert refused.value.trouble is trouble


async def test_a_work_notice_goes_to_one_user_and_has_its_task_as_reference(secrets: Path) -> None:
    sent = answer({"errcode": 0, "task_id": 256271667526, "request_id": "4jzllmte0wau"})
    async with gateway(TOKEN, sent) as lab, channel(app(lab.url), secrets) as ding:
        assert await ding.deliver(message("user123")) == "256271667526"
        token, notice = lab.heard
    assert token.query == {"appkey": "dingeq", "appsecret": "this is secret"}
    assert notice.query == {"access_token": "t1"}
    assert notice.json == {
        "agent_id": 41605932,
        "userid_list": "user123",
        "msg": {"msgtype": "text", "text": {"content": TEXT}},
    }


@pytest.mark.parametrize(
    ("sent", "trouble"),
    [
        ({"errcode": 33012, "errmsg": "invalid USERID"}, Trouble.ADDRESS),
        ({"errcode": 88, "sub_code": "90018", "errmsg": "too many"}, Trouble.GATEWAY),
        ({"errcode": 88, "sub_code": "60011", "errmsg": "no right"}, Trouble.OURS),
    ],
)
async def test_a_work_notice_that_is_refused_says_whose_trouble_it_is(
    sent: dict[str, object], trouble: Trouble, secrets: Path
) -> None:
    async with gateway(TOKEN, answer(sent)) as lab, channel(app(lab.url), secrets) as ding:
        with pytest.raises(TransportError) as refused:
            await ding.deliver(message("user123"))
    assert refused.value.trouble is trouble
