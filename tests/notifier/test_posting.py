"""What a gateway needs of whoever posts to it: a proxy on the way, a private CA, an end to what it says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.notifier.channel_file import read_channels
from services.notifier.posting import Poster, PostError
from shared.lined_yaml import YamlFault

TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def answering(
    answer: bytes, heard: list[bytes], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Its port. Answers each request in the same way; `heard` are the heads."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(2)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_behind_a_proxy_the_gateway_is_asked_for_by_its_whole_address() -> None:
    heard: list[bytes] = []
    async with answering(TAKEN, heard) as port:
        poster = Poster("http://gateway.example/sms", proxy=f"http://127.0.0.1:{port}")
        answer = await poster.post(b"{}", {"webhook-id": "m1"}, timeout=10)
        await poster.close()
    assert (answer.status, answer.body) == (200, b"{}")
    assert heard[0].startswith(b"POST http://gateway.example/sms HTTP/1.1\r\n")


async def test_a_proxy_that_is_not_there_is_named() -> None:
    poster = Poster("http://gateway.example/sms", proxy="http://127.0.0.1:9")
    with pytest.raises(PostError, match=r"the proxy 127\.0\.0\.1:9"):
        await poster.post(b"{}", {}, timeout=10)
    await poster.close()


async def test_a_private_ca_is_trusted_where_it_is_named_and_nowhere_else(certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with answering(TAKEN, [], tls) as port:
        url = f"https://127.0.0.1:{port}/sms"
        trusting, others = Poster(url, authority=certificate, private=True), Poster(url, private=True)
        assert (await trusting.post(b"{}", {}, timeout=10)).status == 200
        with pytest.raises(PostError, match=r"^TLS: "):
            await others.post(b"{}", {}, timeout=10)
        await trusting.close()
        await others.close()


async def test_a_connection_is_used_again_and_a_redirect_is_not_followed() -> None:
    heard: list[bytes] = []
    async with answering(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", heard) as port:
        poster = Poster(f"http://127.0.0.1:{port}/a", private=True)
        statuses = [(await poster.post(b"{}", {}, timeout=10)).status for _ in range(3)]
        await poster.close()
    assert statuses == [302, 302, 302]
    assert {head.split(b"\r\n")[0] for head in heard} == {b"POST /a HTTP/1.1"}


async def test_who_says_nothing_is_given_up_and_said_so() -> None:
    async with answering(b"", []) as port:
        poster = Poster(f"http://127.0.0.1:{port}/a", private=True)
        with pytest.raises(PostError, match=r"no answer within 0\.2 s"):
            await poster.post(b"{}", {}, timeout=0.2)
        await poster.close()


async def test_who_is_gone_and_who_has_no_address_are_told_apart() -> None:
    for url, words in (
        ("http://127.0.0.1:9/a", "no connection to 127.0.0.1:9"),
        ("http://nowhere.invalid/a", "the name of nowhere.invalid can't be resolved"),
    ):
        poster = Poster(url, private=True)
        with pytest.raises(PostError, match=words):
            await poster.post(b"{}", {}, timeout=10)
        await poster.close()


@pytest.mark.parametrize("value", ["a\r\nX-Forged: b", "a\nb", "a\x00"])
async def test_a_header_that_would_break_its_line_is_an_error_and_nothing_is_sent(value: str) -> None:
    heard: list[bytes] = []
    async with answering(TAKEN, heard) as port:
        poster = Poster(f"http://127.0.0.1:{port}/a", private=True)
        with pytest.raises(PostError):
            await poster.post(b"{}", {"webhook-id": value}, timeout=10)
        await poster.close()
    assert heard == []


async def test_a_proxys_password_stands_in_no_message() -> None:
    """What is said of an attempt goes on record."""
    poster = Poster("http://gateway.example/sms", proxy="http://hall:sesame@127.0.0.1:9")
    with pytest.raises(PostError) as refused:
        await poster.post(b"{}", {}, timeout=10)
    await poster.close()
    assert "the proxy 127.0.0.1:9" in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("url: http://gateway.example:abc/x", "is not an address to post to: give http"),
        ("url: http://gateway.example:99999/x", "is not an address to post to: give http"),
        ("url: http://gate way.example/x", "is not an address to post to: give http"),
        ("proxy: ftp://proxy", "is no proxy: give http://host:port"),
        ("proxy: http://", "is no proxy: give http://host:port"),
        ("proxy: http://hall:sesame@proxy:abc", "is no proxy: give http://host:port"),
        ("authority: /no/such/file.pem", "does not point to a file"),
        (f"authority: {__file__}", "holds no certificate"),
    ],
)
def test_the_channel_file_names_the_line_to_mend(line: str, words: str) -> None:
    address = "" if line.startswith("url") else "url: https://gateway.example\n    "
    text = f"channels:\n  sms:\n    kind: webhook\n    {address}{line}\n"
    with pytest.raises(YamlFault, match=rf"channels.yaml:{text.count(chr(10))}: .*{words}") as refused:
        read_channels(text, {})
    assert "sesame" not in str(refused.value)
