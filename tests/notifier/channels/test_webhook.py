"""A signed webhook: what its gateway does wrong is the gateway's trouble, and never says that a person is dark."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from services.notifier.channels import TransportError, Trouble
from shared.lined_yaml import YamlFault
from shared.reach import is_private
from shared.secrets import SecretFile
from tests.notifier.channels.scripted import (
    MESSAGE,
    Says,
    answer,
    channel,
    floods,
    gateway,
    hangs,
    hangs_up,
    trickles,
)

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / SecretFile.WEBHOOK).write_text(KEY)
    return tmp_path


def entry(url: str, more: str = "private: true") -> str:
    return f"kind: webhook\nurl: {url}\ntimeout: PT0.5S\n{more}"


async def tried(says: Says, secrets: Path) -> TransportError:
    async with gateway(says) as lab, channel(entry(lab.url), secrets) as webhook:
        with pytest.raises(TransportError) as refused:
            await webhook.deliver(MESSAGE)
    return refused.value


async def test_the_message_comes_signed_and_its_reference_is_kept(secrets: Path) -> None:
    async with gateway(answer({"reference": "r-1"})) as lab, channel(entry(lab.url), secrets) as webhook:
        assert await webhook.deliver(MESSAGE) == "r-1"
        [heard] = lab.heard
    Webhook(KEY).verify(heard.body, dict(heard.headers))
    assert heard.json["data"]["to"] == MESSAGE.to
    assert heard.headers["webhook-id"] == MESSAGE.id


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (hangs, "no answer within 0.5 s"),
        (trickles, "no answer within 0.5 s"),
        (hangs_up, "the connection ended"),
        (b"I am no web server\r\n\r\n", "the connection ended"),
        (answer({}, "503 Service Unavailable", Retry_After="7"), "503"),
        (answer({}, "429 Too Many Requests"), "429"),
        (answer({}, "408 Request Timeout"), "408"),
    ],
)
async def test_a_gateway_in_trouble_is_not_a_number_that_is_refused(
    says: Says, words: str, secrets: Path
) -> None:
    refused = await tried(says, secrets)
    assert refused.trouble is Trouble.GATEWAY
    assert refused.retry
    assert words in refused.reason


@pytest.mark.parametrize(
    ("status", "trouble", "words"),
    [
        ("400 Bad Request", Trouble.ADDRESS, "mend the person's address"),
        ("410 Gone", Trouble.ADDRESS, "mend the person's address"),
        ("422 Unprocessable Entity", Trouble.ADDRESS, "mend the person's address"),
        ("401 Unauthorized", Trouble.OURS, "do its key and ours agree"),
        ("403 Forbidden", Trouble.OURS, "do its key and ours agree"),
        ("404 Not Found", Trouble.OURS, "see the channel file"),
        ("413 Content Too Large", Trouble.OURS, "see the channel file"),
    ],
)
async def test_only_an_answer_about_the_number_says_that_the_number_is_bad(
    status: str, trouble: Trouble, words: str, secrets: Path
) -> None:
    refused = await tried(answer({"error": "no"}, status), secrets)
    assert refused.trouble is trouble
    assert not refused.retry
    assert words in refused.reason


async def test_a_redirect_into_this_machine_is_not_followed(secrets: Path) -> None:
    async with gateway(answer({})) as inside:
        refused = await tried(answer({}, "302 Found", Location=f"{inside.url}/metadata"), secrets)
        assert inside.heard == []
    assert refused.trouble is Trouble.OURS
    assert "final address" in refused.reason


async def test_two_megabytes_of_thanks_are_thanks(secrets: Path) -> None:
    async with gateway(floods) as lab, channel(entry(lab.url), secrets) as webhook:
        assert await webhook.deliver(MESSAGE) == ""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]"]
)
async def test_a_private_address_needs_the_channels_word(host: str, secrets: Path) -> None:
    with pytest.raises(YamlFault, match=r"is a private address: write `private: true`"):
        async with channel(entry(f"http://{host}:80/sms", ""), secrets):
            pass


@pytest.mark.parametrize("first", [["127.0.0.1"], ["::ffff:127.0.0.1"], ["127.0.0.1", "10.9.9.9"]])
async def test_a_name_that_leads_inside_when_it_is_connected_to_is_refused(
    first: list[str], secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is looked at in the connection itself, not before."""

    async def leads_inside(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port, 0, 0) if ":" in ip else (ip, port),
            )
            for ip in first
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", leads_inside)
    async with (
        gateway(answer({})) as lab,
        channel(entry(f"http://gateway.example:{lab.port}/sms", ""), secrets) as webhook,
    ):
        with pytest.raises(TransportError) as refused:
            await webhook.deliver(MESSAGE)
        assert lab.heard == []
    assert refused.value.trouble is Trouble.OURS
    assert f"gateway.example:{lab.port} is a private address, so nothing was sent" in refused.value.reason


def test_what_strangers_can_not_reach_is_private() -> None:
    inside = [
        "0.0.0.0",
        "100.64.0.1",
        "192.168.1.1",
        "172.16.9.9",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "2002:7f00:1::1",
    ]
    assert [ip for ip in inside if not is_private(ip)] == []
    outside = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:1.1.1.1"]
    assert [ip for ip in outside if is_private(ip)] == []
