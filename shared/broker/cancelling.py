"""Whoever follows a stream for good ends when it is cancelled, whatever nats-py makes of it."""

import asyncio


def unless_cancelled() -> None:
    """For the `except` of whoever follows a stream for good: nats-py turns the cancellation of a waiting
    `next_msg` into a lost connection where that closes at the same time, and the follower would go on for
    ever. Raises CancelledError then.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
