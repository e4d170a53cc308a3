"""Requests to one place, over connections that stay open.

Invariant: an answer is read to its bound and no further; no redirect is followed, no cookie kept, and nothing
but the configured proxy stands between. Unless the channel says that its place is private, no connection is
opened to this machine or the house's own network, whatever a name resolves to at that moment.

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
    ClientConnectorError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientResponseError,
    ClientSSLError,
)
from yarl import URL

from shared.message import N_, said
from shared.reach import PrivatePeer, is_private, public_socket_of, socket_of

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer's body that are kept, and of its head; a gateway that says more is heard no further."""
HEADER_LIMIT, HEADERS_LIMIT = 8 * 1024, 64
ADDRESS_KEPT = 30
"""Seconds for which the address of a name is remembered: a gateway that moves is found again soon."""


class PostError(Exception):
    """No whole answer came back: the words say what happened."""


class PrivateRefused(PostError):
    """Nothing was sent: the address is this machine's or the house's own."""


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
            said(
                N_(
                    "%(url)s is not an address to post to: give http(s)://host[:port]/path without a password"
                ),
                url=repr(url),
            )
        )
    return url


def check_reach(url: str, *, private: bool) -> None:
    """Raises ValueError for a private IP address in a channel that does not say so. A name is looked at when
    it is connected to.
    """
    host = URL(url).host or ""
    try:
        refused = not private and is_private(host)
    except ValueError:
        return
    if refused:
        raise ValueError(f"{host} is a private address: write `private: true` if that is meant")


def check_proxy(url: str) -> str:
    """The proxy itself. Raises ValueError, which does not repeat it: it may hold a password."""
    if _place_of(url, ("http",)) is None:
        raise ValueError(N_("is no proxy: give http://host:port, or http://user:password@host:port"))
    return url


def check_authority(path: Path) -> Path:
    """The file itself. Raises ValueError for one without a certificate."""
    try:
        ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError) as error:
        raise ValueError(
            said(
                N_("%(path)s holds no certificate (%(error)s): name a PEM file"),
                path=repr(str(path)),
                error=str(error),
            )
        ) from None
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
    certificates of a private CA, which is then the only one trusted for this address. `private`: whether the
    address may be this machine's or the house's own. Behind a proxy it is the proxy that knows where a name leads.
    """

    def __init__(
        self,
        url: str,
        *,
        at_once: int = 64,
        proxy: str | None = None,
        authority: Path | None = None,
        private: bool = False,
    ) -> None:
        check_reach(url, private=private)
        self._url = URL(check_address(url))
        self._place = _place_of(url, ("http", "https"))
        self._at_once = at_once
        self._proxy = proxy
        self._proxy_place = None if proxy is None else _place_of(proxy, ("http",))
        self._tls = ssl.create_default_context(cafile=authority) if url.startswith("https") else True
        self._session: ClientSession | None = None
        self._open_socket = socket_of if private or proxy else public_socket_of

    async def post(self, body: bytes, headers: Mapping[str, str], *, timeout: float) -> GatewayAnswer:
        """The answer to JSON, whatever its status. Raises PostError where none came within `timeout` seconds."""
        as_json = {"Content-Type": "application/json", **headers}
        return await self.ask("POST", self._url, body, as_json, timeout=timeout)

    async def ask(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], *, timeout: float
    ) -> GatewayAnswer:
        """The same of another path of this place."""
        if url.origin() != self._url.origin():
            raise PostError(f"{url.host} is not the place that this channel asks")
        if self._session is None:
            self._session = self._opened()
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.request(
                    method, url, data=body, headers=headers, proxy=self._proxy, allow_redirects=False
                ) as response,
            ):
                return GatewayAnswer(response.status, response.headers, await _start_of(response))
        except TimeoutError:
            raise PostError(f"no answer within {timeout:g} s") from None
        except ClientConnectorError as error:
            if isinstance(error.os_error, PrivatePeer):
                raise PrivateRefused(f"{self._place} is a private address") from None
            raise PostError(self._words(error)) from None
        except (ClientError, OSError, ValueError) as error:
            raise PostError(self._words(error)) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> ClientSession:
        return ClientSession(
            connector=TCPConnector(
                limit=self._at_once,
                ssl=self._tls,
                ttl_dns_cache=ADDRESS_KEPT,
                socket_factory=self._open_socket,
            ),
            headers={"User-Agent": "fenghuo", "Accept-Encoding": "identity"},
            skip_auto_headers=("Content-Type",),
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
            case ClientResponseError():  # as text it repeats the address, which may hold a secret
                return f"the connection ended without a whole answer ({error.message})"
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
