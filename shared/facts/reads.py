"""Who read what of the trail: the data of `read`, which is about no case. Those who look into what others did
are seen doing it.

Invariant: it says what was asked and how much was given, never what it said. What a reader typed (`criteria`)
may name people: it is a personal field of the record.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.facts.acts import Actor
from shared.facts.bounds import Frozen, Instant


class How(StrEnum):
    LOOKED = "looked"
    """Answers and pages, gathered: at most one fact a minute for each reader."""
    TAKEN = "taken"
    """A file was taken away: an export, the evidence of a case, a report. One fact each, at once."""


class Reading(Frozen):
    """One question, as often as it was asked."""

    route: str
    """Method and path, as in `GET /api/v1/trail/entries`."""
    criteria: Annotated[dict[str, str], Field(default_factory=dict)]
    """What was asked for: the parameters by name, those of the path included."""
    times: Annotated[int, Field(ge=1)] = 1
    records: Annotated[int, Field(ge=0)] = 0
    """Records given in all."""
    first_at: Instant
    last_at: Instant


class Read(Frozen):
    """The data of `read`."""

    by: Actor
    how: How
    summary: str
    """The same in a line, without what was typed."""
    readings: Annotated[tuple[Reading, ...], Field(min_length=1)]
    more: int = 0
    """Further questions, too many to be listed; their records count in `records`."""
    records: int
    checkpoint: int
    """The records shown are among the first so many."""
    first_at: Instant
    last_at: Instant
    broken_off: bool = False
    """It ended before all was given: the reader or the service went away. `records` may be too low."""
