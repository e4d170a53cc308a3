"""What the independent check of cases, clocks and the record found, and what it did about it."""

from enum import StrEnum

from shared.facts.bounds import Frozen, Instant
from shared.ids import CaseId


class CheckOutcome(StrEnum):
    CLOCK_MISSING = "clock_missing"
    """The case waits for a moment and no clock is pending for it."""
    CLOCK_OTHER = "clock_other"
    """A clock is pending for another moment than the case waits for."""
    CLOCK_STRAY = "clock_stray"
    """A clock is pending for a case that waits for nothing."""
    CLOCK_LOST = "clock_lost"
    """The moment has passed, nothing is pending, its lane has nothing left to do, and nobody decided."""
    FACT_IGNORED = "fact_ignored"
    """Its lane is past the fact, the case has not taken it in, and it was not set aside either."""
    CASE_UNREADABLE = "case_unreadable"
    CASE_REBUILT = "case_rebuilt"
    """It could not be read, or was not there, and was made again from the record up to the fact at
    `sequence`.
    """
    LANE_STILL = "lane_still"
    """A durable has facts waiting and has not moved since the last round."""


class Checked(Frozen):
    """The data of `checked`: one difference, and whether it was repaired."""

    found: CheckOutcome
    case: CaseId | None = None
    durable: str | None = None
    """lane_still: which."""
    expected_at: Instant | None = None
    """The moment the case waits for."""
    pending_at: Instant | None = None
    """The moment the pending clock was armed for."""
    sequence: int | None = None
    """fact_ignored: the fact's place in the record."""
    repaired: bool = False
    """The clock was armed for the moment expected, or taken away."""
