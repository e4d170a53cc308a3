"""Connections at the server: how many, and how long one may be open without having asked for anything.

Invariant: a connection that has not sent the whole head of a request within its time is closed, however it
dribbles; where all places are taken, the one that has waited longest without asking makes room. So nobody
keeps others out by opening connections.
"""

from asyncio import BaseTransport, TimerHandle, Transport
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.door.ways import KB

HEAD_SECONDS = 10.0
"""From the opening of a connection, or the answer before, to the end of a request's head."""
HEAD_BYTES = 32 * KB
FIELDS = 100
"""Header fields of one request."""
PIPELINED = 8
"""Requests sent without waiting for the answer before."""
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HeadTooLargeError(ValueError):
    """A request whose head goes beyond its bounds."""


def bounded(most: int) -> type[HttpToolsProtocol]:
    """The server's protocol with at most so many connections at a time."""
    waiting: dict[Bounded, None] = {}

    class BoundedHere(Bounded):
        places = most
        idle = waiting

    return BoundedHere


class Bounded(HttpToolsProtocol):
    places: int
    idle: "dict[Bounded, None]"
    """Connections whose next request has not been read to the end of its head, those that wait longest
    first.
    """
    _timer: TimerHandle | None = None
    _fields = 0
    _head = 0
    """Bytes of the head that is being read, as far as the parser has told of them …"""
    _come = 0
    """… and bytes that have come since it was waited for."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Transport, transport))
        self._wait_for_head()
        if len(self.connections) > self.places:
            longest = next(iter(self.idle))
            longest._stop_waiting()
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self in self.idle:
            self._come += len(data)
            if self._come > HEAD_BYTES:
                self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._fields = self._head = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._fields += 1
        self._grow(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            raise HeadTooLargeError
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait_for_head()

    def send_400_response(self, msg: str) -> None:
        if self._head > HEAD_BYTES or self._fields > FIELDS:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _grow(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_BYTES or self._fields > FIELDS:
            raise HeadTooLargeError

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._come = 0
        self.idle[self] = None
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        self.idle.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()
