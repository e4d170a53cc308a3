"""Mail: a refusal is about the recipient only where the server says so; greylisting and a full queue pass."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import channel, message, secret_files


@asynccontextmanager
async def mail_server(
    says: Mapping[str, str], tls: ssl.SSLContext | None = None, heard: list[str] | None = None
) -> AsyncIterator[int]:
    """Its port. Answers each command by its first word; `.` is the end of the mail."""
    usual = {"EHLO": "250 ok", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 queued as 7"}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says.get("hello", "220 mx.example").encode() + b"\r\n")
        try:
            while line := (await reader.readuntil(b"\r\n")).decode().strip():
                word = line.split()[0].upper()
                if heard is not None:
                    heard.append(line)
                if word == "DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    word = "."
                writer.write({**usual, **says}.get(word, "250 ok").encode() + b"\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def entry(port: int) -> str:
    return (
        f"kind: email\nhost: 127.0.0.1\nport: {port}\nfrom: duty@city.example\nstarttls: false\ntimeout: PT1S"
    )


async def test_what_was_queued_has_the_servers_word_as_its_reference(tmp_path: Path) -> None:
    async with mail_server({}) as port, channel(entry(port), tmp_path) as mail:
        assert await mail.deliver(message("zhao.jia@city.example")) == "queued as 7"


@pytest.mark.parametrize(
    ("word", "answer", "trouble"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", Trouble.ADDRESS),
        ("RCPT", "550 no such user here", Trouble.ADDRESS),
        ("RCPT", "552 5.2.2 mailbox full", Trouble.ADDRESS),
        (".", "550 5.1.1 no such mailbox after all", Trouble.ADDRESS),
        ("RCPT", "450 4.2.0 greylisted, come back", Trouble.GATEWAY),
        ("RCPT", "452 4.2.2 mailbox full for now", Trouble.GATEWAY),
        (".", "451 4.3.0 queue is full", Trouble.GATEWAY),
        ("MAIL", "421 4.7.0 too many connections", Trouble.GATEWAY),
        ("hello", "421 4.3.2 going down", Trouble.GATEWAY),
        ("RCPT", "550 5.7.1 you may not relay", Trouble.OURS),
        ("RCPT", "554 your network is on a list", Trouble.OURS),
        ("MAIL", "550 we don't know that sender", Trouble.OURS),
        ("MAIL", "553 5.1.8 sender's domain does not exist", Trouble.OURS),
        ("MAIL", "530 5.7.0 log in first", Trouble.OURS),
        (".", "554 5.6.0 looks like spam", Trouble.OURS),
    ],
)
async def test_a_refusal_says_whose_trouble_it_is(
    word: str, answer: str, trouble: Trouble, tmp_path: Path
) -> None:
    async with mail_server({word: answer}) as port, channel(entry(port), tmp_path) as mail:
        with pytest.raises(TransportError) as refused:
            await mail.deliver(message("zhao.jia@city.example"))
    assert (refused.value.trouble, answer[:3] in refused.value.reason) == (trouble, True)


async def test_a_server_that_is_away_is_the_servers_trouble(tmp_path: Path) -> None:
    async with channel(entry(9), tmp_path) as mail:
        with pytest.raises(TransportError) as refused:
            await mail.deliver(message("zhao.jia@city.example"))
    assert refused.value.trouble is Trouble.GATEWAY


async def test_an_address_that_is_none_is_the_addresss_trouble(tmp_path: Path) -> None:
    async with channel(entry(9), tmp_path) as mail:
        with pytest.raises(TransportError) as refused:
            await mail.deliver(message("zhao.jia"))
    assert refused.value.trouble is Trouble.ADDRESS


async def test_the_log_in_goes_over_tls_to_a_server_of_the_houses_own_ca_and_to_no_other(
    certificate: Path, tmp_path: Path
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    heard: list[str] = []
    log_in = b64encode(b"\0duty\0sesame").decode()
    says = {"EHLO": "250-mx.example\r\n250 AUTH PLAIN", "AUTH": "235 welcome"}
    secret_files(tmp_path, mail="sesame")
    async with mail_server(says, tls, heard) as port:
        strict = f"{entry(port)}\ntls: true\nuser: duty\npassword_file: mail"
        async with channel(f"{strict}\nauthority: {certificate}", tmp_path) as mail:
            assert await mail.deliver(message("zhao.jia@city.example")) == "queued as 7"
        assert f"AUTH PLAIN {log_in}" in heard
        heard.clear()
        async with channel(strict, tmp_path) as mail:
            with pytest.raises(TransportError):
                await mail.deliver(message("zhao.jia@city.example"))
        assert heard == [], "no word to a server that nobody vouches for"


async def test_a_wrong_password_is_ours_and_stands_in_no_message(tmp_path: Path) -> None:
    secret_files(tmp_path, mail="sesame")
    says = {"EHLO": "250-mx.example\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 bad credentials"}
    async with (
        mail_server(says) as port,
        channel(f"{entry(port)}\nuser: duty\npassword_file: mail", tmp_path) as mail,
    ):
        with pytest.raises(TransportError) as refused:
            await mail.deliver(message("zhao.jia@city.example"))
    assert refused.value.trouble is Trouble.OURS
    assert "sesame" not in refused.value.reason
