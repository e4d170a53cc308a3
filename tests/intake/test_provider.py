"""The provider is found through a proxy and behind a private CA; why it is not, the log says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from services.intake.logging_in.id_token import IdTokenRefused
from services.intake.logging_in.provider import AWAY, LoginTry, Provider
from services.intake.settings import IntakeSettings
from tests.notifier.conftest import self_signed


@asynccontextmanager
async def server(issuer: str, asked: list[str], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answers every request with the discovery document of this issuer; `{port}` is its own port."""
    port = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().splitlines()[0])
        here = issuer.format(port=port)
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        raw = orjson.dumps({"issuer": here, **{name: f"{here}/{name}" for name in names}})
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(raw), raw)
        )
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    port = int(listening.sockets[0].getsockname()[1])
    try:
        yield port
    finally:
        listening.close()


async def address(**settings: Any) -> str:
    provider = Provider(IntakeSettings(**settings), "https://desk.example/login/provider/back")
    return await provider.address(LoginTry.new())


async def test_behind_a_ca_of_the_house_it_is_trusted_by_that_ca_alone(tmp_path: Path) -> None:
    pem = self_signed(tmp_path / "ca.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    async with server("https://127.0.0.1:{port}", [], tls) as port:
        issuer = f"https://127.0.0.1:{port}"
        trusted = await address(oidc_issuer=issuer, oidc_inside=True, oidc_ca=str(pem))
        assert trusted.startswith(f"{issuer}/authorization_endpoint?response_type=code&")
        with capture_logs() as logs, pytest.raises(IdTokenRefused, match=AWAY):
            await address(oidc_issuer=issuer, oidc_inside=True)
    assert "certificate" in logs[0]["error"]


async def test_through_a_proxy_the_provider_is_asked_by_its_name() -> None:
    asked: list[str] = []
    async with server("http://id.example", asked) as port:
        sent_to = await address(oidc_issuer="http://id.example", oidc_proxy=f"http://127.0.0.1:{port}")
    assert sent_to.startswith("http://id.example/authorization_endpoint?")
    assert asked == ["GET http://id.example/.well-known/openid-configuration HTTP/1.1"]


async def test_why_it_is_not_asked_stands_in_the_log() -> None:
    async with server("http://another.example", []) as port:
        for inside, event in ((False, "provider_away"), (True, "provider_unusable")):
            with capture_logs() as logs, pytest.raises(IdTokenRefused, match=AWAY):
                await address(oidc_issuer=f"http://127.0.0.1:{port}", oidc_inside=inside)
            assert [line["event"] for line in logs] == [event]
