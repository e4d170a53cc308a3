"""Whether a suspicion would be too early: the cross-check may have something to say that is not on record yet.

Invariant: where it says no, every report stored before `sequence` has been laid beside the witness, and what was
found lies before `sequence` as well.
"""

import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.ids import CaseId
from shared.streams import CROSS_CHECK_DURABLE, FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

TIMEOUT = 2.0
MOMENT = 0.5
"""Seconds in which the cross-check may come up: it is behind by a report that has just come, more often than not,
and whoever is suspected would hear of it a minute later for that.
"""
LOOK_AGAIN = 0.02


class Ahead:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection

    async def is_match_awaited(self, case: CaseId, sequence: int) -> bool:
        """Raises NatsError or TimeoutError where the broker does not answer: then it is asked again."""
        stream = self._connection().jetstream(timeout=TIMEOUT)
        clock = asyncio.get_running_loop().time
        until = clock() + MOMENT
        try:
            while await _is_behind(stream, sequence):
                if clock() > until:
                    return True
                await asyncio.sleep(LOOK_AGAIN)
        except NotFoundError:
            return True  # nobody compares: readiness says so
        try:
            last = await stream.get_last_msg(FACTS, fact_subject(case, Kind.MATCHED))
        except NotFoundError:
            return False
        return last.seq is not None and last.seq > sequence


async def _is_behind(stream: JetStreamContext, sequence: int) -> bool:
    queue = await stream.consumer_info(FACTS, CROSS_CHECK_DURABLE)
    is_behind = bool(queue.num_pending or queue.num_ack_pending)
    return is_behind and (queue.ack_floor is None or queue.ack_floor.stream_seq < sequence)
