"""Whether a gateway is tried now, where there is another one to carry its messages meanwhile. Pure but for
its memory.

Invariant: a gateway in trouble costs a message its time only now and then: after two failures in a row it
rests, longer each time and with jitter, and then one message alone tries it. What it takes ends the rest.
"""

from datetime import datetime, timedelta

OPENS_AFTER = 2
FIRST_REST, LONGEST_REST, FACTOR = timedelta(seconds=5), timedelta(minutes=5), 2
JITTER = 0.3
TRIED_FOR = timedelta(seconds=30)
"""So long the one message that tries it may take; nobody else tries it meanwhile."""


class Breaker:
    def __init__(self) -> None:
        self._failures, self._rests, self._is_tried = 0, 0, False
        self._rests_until: datetime | None = None

    def lets_through(self, now: datetime) -> bool:
        """Whether this message may try it. Where it has rested long enough, this one and no other."""
        if self._rests_until is None:
            return True
        if now < self._rests_until:
            return False
        self._rests_until, self._is_tried = now + TRIED_FOR, True
        return True

    def is_at_rest(self, now: datetime) -> bool:
        """For whoever was let through, and has waited for a turn since."""
        return self._rests_until is not None and now < self._rests_until and not self._is_tried

    def took(self) -> None:
        self._failures, self._rests, self._is_tried, self._rests_until = 0, 0, False, None

    def failed(self, now: datetime, *, roll: float, asked_pause: timedelta | None = None) -> None:
        """`roll` is a random number in [0, 1); `asked_pause`: how long the gateway wants to be left alone."""
        self._failures += 1
        is_at_rest = self._rests_until is not None and not self._is_tried
        if is_at_rest or (self._failures < OPENS_AFTER and not asked_pause):
            return
        rest = min(FIRST_REST * FACTOR**self._rests, LONGEST_REST) * (1 - JITTER * roll)
        self._rests, self._is_tried = self._rests + 1, False
        self._rests_until = now + min(max(rest, asked_pause or rest), LONGEST_REST)
