"""A case in one line: how grave, what, where, who has not answered, how long there is.

Invariant: read from the card and its headline alone, so that five hundred lines cost what ten cases cost.
"""

from dataclasses import dataclass
from datetime import datetime

from services.intake.board.card import Card
from services.intake.board.triage import rings, triage_order, unanswered
from shared.facts import Name
from shared.web.names import Names


@dataclass(frozen=True)
class CaseLine:
    card: Card
    summary: str
    unit: Name
    area: Name
    silent: Name | None
    """Whose answer is missing, of several the reader's, else the one whose limit is first."""
    silent_count: int
    presses: bool
    """The missing answer is not one to a lapse of long ago."""
    mine: bool
    """The reader's answer is missing."""
    due: datetime | None
    late: int
    """Duties still owed whose limit has passed."""
    order: str
    rings: bool


def case_line(card: Card, names: Names, now: datetime, reader: str | None) -> CaseLine:
    headline, calls = card.headline, unanswered(card, now) or card.calls
    mine = reader is not None and any(call.person == reader for call in calls)
    return CaseLine(
        card=card,
        summary=headline.summary,
        unit=names.unit(card.unit),
        area=names.area(headline.area),
        silent=names.person(reader if mine and reader else calls[0].person) if calls else None,
        silent_count=len(calls),
        presses=bool(unanswered(card, now)),
        mine=mine,
        due=card.limit or card.next_due,
        late=sum(due < now for due in card.owed),
        order=triage_order(card, now),
        rings=rings(card, now),
    )
