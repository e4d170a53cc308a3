"""What a case has of its forms: of each form what has been filled in so far, as it is now.

Invariant: a case keeps few forms, each once; the record has every block as it was handed in.
"""

from datetime import datetime
from typing import Any

from shared.facts import Name, Value


class CaseForm(Value, frozen=True, kw_only=True):
    id: str
    version: int = 1
    fields: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    """Personal ones too: a case is read by those who have a part in it."""
    short: Name | None = None
    missing: tuple[str, ...] = ()
    """What is lacking before it counts as complete."""
    wrong: int = 0
    """How many fields could not be taken; the record has them as they were given."""
    at: datetime
    by: str
    sequence: int
    """Of the fact that changed it last."""
