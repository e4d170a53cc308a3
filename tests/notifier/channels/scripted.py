"""A gateway over real sockets that says what a test has written down, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import orjson

from services.notifier.channel_file import read_channels
from services.notifier.channels import Channel, Letter, Message
from shared.facts import Purpose
from shared.ids import CaseId, NoticeId
from shared.vocabulary import Language, Level

LINK = "https://fh.example/a/Xk3v"
TEXT = f"【烽火·初报】城关区化工厂爆炸，死亡3人。请3时33分前答复：{LINK}"
MESSAGE = Message(
    id="01KB0000000000000000000000-12-3-sms",
    at=datetime(2026, 11, 30, 3, 3, tzinfo=UTC),
    channel="sms",
    to="+8613900001111",
    letter=Letter(subject="【烽火·初报】城关区化工厂爆炸", text=TEXT),
    link=LINK,
    case=CaseId("01KB0000000000000000000000"),
    notice=NoticeId("01KB0000000000000000000000.12.3"),
    purpose=Purpose.REPORT,
    language=Language.ZH,
    level=Level.II,
    exercise=False,
)
FLOOD = 2 * 1024 * 1024


def message(to: str = MESSAGE.to, text: str = TEXT) -> Message:
    return replace(MESSAGE, to=to, letter=Letter(MESSAGE.letter.subject, text))


@dataclass(frozen=True)
class Heard:
    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Says = bytes | Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


def answer(body: object, status: str = "200 OK", **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def hangs(_: Heard, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def trickles(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _n in range(5000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def floods(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {FLOOD}\r\n\r\n".encode())
    for _n in range(FLOOD // 65536):
        writer.write(b"x" * 65536)
        await writer.drain()


async def hangs_up(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.close()


@dataclass
class Scripted:
    port: int = 0
    says: list[Says] = field(default_factory=list[Says])
    """What it answers, one after the other; the last one again and again."""
    heard: list[Heard] = field(default_factory=list[Heard])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await _request(reader)
                self.heard.append(request)
                says = self.says.pop(0) if len(self.says) > 1 else self.says[0]
                if isinstance(says, bytes):
                    writer.write(says)
                else:
                    await says(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other side, or the test, is done
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return Heard(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def gateway(*says: Says) -> AsyncIterator[Scripted]:
    scripted = Scripted(says=list(says))
    server = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
    scripted.port = cast(int, server.sockets[0].getsockname()[1])
    try:
        yield scripted
    finally:
        server.close()


@asynccontextmanager
async def channel(entry: str, secrets: Path) -> AsyncIterator[Channel]:
    """The channel that an entry of the channel file makes, under the name `sms`."""
    indented = "\n".join(f"    {line}" for line in entry.strip().splitlines())
    configured = read_channels(f"channels:\n  sms:\n{indented}\n", {})["sms"]
    made = configured.make(secrets)
    try:
        yield made
    finally:
        await made.close()


def secret_files(folder: Path, **contents: str) -> Path:
    for name, content in contents.items():
        (folder / name).write_text(content + "\n", encoding="utf-8")
    return folder
