"""Cards with buttons: what is sent, and that a press is heard only where it proves to be the vendor's, in time and whole."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from services.notifier.channel_file import read_channels, with_buttons
from services.notifier.channels import Button, CallBack, CallBackFault, CallBackRefused, Reply
from services.notifier.channels._ciphered import deciphered
from services.notifier.channels._feishu import FeishuCallBacks
from services.notifier.channels._wecom import WeComCallBacks, aes_key
from services.notifier.messages.keys import (
    ASKED_TO_AGREE,
    ASKED_TO_KNOW,
    ASKED_TO_TAKE_ON,
    buttons,
)
from shared.language.words import Words
from shared.lined_yaml import YamlFault
from shared.vocabulary import Language
from tests.notifier.channels.scripted import (
    LINK,
    MESSAGE,
    Scripted,
    answer,
    channel,
    gateway,
    secret_files,
)
from tests.notifier.pressing import feishu_press, padded

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
ADDRESS = "https://fh.example/api/v1/call-backs/chat"
CARD = replace(MESSAGE, to="7be5fg9a", buttons=buttons(ASKED_TO_KNOW, Words(Language.ZH)))
FEISHU = FeishuCallBacks("test key", "066zT6pS4QCbgj5Do145GfDbbag", "user_id")
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
WECOM = WeComCallBacks("QDG6eK", aes_key(AES_KEY), "wx5823bf96d3bd56c7")


# What is sent


def labels(digits: tuple[Button, ...]) -> list[tuple[str, int | None]]:
    return [(button.label, button.digit) for button in digits]


def test_whoever_refuses_says_why_behind_the_link() -> None:
    words = Words(Language.ZH)
    whole = ("打开全文", None)
    assert labels(buttons(ASKED_TO_KNOW, words)) == [("知道了", 1), ("请找下一位", 2), ("请来电", 3), whole]
    assert labels(buttons(ASKED_TO_TAKE_ON, words)) == [
        ("接受任务", 1),
        ("退回并说明", None),
        ("请来电", 3),
        whole,
    ]
    assert [label for label, _ in labels(buttons(ASKED_TO_AGREE, words))][:2] == ["同意", "不同意"]
    assert buttons((), words) == ()
    for keys in (ASKED_TO_KNOW, ASKED_TO_TAKE_ON, ASKED_TO_AGREE):
        assert all(len(button.label) <= 10 for button in buttons(keys, words)), "as WeCom shows it"


FEISHU_ENTRY = """
kind: http
gateway: feishu_app
origin: {url}
private: true
replies: true
with: {{app: cli_a1, addressed_by: user_id}}
secrets: {{key: app_secret, encrypt_key: encrypt, verification_token: verify}}
"""
WECOM_ENTRY = """
kind: http
gateway: wecom_app
origin: {url}
private: true
replies: true
with: {{corp: ww1, agent: 1000002}}
secrets: {{key: app_secret, call_back_token: token, aes_key: aes}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, app_secret="hush", encrypt="e", verify="v", token="t", aes=AES_KEY)


async def sent(lab: Scripted, entry: str, secrets: Path) -> Any:
    async with channel(entry.format(url=lab.url), secrets) as subject:
        await subject.deliver(CARD)
        await subject.deliver(MESSAGE)
    [_, card, text] = lab.heard
    assert LINK in text.body.decode(), "what nothing answers goes out as before"
    assert "interactive" not in text.body.decode()
    return card.json


async def test_feishus_card_has_a_button_each_and_the_reporters_words_stay_words(secrets: Path) -> None:
    token = answer({"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200})
    async with gateway(token, answer({"code": 0, "data": {"message_id": "om_1"}})) as lab:
        body = await sent(lab, FEISHU_ENTRY, secrets)
    assert (body["receive_id"], body["msg_type"]) == ("7be5fg9a", "interactive")
    card = orjson.loads(str(body["content"]))
    text, action = card["elements"]
    assert text["text"]["tag"] == "plain_text"
    assert LINK not in text["text"]["content"]
    assert [button.get("value") for button in action["actions"]] == [
        {"message": MESSAGE.id, "digit": "1"},
        {"message": MESSAGE.id, "digit": "2"},
        {"message": MESSAGE.id, "digit": "3"},
        None,
    ]
    assert action["actions"][3]["url"] == LINK
    assert card["config"]["enable_forward"] is False


async def test_wecoms_card_is_a_button_interaction(secrets: Path) -> None:
    token = answer({"errcode": 0, "errmsg": "ok", "access_token": "t-1", "expires_in": 7200})
    async with gateway(token, answer({"errcode": 0, "errmsg": "ok", "msgid": "m"})) as lab:
        body = await sent(lab, WECOM_ENTRY, secrets)
    card = body["template_card"]
    assert (body["msgtype"], card["card_type"], card["task_id"]) == (
        "template_card",
        "button_interaction",
        MESSAGE.id,
    )
    assert [button.get("key") or button["url"] for button in card["button_list"]] == ["1", "2", "3", LINK]


def test_a_press_must_say_by_an_address_who_it_was() -> None:
    entry = "channels:\n  chat:" + FEISHU_ENTRY.format(url="http://127.0.0.1:9").replace("\n", "\n    ")
    configured = read_channels(entry, {})
    assert with_buttons(configured) == {"chat"}
    with pytest.raises(YamlFault, match="addressed_by"):
        read_channels(entry.replace("addressed_by: user_id", "addressed_by: email"), {})
    with pytest.raises(YamlFault, match="encrypt_key"):
        read_channels(entry.replace("encrypt_key: encrypt, ", ""), {})


# What is heard: Feishu


def test_feishus_published_cipher_is_read() -> None:
    """https://open.feishu.cn/document/event-subscription-guide/event-subscriptions/event-subscription-configure-/encrypt-key-encryption-configuration-case"""
    raw = base64.b64decode("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=")
    key = hashlib.sha256(b"test key").digest()
    assert deciphered(key, raw[:16], raw[16:], block=16) == b"hello world"


def feishu(
    digit: str = "1", *, at: datetime = NOW, key: str = "test key", token: str = FEISHU.token
) -> CallBack:
    headers, body = feishu_press(MESSAGE.id, digit, "867a", key=key, token=token, at=at)
    return CallBack(ADDRESS, {}, headers, body)


def test_a_press_on_feishu_is_an_answer_of_whoever_pressed() -> None:
    [item] = FEISHU.items(feishu(), NOW)
    event = "f7984f25108f8137722bb63c"
    assert FEISHU.reply_in(item) == Reply(
        event, "867a", "1", MESSAGE.id, only_about=True, only_its_person=True
    )
    assert FEISHU.greeting(feishu(), NOW) is None
    said = FEISHU.said_back("【烽火】已计入", Language.ZH)
    assert said is not None
    assert orjson.loads(said.body)["toast"]["content"] == "【烽火】已计入"


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (feishu(key="another"), CallBackFault.SIGNATURE),
        (feishu(token="another"), CallBackFault.SIGNATURE),
        (feishu(at=NOW - timedelta(minutes=6)), CallBackFault.CLOCK),
        (feishu(at=NOW + timedelta(minutes=6)), CallBackFault.CLOCK),
        (replace(feishu(), headers={}), CallBackFault.SIGNATURE),
        (replace(feishu(), body=feishu("2").body), CallBackFault.SIGNATURE),
        (replace(feishu(), body=b"{}"), CallBackFault.SIGNATURE),
        (replace(feishu(), body=b'{"encrypt": "x"}'), CallBackFault.SIGNATURE),
    ],
)
def test_what_feishu_did_not_send_now_is_refused(call: CallBack, fault: CallBackFault) -> None:
    with pytest.raises(CallBackRefused) as refused:
        FEISHU.items(call, NOW)
    assert refused.value.fault is fault


def trial(token: str, key: str = "test key") -> CallBack:
    content = {"challenge": "ajls384kdjx98XX", "token": token, "type": "url_verification"}
    start, digest = b"0123456789abcdef", hashlib.sha256(key.encode()).digest()
    encryptor = Cipher(AES(digest), CBC(start)).encryptor()
    ciphered = start + encryptor.update(padded(orjson.dumps(content), 16)) + encryptor.finalize()
    return CallBack(ADDRESS, {}, {}, orjson.dumps({"encrypt": base64.b64encode(ciphered).decode()}))


def test_feishu_tries_the_address_out_and_nobody_else_does() -> None:
    greeting = FEISHU.greeting(trial(FEISHU.token), NOW)
    assert greeting is not None
    assert orjson.loads(greeting.body) == {"challenge": "ajls384kdjx98XX"}
    plain = CallBack(
        ADDRESS, {}, {}, b'{"challenge":"x","token":"066zT6pS4QCbgj5Do145GfDbbag","type":"url_verification"}'
    )
    for call in (trial("another"), trial(FEISHU.token, "another"), plain):
        with pytest.raises(CallBackRefused):
            FEISHU.greeting(call, NOW)


# What is heard: WeCom. Token, key and messages are those of its published library's examples.

ECHO = {
    "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "timestamp": "1409659589",
    "nonce": "263014780",
    "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
}
ECHOED_AT = datetime.fromtimestamp(1409659589, UTC)


def test_wecoms_published_trial_is_answered() -> None:
    greeting = WECOM.greeting(CallBack(ADDRESS, ECHO, {}, b""), ECHOED_AT)
    assert greeting is not None
    assert greeting.body == "1616140317555161061"


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"msg_signature": "0" * 40}, ECHOED_AT),
        ({"nonce": "1"}, ECHOED_AT),
        ({"timestamp": "x"}, ECHOED_AT),
        ({"echostr": "AAAA"}, ECHOED_AT),
        ({}, ECHOED_AT + timedelta(minutes=6)),
    ],
)
def test_what_wecom_did_not_send_now_is_refused(changed: dict[str, str], at: datetime) -> None:
    with pytest.raises(CallBackRefused):
        WECOM.greeting(CallBack(ADDRESS, ECHO | changed, {}, b""), at)


EVENT = (
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><FromUserName><![CDATA[zhao_jia]]></FromUserName>"
    "<CreateTime>123456789</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[2]]></EventKey>"
    f"<TaskId><![CDATA[{MESSAGE.id}]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>"
    "<ResponseCode><![CDATA[ResponseCode]]></ResponseCode><AgentID>1</AgentID></xml>"
)


def wecom(event: str = EVENT, corp: str = "wx5823bf96d3bd56c7", at: datetime = NOW) -> CallBack:
    key, content = aes_key(AES_KEY), event.encode()
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    whole = b"r" * 16 + len(content).to_bytes(4) + content + corp.encode()
    ciphered = base64.b64encode(encryptor.update(padded(whole, 32)) + encryptor.finalize()).decode()
    timestamp = str(int(at.timestamp()))
    signed = "".join(sorted(("QDG6eK", timestamp, "1372623149", ciphered)))
    query = {
        "msg_signature": hashlib.sha1(signed.encode()).hexdigest(),
        "timestamp": timestamp,
        "nonce": "1372623149",
    }
    body = f"<xml><ToUserName>{corp}</ToUserName><Encrypt><![CDATA[{ciphered}]]></Encrypt></xml>"
    return CallBack(ADDRESS, query, {}, body.encode())


def test_a_press_on_wecom_is_an_answer_of_whoever_pressed_and_the_same_when_it_comes_again() -> None:
    [first], [again] = WECOM.items(wecom(), NOW), WECOM.items(wecom(), NOW)
    reply = WECOM.reply_in(first)
    assert reply is not None
    assert (reply.number, reply.words, reply.about) == ("zhao_jia", "2", MESSAGE.id)
    assert reply.only_its_person
    assert reply == WECOM.reply_in(again)
    assert WECOM.greeting(wecom(), NOW) is None
    [entered] = WECOM.items(wecom(EVENT.replace("template_card_event", "enter_agent")), NOW)
    assert WECOM.reply_in(entered) is None


@pytest.mark.parametrize(
    "call",
    [
        wecom(corp="another"),
        wecom(at=NOW - timedelta(minutes=6)),
        replace(wecom(), query={}),
        replace(wecom(), body=wecom(EVENT.replace("[2]", "[1]")).body),
    ],
)
def test_a_press_that_is_not_wecoms_is_refused(call: CallBack) -> None:
    with pytest.raises(CallBackRefused):
        WECOM.items(call, NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<xml>", b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>', b"\xff" * 100],
)
def test_what_is_no_document_is_a_fault_of_the_request(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        WECOM.items(replace(wecom(), body=body), NOW)
