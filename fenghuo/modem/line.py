"""The conversation with a modem by AT commands (3GPP TS 27.005, 27.007).

Invariant: every wait ends. What the modem says unasked is nobody's answer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serialx import SerialException, open_serial_connection

from fenghuo.modem.pdu import Submit

BAUD = 115_200
ANSWER_SECONDS = 5.0
SENT_SECONDS = 60.0
"""How long the network may take for one part."""
MOST_LINES = 1_000
"""Of one answer: a full SIM card lists 255 messages."""
UNASKED = ("+CMTI", "+CMT:", "+CDS", "+CBM", "RING", "NO CARRIER", "^", "+CREG:", "+CRING")
"""What comes by itself. `+CREG:` is waited for only where it was asked for."""
ERRORS = ("ERROR", "+CME ERROR", "+CMS ERROR")
END_OF_TEXT, ESCAPE = b"\x1a", b"\x1b"


class LineLost(OSError):
    """The modem is gone, or answers no more."""


class AtError(RuntimeError):
    """The modem answered with an error: its own words."""


class AtLine:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, command: str, *, within: float = ANSWER_SECONDS) -> list[str]:
        """The lines of the answer. Raises AtError and LineLost."""
        async with _bounded(within):
            self._writer.write(f"{command}\r".encode())
            return await self._answer(command)

    async def send(self, part: Submit) -> None:
        """One part of a text. Raises AtError and LineLost."""
        async with _bounded(ANSWER_SECONDS):
            self._writer.write(f"AT+CMGS={part.octets}\r".encode())
            await self._prompt()
        async with _bounded(SENT_SECONDS):
            self._writer.write(part.pdu.encode() + END_OF_TEXT)
            await self._answer(part.pdu)

    def close(self) -> None:
        self._writer.close()

    async def _prompt(self) -> None:
        line = ""
        while len(line) < 200:
            line += (await self._reader.readexactly(1)).decode("ascii", "replace")
            if line == ">":
                return
            if line.endswith("\n"):
                if line.startswith(ERRORS):
                    raise AtError(line.strip())
                line = ""
            line = line.lstrip()
        raise LineLost("no prompt")

    async def _answer(self, command: str) -> list[str]:
        asked = command.partition("?")[0].removeprefix("AT")
        lines: list[str] = []
        while len(lines) < MOST_LINES:
            read = (await self._reader.readline()).decode("ascii", "replace")
            if not read.endswith("\n"):
                raise LineLost("the line is closed")
            line = read.strip()
            if line == "OK":
                return lines
            if line.startswith(ERRORS):
                raise AtError(line)
            is_unasked = line.startswith(UNASKED) and not line.startswith(f"{asked}:")
            if line and line != command and not is_unasked:
                lines.append(line)
        raise LineLost("more lines than a modem says")


@asynccontextmanager
async def open_line(path: str) -> AsyncIterator[AtLine]:
    """Raises LineLost where there is no modem, PermissionError where it is not ours to open."""
    async with _bounded(ANSWER_SECONDS):
        reader, writer = await open_serial_connection(path, baudrate=BAUD)
    line = AtLine(reader, writer)
    try:
        # An unfinished text of before ends here.
        writer.write(ESCAPE)
        yield line
    finally:
        line.close()


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except PermissionError:
        raise
    except (OSError, EOFError, ValueError, SerialException, TimeoutError) as error:
        raise LineLost(str(error)) from error
