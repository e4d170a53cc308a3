"""Twilio: SMS and calls; what it says of the number is told from what it says of us."""

from base64 import b64encode
from pathlib import Path

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import TEXT, Says, answer, channel, gateway, message, secret_files

ACCOUNT = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
QUEUED = {
    "account_sid": ACCOUNT,
    "body": "Hi there",
    "error_code": None,
    "sid": "SM" + "X" * 32,
    "status": "queued",
}


def entry(url: str, name: str = "twilio_sms", more: str = "") -> str:
    return f"""
kind: http
gateway: {name}
origin: {url}
private: true
with: {{account: {ACCOUNT}, from: "+15017122661"{more}}}
secrets: {{key_id: twilio_id, key: twilio_token}}
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, twilio_id=ACCOUNT, twilio_token="token")


async def test_an_sms_is_the_request_of_the_published_example(secrets: Path) -> None:
    async with gateway(answer(QUEUED, "201 Created")) as lab, channel(entry(lab.url), secrets) as twilio:
        assert await twilio.deliver(message("+15558675310")) == "SM" + "X" * 32
        [heard] = lab.heard
    assert (heard.method, heard.target) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert heard.form == {"To": "+15558675310", "From": "+15017122661", "Body": TEXT}
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert heard.headers["authorization"] == f"Basic {b64encode(f'{ACCOUNT}:token'.encode()).decode()}"


async def test_a_call_says_the_text_and_nothing_in_it_is_markup(secrets: Path) -> None:
    called = answer({"sid": "CA1", "status": "queued"}, "201 Created")
    voice = ("twilio_voice", ", voice: cmn-CN")
    async with gateway(called) as lab, channel(entry(lab.url, *voice), secrets) as twilio:
        assert await twilio.deliver(message(text="死亡3人</Say><Dial>+1900</Dial>")) == "CA1"
        [heard] = lab.heard
    assert heard.form["Twiml"] == (
        '<Response><Say language="cmn-CN" loop="3">死亡3人&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;</Say></Response>'
    )


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        ("400 Bad Request", 21211, Trouble.ADDRESS),
        ("400 Bad Request", 21610, Trouble.ADDRESS),
        ("400 Bad Request", 21408, Trouble.OURS),
        ("400 Bad Request", 99999, Trouble.OURS),
        ("401 Unauthorized", 20003, Trouble.OURS),
        ("404 Not Found", 20404, Trouble.OURS),
        ("429 Too Many Requests", 20429, Trouble.GATEWAY),
        ("503 Service Unavailable", 20503, Trouble.GATEWAY),
    ],
)
async def test_each_answer_says_whose_trouble_it_is(
    status: str, code: int, trouble: Trouble, secrets: Path
) -> None:
    says: Says = answer({"code": code, "message": "no", "status": int(status[:3])}, status)
    async with gateway(says) as lab, channel(entry(lab.url), secrets) as twilio:
        with pytest.raises(TransportError) as refused:
            await twilio.deliver(message("+15558675310"))
    assert refused.value.trouble is trouble, refused.value.reason
