"""Whether a queue stands still: something waits, and nothing has been done with since.

Invariant: a queue that is empty, or of which anything was done with since the last look, does not stand
still; how long it does is counted from the first look that saw it so, never guessed from the age of what
waits. What a process that died had in hand the broker hands out again only after the durable's `ack_wait`:
for so long nobody could have done anything with it, and it counts for nothing. Pure but for its memory.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from nats.js.api import ConsumerInfo

STILL_AFTER = timedelta(seconds=30)
"""A queue in which something waits and nothing is done for so long stands still."""


class Queue(NamedTuple):
    """A durable as the broker tells of it."""

    done: int
    """Everything up to this sequence is done with."""
    waiting: int
    """Handed out or not, and not done with."""
    back_after: float = 0.0
    """Seconds after which the broker hands out again what somebody has in hand; 0 where nobody has
    anything.
    """


@dataclass(frozen=True)
class _Look:
    done: int
    since: float


class Stillness:
    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}

    def seconds(self, name: str, queue: Queue, now: float) -> float:
        """For how long it has been seen to stand still although somebody could have moved it; 0 where it
        moves, is empty, or is seen so for the first time.
        """
        before = self._looks.get(name)
        if not queue.waiting:
            self._looks.pop(name, None)
            return 0.0
        if before is None or before.done != queue.done:
            self._looks[name] = _Look(queue.done, now)
            return 0.0
        return max(0.0, now - before.since - queue.back_after)


def queue_of(info: ConsumerInfo) -> Queue:
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    in_hand = info.num_ack_pending or 0
    return Queue(floor, (info.num_pending or 0) + in_hand, (info.config.ack_wait or 0.0) if in_hand else 0.0)
