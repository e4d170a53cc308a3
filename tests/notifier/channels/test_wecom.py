"""WeCom: a group's robot, and messages of an application with an access token that is kept and renewed."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import (
    LINK,
    TEXT,
    Heard,
    Scripted,
    answer,
    channel,
    gateway,
    hangs,
    message,
    secret_files,
)

OK = answer({"errcode": 0, "errmsg": "ok"})


def robot(url: str) -> str:
    return f"kind: http\ngateway: wecom_robot\norigin: {url}\nprivate: true\nsecrets: {{key: robot_key}}"


def app(url: str) -> str:
    return f"""
kind: http
gateway: wecom_app
origin: {url}
private: true
with: {{corp: ww1, agent: 1000002}}
secrets: {{key: app_secret}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, robot_key="693a91f6-7xxx", app_secret="hush")


def both(lab: Scripted, tokens: list[str], sent: Any, lasts: int = 7200) -> None:
    """Tokens one after the other; `sent` is what a message with the last of them is answered."""

    async def says(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.path == "/cgi-bin/gettoken":
            token = tokens.pop(0) if len(tokens) > 1 else tokens[0]
            writer.write(answer({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": lasts}))
        elif heard.query["access_token"] == tokens[-1]:
            writer.write(answer(sent))
        else:
            writer.write(answer({"errcode": 42001, "errmsg": "access_token expired"}))

    lab.says = [says]


async def test_the_robot_says_it_in_the_group_and_names_whom_it_is_for(secrets: Path) -> None:
    async with gateway(OK) as lab, channel(robot(lab.url), secrets) as wecom:
        assert await wecom.deliver(message()) == ""
        [heard] = lab.heard
    assert (heard.path, heard.query) == ("/cgi-bin/webhook/send", {"key": "693a91f6-7xxx"})
    assert heard.json == {
        "msgtype": "text",
        "text": {"content": TEXT, "mentioned_mobile_list": ["13900001111"]},
    }


async def test_a_long_text_keeps_its_link_within_2048_bytes(secrets: Path) -> None:
    async with gateway(OK) as lab, channel(robot(lab.url), secrets) as wecom:
        await wecom.deliver(message(text="险情" * 500 + LINK))
        content = lab.heard[0].json["text"]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith(f"… {LINK}")


@pytest.mark.parametrize(
    ("code", "trouble"), [(93000, Trouble.OURS), (45009, Trouble.GATEWAY), (-1, Trouble.GATEWAY)]
)
async def test_200_and_an_error_of_the_robot_is_never_the_persons(
    code: int, trouble: Trouble, secrets: Path
) -> None:
    async with (
        gateway(answer({"errcode": code, "errmsg": "no"})) as lab,
        channel(robot(lab.url), secrets) as wecom,
    ):
        with pytest.raises(TransportError) as refused:
            await wecom.deliver(message())
    assert refused.value.trouble is trouble
    assert "693a91f6" not in str(refused.value)


async def test_fifty_messages_at_once_ask_for_one_token(secrets: Path) -> None:
    async with gateway(OK) as lab, channel(app(lab.url), secrets) as wecom:
        both(lab, ["t1"], {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "m-1"})
        ids = await asyncio.gather(*(wecom.deliver(message("zhaojia")) for _ in range(50)))
        asked = [heard for heard in lab.heard if heard.path == "/cgi-bin/gettoken"]
    assert ids == ["m-1"] * 50
    assert [heard.query for heard in asked] == [{"corpid": "ww1", "corpsecret": "hush"}]
    sent = next(heard for heard in lab.heard if heard.path == "/cgi-bin/message/send")
    assert sent.json == {
        "touser": "zhaojia",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {"content": TEXT},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
    }


async def test_a_token_that_is_taken_back_is_renewed_once(secrets: Path) -> None:
    async with gateway(OK) as lab, channel(app(lab.url), secrets) as wecom:
        both(lab, ["old", "new"], {"errcode": 0, "msgid": "m-2"})
        assert await wecom.deliver(message("zhaojia")) == "m-2"
        both(lab, ["never good", "x", "y"], {"errcode": 42001})
        with pytest.raises(TransportError) as refused:
            await wecom.deliver(message("zhaojia"))
    assert refused.value.trouble is Trouble.OURS


async def test_a_token_that_has_ended_is_asked_for_anew(secrets: Path) -> None:
    async with gateway(OK) as lab, channel(app(lab.url), secrets) as wecom:
        both(lab, ["t"], {"errcode": 0}, lasts=0)
        await wecom.deliver(message("zhaojia"))
        await wecom.deliver(message("zhaojia"))
        assert sum(heard.path == "/cgi-bin/gettoken" for heard in lab.heard) == 2


@pytest.mark.parametrize(
    ("sent", "trouble"),
    [
        ({"errcode": 81013, "errmsg": "all invalid"}, Trouble.ADDRESS),
        ({"errcode": 0, "errmsg": "ok", "invaliduser": "zhaojia", "msgid": "m"}, Trouble.ADDRESS),
        ({"errcode": 60020, "errmsg": "not allow to access from your ip"}, Trouble.OURS),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, Trouble.GATEWAY),
    ],
)
async def test_each_answer_says_whose_trouble_it_is(
    sent: dict[str, Any], trouble: Trouble, secrets: Path
) -> None:
    async with gateway(OK) as lab, channel(app(lab.url), secrets) as wecom:
        both(lab, ["t"], sent)
        with pytest.raises(TransportError) as refused:
            await wecom.deliver(message("zhaojia"))
    assert refused.value.trouble is trouble, refused.value.reason


async def test_a_wrong_secret_is_ours(secrets: Path) -> None:
    async with (
        gateway(answer({"errcode": 40001, "errmsg": "invalid credential"})) as lab,
        channel(app(lab.url), secrets) as wecom,
    ):
        with pytest.raises(TransportError) as refused:
            await wecom.deliver(message("zhaojia"))
    assert refused.value.trouble is Trouble.OURS


async def test_a_hanging_token_server_holds_thirty_messages_no_longer_than_one(secrets: Path) -> None:
    async with gateway(hangs) as lab, channel(f"{app(lab.url).strip()}\ntimeout: PT0.5S", secrets) as wecom:
        began = time.perf_counter()
        ends = await asyncio.gather(
            *(wecom.deliver(message("zhaojia")) for _ in range(30)), return_exceptions=True
        )
        took = time.perf_counter() - began
        assert len(lab.heard) == 1
        both(lab, ["t"], {"errcode": 0, "msgid": "m-3"})
        assert await wecom.deliver(message("zhaojia")) == "m-3"
    assert all(isinstance(end, TransportError) and end.trouble is Trouble.GATEWAY for end in ends)
    assert took < 5
