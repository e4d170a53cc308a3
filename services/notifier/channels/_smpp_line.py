"""One connection to an SMSC: bound as transceiver, asked whether it lives, given up where it does not answer.

Invariant: an answer belongs to the request of its sequence; what is unanswered when the connection ends may
have been taken, and says so. What the SMSC brings is confirmed only after it was taken here.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

from services.notifier.channels._smpp_pdus import HEADER, LONGEST, Command, Pdu, Status, answer

MOST_BROUGHT = 100
"""Units of the SMSC that are being taken at the same time; more is told to wait."""
LEAVING = 1.0
"""Seconds that a goodbye may take: a service that ends waits for no SMSC that hangs."""
TakesPdu = Callable[[Pdu], Awaitable[bool]]
"""Whether it was taken for good."""


class SmscLost(Exception):
    """The connection ended, or can't be relied on."""


class SmppLine:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, takes: TakesPdu, seconds: float
    ) -> None:
        self._reader, self._writer, self._takes, self._seconds = reader, writer, takes, seconds
        self._sequences = count(1)
        self._unanswered: dict[int, asyncio.Future[Pdu]] = {}
        self._brought = 0
        self.is_over = False

    async def ask(self, command: Command, body: bytes = b"") -> Pdu:
        """Its answer, whatever it says. Raises SmscLost or TimeoutError: it may have been taken."""
        if self.is_over:
            raise SmscLost("the connection has ended")
        sequence = next(self._sequences) & 0x7FFFFFFF
        answered: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._unanswered[sequence] = answered
        try:
            async with asyncio.timeout(self._seconds):
                await self._say(Pdu(command, Status.OK, sequence, body))
                return await answered
        finally:
            self._unanswered.pop(sequence, None)

    async def work(self, quiet: float) -> None:
        """Reads until the end, and asks after so many quiet seconds whether it lives. Raises SmscLost."""
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._keep_alive(quiet))
                try:
                    while True:
                        self._hear(await self._unit(), group)
                finally:
                    asking.cancel()
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            if isinstance(first, OSError | ValueError | SmscLost | EOFError):
                raise SmscLost(str(first) or type(first).__name__) from None
            raise
        finally:
            self._end()

    async def leave(self) -> None:
        """In good order, where the other side lets us."""
        with suppress(SmscLost, OSError):
            async with asyncio.timeout(LEAVING):
                await self.ask(Command.UNBIND)

    async def _unit(self) -> Pdu:
        header = await self._reader.readexactly(HEADER.size)
        length, command, status, sequence = HEADER.unpack(header)
        if not HEADER.size <= length <= LONGEST:
            raise SmscLost(f"a unit of {length} bytes")
        async with asyncio.timeout(self._seconds):  # one that has begun has to end
            return Pdu(command, status, sequence, await self._reader.readexactly(length - HEADER.size))

    def _hear(self, unit: Pdu, group: asyncio.TaskGroup) -> None:
        if unit.is_answer:
            waiting = self._unanswered.get(unit.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(unit)
        elif unit.command == Command.DELIVER and self._brought < MOST_BROUGHT:
            self._brought += 1
            group.create_task(self._take(unit))
        else:
            group.create_task(self._reply(unit))

    async def _take(self, unit: Pdu) -> None:
        try:
            is_taken = await self._takes(unit)
        finally:
            self._brought -= 1
        await self._say(answer(unit, Status.OK if is_taken else Status.TEMPORARY, b"\0"))

    async def _reply(self, unit: Pdu) -> None:
        match unit.command:
            case Command.ENQUIRE:
                await self._say(answer(unit))
            case Command.DELIVER:
                await self._say(answer(unit, Status.QUEUE_FULL, b"\0"))
            case Command.UNBIND:
                await self._say(answer(unit))
                raise SmscLost("the other side ended it")
            case _:
                await self._say(Pdu(Command.NACK, 0x03, unit.sequence))

    async def _keep_alive(self, quiet: float) -> None:
        while True:
            await asyncio.sleep(quiet)
            await self.ask(Command.ENQUIRE)

    async def _say(self, unit: Pdu) -> None:
        self._writer.write(unit.bytes())
        async with asyncio.timeout(self._seconds):
            await self._writer.drain()

    def _end(self) -> None:
        self.is_over = True
        self._writer.transport.abort()
        for waiting in self._unanswered.values():
            if not waiting.done():
                waiting.set_exception(SmscLost("the connection ended before the answer"))
                waiting.exception()


async def connected(
    host: str, port: int, tls: ssl.SSLContext | None, takes: TakesPdu, seconds: float
) -> SmppLine:
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=2 * LONGEST)
    return SmppLine(reader, writer, takes, seconds)
