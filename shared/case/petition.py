"""What a petition 信访 was answered: who took it up, how it was settled, what its reviews came to.

Invariant: an answer holds all that its letter says of it; it is never changed, and one that follows stands behind it.
"""

from datetime import datetime
from enum import StrEnum

from shared.facts import Value
from shared.ids import UnitId


class AnswerStep(StrEnum):
    TAKEN_UP = "taken_up"
    """受理: a unit has it in hand."""
    SETTLED = "settled"
    """处理意见."""
    REVIEWED = "reviewed"
    """复查."""
    REVIEWED_AGAIN = "reviewed_again"
    """复核: the last word."""


class PetitionAnswer(Value, frozen=True, kw_only=True):
    step: AnswerStep
    sequence: int
    """Of the fact that it was given by."""
    at: datetime
    unit: UnitId
    """Whose answer it is."""
    text: str | None = None
    upheld: bool | None = None
    """Of a review: what was said before stands."""
    ask: UnitId | None = None
    """Whom to ask for the next review; nobody after the last."""
    ask_by: datetime | None = None
    """Until when, where the policy sets a term."""
