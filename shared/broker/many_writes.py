"""Many keys written at once, each over exactly the entry that was known of it.

Invariant: returns when the broker has answered each: it is stored, or somebody else has written the key
meanwhile.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from nats.aio.client import Client

from shared.broker.exchange import LAST, ConflictError, Exchange, WrittenAt

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Write:
    subject: str
    raw: bytes
    last: int
    """The sequence of the entry it replaces; 0: there is none."""
    headers: dict[str, str] = field(default_factory=dict[str, str])


async def write_many(connection: Client, writes: Iterable[Write], timeout: float) -> int:
    """How many were not written because somebody else was faster. `timeout` seconds for each AT_ONCE of them.
    Raises NatsError or TimeoutError.
    """
    exchange, left, conflicts = Exchange(lambda: connection), iter(writes), 0
    await exchange.open()
    try:
        while batch := list(islice(left, AT_ONCE)):
            async with asyncio.timeout(timeout):
                answers = [
                    await exchange.publish(write.subject, write.raw, {LAST: str(write.last), **write.headers})
                    for write in batch
                ]
                outcomes = await asyncio.gather(*answers, return_exceptions=True)
            conflicts += _conflicts(outcomes)
    finally:
        await exchange.close()
    return conflicts


def _conflicts(outcomes: Iterable[WrittenAt | BaseException]) -> int:
    """Raises the first error that is none."""
    conflicts = 0
    for outcome in outcomes:
        if isinstance(outcome, ConflictError):
            conflicts += 1
        elif isinstance(outcome, BaseException):
            raise outcome
    return conflicts
