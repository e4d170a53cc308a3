"""How far behind the stream the trail is, how fast it catches up, and when it will be done. Pure.

Invariant: the rate is of the last minute, so that an estimate follows what the store does now.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

WORTH_SAYING = 5_000
"""Facts. Fewer are worked off within seconds."""
_WINDOW = timedelta(seconds=60)
SAID_EVERY = timedelta(seconds=10)


class CatchUpPace:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.size = self.last = 0
        self._clock = clock
        self._points: deque[tuple[datetime, int]] = deque()
        self._last_line_at: datetime | None = None

    @property
    def behind(self) -> int:
        return max(0, self.last - self.size)

    def stream_has(self, last: int) -> None:
        self.last = max(self.last, last)

    def recorded(self, size: int) -> None:
        now = self._clock()
        if size <= self.size:
            # Begun anew: how fast it was before the store went away, and the time it was away, say nothing.
            self._points.clear()
        self.size = size
        self._points.append((now, size))
        while self._points and self._points[0][0] < now - _WINDOW:
            self._points.popleft()

    @property
    def rate(self) -> float:
        """Records a second."""
        if len(self._points) < 2:
            return 0.0
        (first, start), (last, end) = self._points[0], self._points[-1]
        seconds = (last - first).total_seconds()
        return (end - start) / seconds if seconds > 0 else 0.0

    @property
    def left(self) -> timedelta | None:
        """Until nothing is left; None where nothing moves, so that nobody can tell."""
        return timedelta(seconds=self.behind / self.rate) if self.rate > 0 else None

    def words(self) -> str:
        """For people; empty where there is nothing to say."""
        if self.behind < WORTH_SAYING:
            return ""
        if self.left is None:
            return f"{self.behind} facts behind"
        done = (self._clock() + self.left).isoformat(timespec="seconds")
        return f"catching up: {self.behind} facts behind, {self.rate:.0f} a second, done about {done}"

    def worth_a_line(self) -> bool:
        """At sensible intervals while there is something to say."""
        now = self._clock()
        if self.behind < WORTH_SAYING or (
            self._last_line_at is not None and now - self._last_line_at < SAID_EVERY
        ):
            return False
        self._last_line_at = now
        return True
