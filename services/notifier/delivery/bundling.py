"""What ends within the same moment is recorded and told together."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any

from services.notifier.delivery.record import DeliveryRecord
from shared.concurrent import end_all

SAME_MOMENT = 0.05
"""Seconds a finished hand-over waits for its fellows before it is told."""


async def bundled(
    deliveries: Sequence[Coroutine[Any, Any, DeliveryRecord | None]],
) -> AsyncGenerator[list[DeliveryRecord]]:
    """The records as they come in, those of the same moment together. A delivery that was interrupted ends
    the rest's yield with its error, after everything that was done has been yielded.
    """
    pending = {asyncio.create_task(delivery) for delivery in deliveries}
    failure: BaseException | None = None
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if pending:
                more, pending = await asyncio.wait(pending, timeout=SAME_MOMENT)
                done |= more
            failure = failure or next(
                (error for error in map(asyncio.Task[DeliveryRecord | None].exception, done) if error), None
            )
            ended = [task.result() for task in done if not task.exception()]
            if records := [record for record in ended if record is not None]:
                yield records
    finally:
        await end_all(pending)
    if failure is not None:
        raise failure
