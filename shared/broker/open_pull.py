"""How a lane is handed its facts: one open request for as many as there will be, heard on the connection itself.

Invariant: how many are handed out at a time is the durable's to say (`max_ack_pending`; 1 keeps a lane in single
file, whoever asks), and they are handled one after the other. One open request serves every fact of the next
seconds, so that no fact costs a request of its own. A request that was lost (the broker went away) is made
again when its time is over; two open at once do no harm.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.broker.connection import inbox_prefix
from shared.broker.forever import forever
from shared.broker.times import hand_out
from shared.concurrent import happens

OPEN_FOR = 3.0
"""Seconds a request stays open; after a restart of the broker a lane stands still for no longer."""
AT_ONCE = 100_000
PAUSE = 0.2
"""Seconds to wait after a request that was refused."""
_TIME_IS_OVER = "408"


class Handed:
    """A fact that the broker handed to us and waits for: answer with `ack` or `nak`, or `renew` while
    working.
    """

    __slots__ = (
        "_connection",
        "_reply",
        "at",
        "data",
        "delivered",
        "headers",
        "number",
        "sequence",
        "subject",
    )

    def __init__(self, raw: Msg, connection: Client) -> None:
        handed = hand_out(raw.reply)
        self._connection, self._reply = connection, raw.reply
        self.subject, self.data, self.headers = raw.subject, raw.data, raw.headers
        self.sequence, self.at, self.delivered = handed.sequence, handed.at, handed.delivered or 1
        self.number = handed.number
        """The durable's own count of what it has handed out."""

    async def ack(self) -> None:
        await self._connection.publish(self._reply, b"+ACK")

    async def nak(self, delay: float) -> None:
        """Handed out again after `delay` seconds."""
        await self._connection.publish(self._reply, b'-NAK {"delay":%d}' % int(delay * 1e9))

    async def renew(self) -> None:
        await self._connection.publish(self._reply, b"+WPI")


Handler = Callable[[Handed], Awaitable[None]]


class OpenPull:
    """Keeps one request open for a durable; each fact goes to the handler, one after the other.

    A subscriber of the framework costs a third of all that a fact costs the escalator
    (docs/architecture/broker.md). At a stop the connection is drained, so that the handler at work ends its fact.
    """

    def __init__(
        self,
        connection: Callable[[], Client],
        user: str,
        *,
        stream: str,
        durable: str,
        handle: Handler,
    ) -> None:
        self._connection, self._handle = connection, handle
        self._durable = durable
        self._ask = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._request = b'{"batch":%d,"expires":%d}' % (AT_ONCE, int(OPEN_FOR * 1e9))
        self._inbox = f"{inbox_prefix(user).decode()}.{secrets.token_hex(11)}"
        self._ended = asyncio.Event()
        self._refused = False

    async def run(self) -> None:
        """Runs as long as the service."""
        await self._connection().subscribe(self._inbox, cb=self._take)
        await forever(self._keep_open, "pull_not_opened", durable=self._durable)

    async def _take(self, raw: Msg) -> None:
        if raw.reply:
            await self._handle(Handed(raw, self._connection()))
            return
        self._refused = (raw.headers or {}).get("Status") != _TIME_IS_OVER
        self._ended.set()

    async def _keep_open(self) -> None:
        self._ended.clear()
        self._refused = False
        await self._connection().publish(self._ask, self._request, reply=self._inbox)
        await happens(self._ended, OPEN_FOR + 1)
        if self._refused:
            await asyncio.sleep(PAUSE)
