"""A suspected omission, as the unit that it is about hears of it."""

from datetime import datetime
from enum import StrEnum

from shared.facts.name import Name
from shared.facts.value import Value


class SuspicionState(StrEnum):
    RAISED = "raised"
    WITHDRAWN = "withdrawn"
    """A report that was in time has been found."""
    REFUTED = "refuted"
    CONFIRMED = "confirmed"


class SuspicionNews(Value, frozen=True, kw_only=True):
    """What became of a suspected omission, for the unit that it is about."""

    state: SuspicionState
    unit: Name
    witness: Name
    told_at: datetime
    """When the witness told of it."""
    limit: datetime
    """By when a report was owed."""
    judge_by: datetime | None = None
    """By when a person judges: so long the unit may answer."""
    why: str | None = None
    """The words of whoever judged."""
