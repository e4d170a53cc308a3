"""ntfy: a push to a topic, as its documents show it."""

from pathlib import Path

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import (
    LINK,
    MESSAGE,
    TEXT,
    answer,
    channel,
    gateway,
    message,
    secret_files,
)

TAKEN = {"id": "hwQ2YpKdmg", "time": 1635528741, "event": "message", "topic": "duty", "message": "hi"}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secret_files(tmp_path, ntfy="tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2")


def entry(url: str) -> str:
    return f"kind: http\ngateway: ntfy\norigin: {url}\nprivate: true\nsecrets: {{token: ntfy}}"


async def test_the_topic_gets_the_message_with_its_link_to_tap(secrets: Path) -> None:
    async with gateway(answer(TAKEN)) as lab, channel(entry(lab.url), secrets) as ntfy:
        assert await ntfy.deliver(message("duty")) == "hwQ2YpKdmg"
        [heard] = lab.heard
    assert (heard.method, heard.target) == ("POST", "/")
    assert heard.headers["authorization"] == "Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
    assert heard.json == {
        "topic": "duty",
        "title": MESSAGE.letter.subject,
        "message": TEXT,
        "priority": 5,
        "click": LINK,
    }


@pytest.mark.parametrize(
    ("code", "status", "trouble"),
    [
        (42901, "429 Too Many Requests", Trouble.GATEWAY),
        (50001, "500 Internal Server Error", Trouble.GATEWAY),
        (40301, "403 Forbidden", Trouble.OURS),
    ],
)
async def test_a_refusal_says_whose_trouble_it_is(
    code: int, status: str, trouble: Trouble, secrets: Path
) -> None:
    says = answer({"code": code, "http": int(status[:3]), "error": "no"}, status)
    async with gateway(says) as lab, channel(entry(lab.url), secrets) as ntfy:
        with pytest.raises(TransportError) as refused:
            await ntfy.deliver(message("duty"))
    assert refused.value.trouble is trouble
