"""Which records an answer has given, told from where they are given out, not by each route for itself.

Invariant: within one request every record is counted once, however often it was looked up for the answer;
outside of a request nothing is counted.
"""

from collections.abc import Iterable
from contextvars import ContextVar


class SeenRecords:
    """The records of one answer, a bit each: an export of a million takes 125 kB."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self.records = 0
        self.checkpoint = 0
        """The records given are among the first so many."""

    def add(self, index: int) -> None:
        place, bit = index >> 3, 1 << (index & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1024 - len(self._bits)))
        if not self._bits[place] & bit:
            self._bits[place] |= bit
            self.records += 1


_given: ContextVar[SeenRecords | None] = ContextVar("given", default=None)
"""Of the request that is being answered here: a value of its context, as the request itself is."""


def begin() -> SeenRecords:
    given = SeenRecords()
    _given.set(given)
    return given


def mark_seen(indexes: Iterable[int]) -> None:
    """These records are given to whoever asks now."""
    if (given := _given.get()) is not None:
        for index in indexes:
            given.add(index)


def up_to(size: int) -> None:
    """The answer holds up to the checkpoint of this size."""
    if (given := _given.get()) is not None:
        given.checkpoint = max(given.checkpoint, size)
