"""How often somebody may come: so many at once, and so many a second from then on.

Invariant: pure but for its own memory, which is bounded; the time is an argument. One key's requests never
count against another's.
"""

from collections import OrderedDict
from dataclasses import dataclass

KEYS = 4096
"""Keys remembered; whoever came longest ago is forgotten first, and begins anew."""


@dataclass(frozen=True)
class Allowance:
    per_second: float
    at_once: int


class RequestPace:
    """A bucket of tokens for each key, kept as one number: the moment from which on the bucket is full
    again.
    """

    def __init__(self, allowance: Allowance, keys: int = KEYS) -> None:
        self._step = 1 / allowance.per_second
        self._room = allowance.at_once * self._step
        self._keys = keys
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, key: str, now: float, patience: float = 0.0) -> float:
        """Seconds until the request may pass; it is counted, unless they are more than `patience`. `now`:
        seconds of any steady clock.
        """
        full_at = max(self._full_at.pop(key, now), now) + self._step
        late = full_at - now - self._room
        # A hair's breadth belongs to the arithmetic, not to the caller.
        passes = late <= patience + self._step * 1e-6
        self._full_at[key] = full_at if passes else full_at - self._step
        if len(self._full_at) > self._keys:
            self._full_at.popitem(last=False)
        return 0.0 if late <= self._step * 1e-6 else late
