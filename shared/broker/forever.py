"""Work that goes on for as long as a service lives, and work that is tried until it is done.

Invariant: while the broker is away nothing is given up and nothing spins: the same work is taken up again
after a pause that doubles up to LONGEST, each failure is logged with its cause and that pause, and a
cancellation ends it at once. This is the only back-off towards the broker.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Never, TypeVar

import structlog
from nats.errors import BadSubjectError, MaxPayloadError
from nats.errors import Error as NatsError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")
Trouble = tuple[type[Exception], ...]

AWAY: Trouble = (NatsError, OSError)
"""The broker did not answer, or not in time: a timeout is an OSError."""
HOPELESS: Trouble = (BadSubjectError, MaxPayloadError)
"""The client itself refuses the message, each time."""
FIRST, LONGEST = 0.2, 2.0
"""Seconds until the first new try, and the longest pause between two."""
CONTENDED = 0.05


def error_text(error: BaseException) -> str:
    """What it says of itself; its name where it says nothing, as a timeout."""
    return str(error) or type(error).__name__


async def until_done(
    act: Callable[[], Awaitable[T]],
    failed: str,
    *,
    trouble: Trouble = AWAY,
    longest: float = LONGEST,
    **fields: object,
) -> T:
    """The result of `act`, which is called again after each failure by `trouble`. `failed` is the event that is
    logged then, with `fields`. Raises what is no `trouble`, or HOPELESS.
    """
    loop, pause = asyncio.get_running_loop(), min(FIRST, longest)
    while True:
        began = loop.time()
        try:
            return await act()
        except HOPELESS:
            raise
        except trouble as error:
            unless_cancelled()
            if loop.time() - began > longest:
                pause = min(FIRST, longest)  # it had worked for a while
            log.warning(failed, error=error_text(error), again_in=pause, **fields)
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


async def forever(
    turn: Callable[[], Awaitable[object]],
    failed: str,
    *,
    every: float = 0.0,
    trouble: Trouble = AWAY,
    longest: float = LONGEST,
    **fields: object,
) -> Never:
    """Take `turn` again and again, `every` seconds after it has ended; one that fails as in `until_done`."""
    while True:
        await until_done(turn, failed, trouble=trouble, longest=longest, **fields)
        await asyncio.sleep(every)


async def attempts(count: int) -> AsyncIterator[int]:
    """For writing by compare-and-set beside others who write at the same moment: yields the number of each
    attempt, with a pause between them that grows.
    """
    for attempt in range(count):
        yield attempt
        await asyncio.sleep(CONTENDED * attempt)


def unless_cancelled() -> None:
    """For an `except` around a wait of nats-py, which turns the cancellation of a waiting `next_msg` into a
    lost connection where that closes at the same time. Raises CancelledError then.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
