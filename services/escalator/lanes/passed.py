"""Waiting until the lanes are past facts that nobody waits for, so that more are handed over only then.

Invariant: nothing depends on it but how long others wait: a lane that stands still holds nothing up for longer
than it was given.
"""

import asyncio
from collections.abc import Callable, Mapping

from nats.aio.client import Client

from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.stillness import queue_of
from shared.streams import FACTS, escalator_durable

LOOK_AGAIN = 0.05
"""Seconds until a lane that is not past yet is looked at again."""


async def lanes_pass(connection: Callable[[], Client], last: Mapping[int, int], within: float) -> bool:
    """Whether each lane is done with the fact at its sequence before so many seconds are over. Raises
    NatsError.
    """
    js, clock = connection().jetstream(timeout=PUBLISH_TIMEOUT), asyncio.get_running_loop().time
    until = clock() + within
    for lane, sequence in last.items():
        while True:
            queue = queue_of(await js.consumer_info(FACTS, escalator_durable(lane)))
            if queue.done >= sequence or not queue.waiting:
                break
            if clock() > until:
                return False
            await asyncio.sleep(LOOK_AGAIN)
    return True
