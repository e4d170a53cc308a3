"""HTTP by hand, for what no honest client sends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from tests.lab import Running


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    sent: int
    """Bytes of the body that the service took before it ended the connection."""
    seconds: float
    """Until the connection was ended."""


@asynccontextmanager
async def line_to(service: Running) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def head(method: str, path: str, **headers: str) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: x",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def pour(service: Running, start: bytes, piece: bytes, pieces: int, *, pause: float = 0.0) -> Answer:
    """Send `start` and then `piece` again and again, until the service ends the connection or all are sent.
    Waits for the end.
    """
    began, sent = time.monotonic(), 0
    async with line_to(service) as (reader, writer):
        writer.write(start)

        async def send() -> None:
            nonlocal sent
            for _ in range(pieces):
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                await asyncio.sleep(pause)

        sending = asyncio.create_task(send())
        said = b""
        try:
            while more := await reader.read(65536):
                said += more
        except ConnectionError:
            pass
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    lines = said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return Answer(int(lines[0].split()[1]) if said else 0, fields, sent, time.monotonic() - began)


def memory(service: Running) -> int:
    """Bytes that the process holds."""
    return psutil.Process(service.process.pid).memory_info().rss
