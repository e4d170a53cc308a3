"""The embedded broker after a full disk: it keeps its write error when there is room again, so that it is
started again then.

Invariant: it is ended only while it says itself that it can't write and the disk has room; whoever waits for
a receipt meanwhile is told that nothing was stored, and tries again.
"""

import asyncio
import shutil
from pathlib import Path

from fenghuo.screen import Screen
from fenghuo.speech import worded
from fenghuo.supervisor import Child
from shared.lights import broker_says

LOOK_EVERY = 2.0
ROOM = 8 * 1024 * 1024
"""Bytes that must be free before it is worth a new start."""
AT_MOST_EVERY = 10.0
"""Seconds between two restarts."""
WRITE_ERROR = "write error"
"""As nats-server's plain /healthz says it of a stream that could not store."""


def is_restart_due(words: str, free: int) -> bool:
    """Whether the broker, which says `words` of itself, could write again if it were started anew."""
    return WRITE_ERROR in words and free >= ROOM


class BrokerCare:
    def __init__(self, child: Child, monitor: str, data: Path, screen: Screen) -> None:
        self._child, self._monitor, self._data, self._screen = child, monitor, data, screen

    async def run(self) -> None:
        """Until cancelled."""
        is_told = False
        while True:
            await asyncio.sleep(LOOK_EVERY)
            words = await asyncio.to_thread(broker_says, self._monitor)
            if WRITE_ERROR not in words:
                is_told = False
                continue
            free = shutil.disk_usage(self._data).free
            if is_restart_due(words, free):
                self._screen.tell(
                    "step",
                    worded("there is room again (%(free)s MB): the broker is started again", free=free >> 20),
                    part="broker",
                )
                await self._child.again()
                await asyncio.sleep(AT_MOST_EVERY - LOOK_EVERY)
            elif not is_told:
                self._screen.tell(
                    "alarm",
                    worded(
                        "the broker can't write, nothing is accepted: make room on %(_data)s (%(words)s)",
                        _data=self._data,
                        words=words,
                    ),
                    part="broker",
                )
                is_told = True
