"""Tasks that stand or fall together, and waiting for an event no longer than one likes.

Invariant: none of the tasks is left running once the wait for them is over.
"""

import asyncio
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any

CANCEL_AGAIN = 3.0
"""Seconds that cancelled work has to hand back what it holds, before it is cancelled once more."""


async def run_all(*work: Coroutine[Any, Any, None]) -> None:
    """Until all are done, or one has failed: its error is raised, and the others are ended."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await end_all(tasks)


async def end_all(tasks: Collection[asyncio.Task[Any]], again: float = CANCEL_AGAIN) -> None:
    """Cancel all of it, each `again` seconds, until it has ended.

    The `wait_for` of Python 3.11, on which nats-py waits, loses a cancellation that comes
    together with the answer, and a loop around it would go on for ever."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=again)


async def happens(event: asyncio.Event, within: float) -> bool:
    """Whether it is set before so many seconds are over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            return await event.wait()
    return False
