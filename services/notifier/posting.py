"""POST to one address, over connections that stay open.

Invariant: an answer is read to its bound and no further; no redirect is followed, no cookie kept, and nothing
but the configured proxy stands between. The status stands in the head: it counts, whatever the body says.

aiohttp takes about 80 µs of CPU a request, httpx2 25 times as much; five notices on two channels for each of
100 reports a second leave room for the former only.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.client_exceptions import (
    ClientConnectorDNSError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientSSLError,
)
from yarl import URL

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer's body that are kept, and of its head; a gateway that says more is heard no further."""
HEADER_LIMIT, HEADERS_LIMIT = 8 * 1024, 64
ADDRESS_KEPT = 30
"""Seconds for which the address of a name is remembered: a gateway that moves is found again soon."""


class PostError(Exception):
    """No whole answer came back: the words say what happened."""


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    status: int
    headers: Mapping[str, str]
    """Names are found in upper or lower case."""
    body: bytes = b""


def check_address(url: str) -> str:
    """The address itself. Raises ValueError for what can't be posted to."""
    if _place_of(url, ("http", "https")) is None or urlsplit(url).username:
        raise ValueError(
            f"{url!r} is not an address to post to: give http(s)://host[:port]/path without a password"
        )
    return url


def check_proxy(url: str) -> str:
    """The proxy itself. Raises ValueError, which does not repeat it: it may hold a password."""
    if _place_of(url, ("http",)) is None:
        raise ValueError("is no proxy: give http://host:port, or http://user:password@host:port")
    return url


def check_authority(path: Path) -> Path:
    """The file itself. Raises ValueError for one without a certificate."""
    try:
        ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError) as error:
        raise ValueError(f"{str(path)!r} holds no certificate ({error}): name a PEM file") from None
    return path


def _place_of(url: str, schemes: tuple[str, ...]) -> str | None:
    """Host and port, never a password; None for what is no address of these schemes."""
    try:
        parsed = URL(url)
    except ValueError:
        return None
    if (
        parsed.scheme not in schemes
        or not parsed.host
        or any(not sign.isprintable() for sign in url)
        or " " in url
    ):
        return None
    return urlsplit(url).netloc.rpartition("@")[2]


class Poster:
    """`at_once`: connections at the same time. `proxy`: http://host:port. `authority`: a PEM file with the
    certificates of a private CA, which is then the only one trusted for this address.
    """

    def __init__(
        self, url: str, *, at_once: int = 64, proxy: str | None = None, authority: Path | None = None
    ) -> None:
        self._url = URL(check_address(url))
        self._place = _place_of(url, ("http", "https"))
        self._at_once = at_once
        self._proxy = proxy
        self._proxy_place = None if proxy is None else _place_of(proxy, ("http",))
        self._tls = ssl.create_default_context(cafile=authority) if url.startswith("https") else True
        self._session: ClientSession | None = None

    async def post(self, body: bytes, headers: Mapping[str, str], *, timeout: float) -> GatewayAnswer:
        """The answer, whatever its status. Raises PostError where none came within `timeout` seconds."""
        if self._session is None:
            self._session = self._opened()
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.post(
                    self._url, data=body, headers=headers, proxy=self._proxy, allow_redirects=False
                ) as response,
            ):
                return GatewayAnswer(response.status, response.headers, await _start_of(response))
        except TimeoutError:
            raise PostError(f"no answer within {timeout:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            raise PostError(self._words(error)) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> ClientSession:
        return ClientSession(
            connector=TCPConnector(limit=self._at_once, ssl=self._tls, ttl_dns_cache=ADDRESS_KEPT),
            headers={"Content-Type": "application/json", "User-Agent": "fenghuo"},
            timeout=ClientTimeout(total=None),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=ANSWER_LIMIT,
            max_line_size=HEADER_LIMIT,
            max_field_size=HEADER_LIMIT,
            max_headers=HEADERS_LIMIT,
        )

    def _words(self, error: Exception) -> str:
        match error:
            case ClientProxyConnectionError():
                return f"can't connect to the proxy {self._proxy_place} ({error.strerror or error})"
            case ClientSSLError():
                return f"TLS: {error}"
            case ClientConnectorDNSError():
                return f"the name of {self._place} can't be resolved ({error.os_error})"
            case OSError():
                return f"no connection to {self._place} ({error.strerror or error})"
            case ClientHttpProxyError():
                return f"the proxy {self._proxy_place} refused: {error.status} {error.message}"
            case _:
                return f"the connection ended without a whole answer ({error or type(error).__name__})"


async def _start_of(response: ClientResponse) -> bytes:
    """The body up to the bound. One that ends too early counts as far as it came."""
    body = bytearray()
    try:
        while len(body) < ANSWER_LIMIT and (part := await response.content.readany()):
            body += part
    except ClientError:
        response.close()
    if len(body) >= ANSWER_LIMIT:
        response.close()
    return bytes(body[:ANSWER_LIMIT])
