"""Every pending clock in sixteen bytes, so that a million fit beside the lanes.

Invariant: a case is known by 64 bits of its hash; two that collide would show as a difference, which is always verified on the
broker before anything is said or done. A clock that was taken counts as its case's from then on; those left over belong to no case.
"""

from array import array
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ClockIndex:
    """A hash table in two arrays; made for a number of clocks known beforehand, grows where they were more."""

    def __init__(self, expected: int) -> None:
        self._make(max(8, (expected * 3 // 2)).bit_length())

    def _make(self, bits: int) -> None:
        self._mask = (1 << bits) - 1
        self._keys = array("q", bytes(8 << bits))
        self._times = array("q", bytes(8 << bits))
        self._count = 0
        self._left = 0

    def __len__(self) -> int:
        """Clocks that no case has taken."""
        return self._left

    def put(self, case: str, at: datetime) -> None:
        if self._count * 4 > self._mask * 3:
            self._grow()
        self._put(hash(case) or 1, (at - _EPOCH) // _MICROSECOND)

    def take(self, case: str) -> datetime | None:
        """The moment its clock is pending for; None where there is none. The same again for an earlier or later revision of the case."""
        slot = self._slot(hash(case) or 1)
        micros = self._times[slot]
        if not self._keys[slot]:
            return None
        if micros > 0:  # taken is written as a time before 1970
            self._times[slot] = -micros
            self._left -= 1
        return _EPOCH + abs(micros) * _MICROSECOND

    def is_left(self, case: str) -> bool:
        slot = self._slot(hash(case) or 1)
        return bool(self._keys[slot]) and self._times[slot] > 0

    def _put(self, key: int, micros: int) -> None:
        slot = self._slot(key)
        if not self._keys[slot]:
            self._count += 1
            self._left += 1
        self._keys[slot], self._times[slot] = key, micros

    def _slot(self, key: int) -> int:
        keys, mask = self._keys, self._mask
        slot = key & mask
        while keys[slot] and keys[slot] != key:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        keys, times = self._keys, self._times
        self._make((self._mask + 1).bit_length())
        for key, micros in zip(keys, times, strict=True):
            if key:
                self._put(key, micros)
