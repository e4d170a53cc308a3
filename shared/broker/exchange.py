"""What the escalator says to the broker, and the broker's word on each, many under way on one inbox.

Invariant: a future is answered once: with the sequence of what was stored, with the broker's refusal, or it
is abandoned by the caller's own timeout. One inbox and a counter do what a request of its own for each
message would: a third of its cost.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.errors import APIError, NoStreamResponseError

LAST = "Nats-Expected-Last-Subject-Sequence"
"""The header that names the entry a write replaces; 0: there must be none."""
WRONG_LAST = (10071, 10164)
"""The broker's codes for an entry that is no longer the last."""
_NOBODY_THERE = "503"


class ConflictError(RuntimeError):
    """Somebody else has written there meanwhile: read it again."""


class WrittenAt(int):
    """The sequence of what is stored."""

    repeated: bool = False
    """Something was stored there before under the same message id; what was sent was dropped."""


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Word(msgspec.Struct):
    """The broker's answer to a publish, as much of it as is used."""

    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_read = msgspec.json.Decoder(_Word)


class Exchange:
    """Publishes to streams and asks the broker, over the service's one connection."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self.connection = connection
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._raw: dict[str, asyncio.Future[Msg]] = {}
        self._prefix = ""
        self._number = 0
        self._subscription: Subscription | None = None

    async def open(self) -> None:
        """Listen for answers; safe to repeat."""
        if not self._prefix:
            prefix = self.connection().new_inbox()
            self._subscription = await self.connection().subscribe(f"{prefix}.*", cb=self._answered)
            self._prefix = prefix

    async def close(self) -> None:
        """Listen no longer; a service's exchange ends with its connection."""
        if self._subscription is not None and self.connection().is_connected:
            await self._subscription.unsubscribe()

    async def publish(self, subject: str, raw: bytes, headers: dict[str, str]) -> asyncio.Future[WrittenAt]:
        """Send now; await the returned future for the sequence it is stored at. It raises ConflictError or
        APIError.
        """
        token, future = self._expect(self._waiting)
        await self.connection().publish(subject, raw, reply=f"{self._prefix}.{token}", headers=headers)
        return future

    async def ask(self, subject: str, raw: bytes = b"") -> Msg:
        """The broker's answer as it came. Bound it by a timeout of your own."""
        token, future = self._expect(self._raw)
        await self.connection().publish(subject, raw, reply=f"{self._prefix}.{token}")
        return await future

    def _expect(self, kind: dict[str, asyncio.Future[Any]]) -> tuple[str, asyncio.Future[Any]]:
        self._number += 1
        token = str(self._number)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        kind[token] = future
        # Also where the caller gave up waiting, nothing is kept.
        future.add_done_callback(lambda _: kind.pop(token, None))
        return token, future

    async def _answered(self, message: Msg) -> None:
        token = message.subject[len(self._prefix) + 1 :]
        if (raw := self._raw.get(token)) is not None:
            if not raw.done():
                raw.set_result(message)
            return
        future = self._waiting.get(token)
        if future is None or future.done():
            return
        if not message.data and _status(message.headers) == _NOBODY_THERE:
            future.set_exception(NoStreamResponseError())
            return
        try:
            word = _read.decode(message.data)
        except msgspec.MsgspecError as error:
            future.set_exception(error)
            return
        if word.error is None:
            written = WrittenAt(word.seq)
            written.repeated = word.duplicate
            future.set_result(written)
        elif word.error.err_code in WRONG_LAST:
            future.set_exception(ConflictError(word.error.description))
        else:
            future.set_exception(
                APIError(
                    code=word.error.code, err_code=word.error.err_code, description=word.error.description
                )
            )


def _status(headers: Mapping[str, str] | None) -> str | None:
    return headers.get("Status") if headers else None
