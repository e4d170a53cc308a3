"""The body of a request, handed on piece by piece.

Invariant: no more bytes are handed on than the route takes, whatever the request says about their number, and
nobody waits for a sender who is slower than a bad line.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shared.door.ways import KB, MB
from shared.message import N_, said
from shared.problems import Problem

Message = Any
Receive = Callable[[], Any]

FIRST_SECONDS = 20.0
"""A body may take this long, whatever its size …"""
SLOWEST = 16 * KB
"""… and a second more for each so many bytes that have come."""
TOO_LARGE, SHORTEN_IT = (
    N_("Too large"),
    N_("This is more than is taken here: shorten it; a file may have 20 MB, five go with one report or act."),
)
TOO_SLOW, BETTER_LINE = (
    N_("Too slow"),
    N_("What you sent did not arrive in time: send it again, over a better line if there is one."),
)
LINGER_SECONDS = 1.0
STRANGERS_LEFTOVER, LEFTOVER = 256 * KB, 32 * MB
"""How much of an unwanted body is thrown away before the connection ends, so that the sender can read why: of
a stranger's, and of one whom we know (a browser sends a file to its end before it shows any answer).
"""


class RequestBody:
    """Stands between the server and the application."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._began = asyncio.get_running_loop().time()
        self.size = 0
        self.is_whole = False
        self.refused: Problem | None = None

    async def receive(self) -> Message:
        """The next message of the server. Raises Problem 408, 413, and from then on nothing else."""
        if self.refused is not None:
            raise self.refused
        if self.is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._began + FIRST_SECONDS + self.size / SLOWEST):
                message = await self._receive()
        except TimeoutError:
            raise self._refuse(too_slow()) from None
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            if self.size > self._limit:
                raise self._refuse(too_large(self._limit))
        self.is_whole = not message.get("more_body", False)
        return message

    async def throw_away(self, left: int) -> None:
        """What else comes, so many bytes at most; from then on nothing is read, and the line stays open for a
        moment: who ends it while something is on its way takes the answer from the sender as well.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.is_whole and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.is_whole = not message.get("more_body", False)
                if not self.is_whole:
                    await asyncio.sleep(LINGER_SECONDS)

    def _refuse(self, problem: Problem) -> Problem:
        self.refused = problem
        return problem


def too_large(limit: int) -> Problem:
    most = (
        said(N_("at most %(size)s KB"), size=f"{limit // KB:,}")
        if limit >= KB
        else said(N_("at most %(size)s bytes"), size=limit)
    )
    return Problem(413, TOO_LARGE, SHORTEN_IT, errors=[("(body)", most)], limit=limit)


def too_slow() -> Problem:
    return Problem(408, TOO_SLOW, BETTER_LINE)
