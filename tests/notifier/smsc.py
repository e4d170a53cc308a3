"""An SMSC over real sockets: it says what a test has written down, and keeps what it was sent."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 9, 4, 5, 6, 0x15


@dataclass(frozen=True)
class Submitted:
    """A submit_sm, read by itself: nothing of the product reads what the product wrote."""

    source: tuple[int, int, str]
    to: tuple[int, int, str]
    esm_class: int
    validity: str
    receipt: int
    coding: int
    raw: bytes
    rest: bytes

    @property
    def text(self) -> str:
        raw = self.raw[self.raw[0] + 1 :] if self.esm_class & 0x40 else self.raw
        return raw.decode("utf-16-be") if self.coding == 8 else raw.decode("ascii")


def submitted(body: bytes) -> Submitted:
    texts: list[str] = []

    def text() -> str:
        nonlocal body
        taken, _, body = body.partition(b"\0")
        texts.append(taken.decode())
        return taken.decode()

    def numbers(count: int) -> tuple[int, ...]:
        nonlocal body
        taken, body = body[:count], body[count:]
        return tuple(taken)

    text()
    source = (*numbers(2), text())
    to = (*numbers(2), text())
    esm_class, _, _ = numbers(3)
    text()
    validity = text()
    receipt, _, coding, _, length = numbers(5)
    return Submitted(
        (source[0], source[1], str(source[2])),  # type: ignore[arg-type]
        (to[0], to[1], str(to[2])),  # type: ignore[arg-type]
        esm_class,
        validity,
        receipt,
        coding,
        body[:length],
        body[length:],
    )


def unit(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def brought(number: str, raw: bytes, *, esm_class: int = 0, coding: int = 0, extra: bytes = b"") -> bytes:
    """The body of a deliver_sm."""
    return b"".join(
        (
            b"\0\x01\x01",
            number.encode(),
            b"\0\x00\x01106900\0",
            bytes((esm_class, 0, 0)),
            b"\0\0",
            bytes((0, 0, coding, 0, len(raw))),
            raw,
            extra,
        )
    )


def receipt(reference: str, stat: str, at: datetime) -> bytes:
    """As SMPP 3.4, Appendix B, has it."""
    day = f"{at:%y%m%d%H%M}"
    text = f"id:{reference} sub:001 dlvrd:001 submit date:{day} done date:{day} stat:{stat} err:000 text:"
    return brought("8613900001111", text.encode(), esm_class=4)


Says = Callable[[int, int, bytes], bytes | None]
"""What is answered to a command of a sequence with a body; None hangs up."""


def takes(command: int, sequence: int, body: bytes) -> bytes | None:
    """A good SMSC."""
    names = {BIND: b"smsc\0", SUBMIT: f"m-{sequence}\0".encode()}
    return unit(command | 0x80000000, sequence, names.get(command, b""))


def refuses(status: int, of: int = SUBMIT) -> Says:
    def says(command: int, sequence: int, body: bytes) -> bytes | None:
        if command == of:
            return unit(command | 0x80000000, sequence, status=status)
        return takes(command, sequence, body)

    return says


@dataclass
class Smsc:
    port: int = 0
    says: Says = takes
    heard: list[tuple[int, int, bytes]] = field(default_factory=list[tuple[int, int, bytes]])
    """Command, sequence and body of what asks."""
    answers: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Command, status and sequence of what answers."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    @property
    def submissions(self) -> list[Submitted]:
        return [submitted(body) for command, _, body in self.heard if command == SUBMIT]

    @property
    def binds(self) -> int:
        return sum(command == BIND for command, _, _ in self.heard)

    def bring(self, body: bytes, sequence: int, command: int = DELIVER) -> None:
        self.writers[-1].write(unit(command, sequence, body))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                length, command, status, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if command & 0x80000000:
                    self.answers.append((command, status, sequence))
                    continue
                self.heard.append((command, sequence, body))
                said = self.says(command, sequence, body)
                if said is None:
                    break
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other side, or the test, is done
        finally:
            writer.close()


@asynccontextmanager
async def an_smsc(says: Says = takes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    smsc = Smsc(says=says)
    server = await asyncio.start_server(smsc.talk, "127.0.0.1", 0, ssl=tls)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        for writer in smsc.writers:
            writer.close()
