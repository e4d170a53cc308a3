"""Which part of the trail a report is about: a stretch of time by the broker's clock, and whose duties and
matters.

Invariant: `since` and `until` are both inclusive, as everywhere in the trail; a window without an end holds
up to its checkpoint.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LOOK_BACK = timedelta(days=31)
"""How far before the window matters are looked for that are still open and of which nothing is heard in
it.
"""
LONGEST_LOOK_BACK = timedelta(days=366)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    since: datetime | None = None
    until: datetime | None = None
    units: frozenset[str] | None = None
    """Only what these units owe or answer for; None for all."""
    back: timedelta = LOOK_BACK

    @property
    def start(self) -> datetime:
        return self.since or LONG_AGO

    @property
    def begins(self) -> datetime:
        """From where records are read at all."""
        return self.start - self.back if self.since is not None else LONG_AGO

    def holds(self, at: datetime) -> bool:
        return self.start <= at and (self.until is None or at <= self.until)

    def asks_for(self, unit: str | None) -> bool:
        return self.units is None or unit in self.units
