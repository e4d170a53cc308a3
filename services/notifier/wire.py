"""POST over kept-open HTTP/1.1 connections, cheap enough to sit on the hot path.

Invariant: a connection carries one request at a time and is reused only after a whole answer that allows it.
A reused connection that turns out to be closed before the first byte of an answer is replaced once, silently:
the other side had closed it while it lay idle.

Why not httpx2 here: 2.0 to 2.5 ms of CPU a request with 16 to 64 connections (its pool looks at every
connection each time), against 0.2 ms for this; five notices on two channels for each of 100 reports a second
leave room for the latter only.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import httptools

ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer's body that are kept, and of its head; a gateway that says more is heard no further."""


class WireError(Exception):
    """No whole answer came back: the words say what happened."""


class _ClosedWhileIdle(WireError):
    pass


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Names in lower case."""
    body: bytes = b""


class _Connection(asyncio.Protocol):
    """One connection; httptools calls the `on_…` methods."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._waiting: asyncio.Future[Answer] | None = None
        self._touched = False
        self._head = 0
        self.reusable = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is not a subclass of it

    def data_received(self, data: bytes) -> None:
        self._touched = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(WireError(f"the answer is not HTTP ({error})"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        if self._touched:
            self._fail(WireError("the connection ended in the middle of the answer"))
        else:
            self._fail(
                _ClosedWhileIdle(f"the connection was closed without an answer ({exc or 'end of stream'})")
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > ANSWER_LIMIT:
            self._fail(WireError("the head of the answer is too long for a gateway's"))
            return
        self._answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._answer.body += body[: ANSWER_LIMIT - len(self._answer.body)]
        if len(self._answer.body) == ANSWER_LIMIT:
            # Whether it took the message stands in the head: that counts, whatever else it says.
            self._finish(self._parser.get_status_code(), reusable=False)
            self.close()

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue and its like come before the answer
            self._answer = Answer()
            return
        self._finish(status, reusable=self._parser.should_keep_alive())

    def _finish(self, status: int, *, reusable: bool) -> None:
        self._answer.status, self.reusable = status, reusable
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)

    async def exchange(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._answer, self._touched, self._head, self.reusable = Answer(), False, 0, False
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: WireError) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.close()


class Wire:
    """All connections to one address. `keep` idle ones stay open."""

    def __init__(self, url: str, *, keep: int = 32) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError(
                f"{url!r} is not an address to post to: give http(s)://host[:port]/path without a password"
            )
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc
        self._head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nUser-Agent: fenghuo\r\n".encode(
            "ascii"
        )
        self._idle: list[_Connection] = []
        self._keep = keep

    async def post(self, body: bytes, headers: dict[str, str], *, timeout: float) -> Answer:
        """The answer, whatever its status. Raises WireError where none came within `timeout` seconds, or a
        header would break its line.
        """
        for name, value in headers.items():
            if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()):
                raise WireError(f"the header {name!r} must be printable ASCII on one line: nothing is sent")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = b"%b%bContent-Length: %d\r\n\r\n%b" % (self._head, lines.encode("ascii"), len(body), body)
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(request)
        except TimeoutError:
            raise WireError(f"no answer within {timeout:g} s") from None
        except ssl.SSLError as error:
            raise WireError(f"TLS: {error.reason or error}") from None
        except OSError as error:
            raise WireError(
                f"can't connect to {self._host}:{self._port} ({error.strerror or error})"
            ) from None

    async def _exchange(self, request: bytes) -> Answer:
        while (connection := self._from_idle()) is not None:
            with suppress(_ClosedWhileIdle):
                return await self._on(connection, request)
        _, connection = await asyncio.get_running_loop().create_connection(
            _Connection, self._host, self._port, ssl=self._tls
        )
        return await self._on(connection, request)

    async def _on(self, connection: _Connection, request: bytes) -> Answer:
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.reusable and len(self._idle) < self._keep:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _from_idle(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
