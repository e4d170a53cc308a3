"""Which case somebody who has a minute looks at first, and which one rings.

Invariant: a matter that is happening and that nobody has answered for stands before one that people have in
hand, the graver before the lighter, the newer before the older. What only lapsed long ago stands last.
"""

from datetime import datetime, timedelta

from services.intake.board.card import NEVER, Call, Card
from shared.vocabulary import Level, ReportKind

NEW = timedelta(hours=24)
"""A case is new for that long; a lapse of a duty that nobody answered for presses for that long."""
WEIGHTS = {Level.I: 0, Level.II: 1, Level.III: 2, Level.IV: 3}
GRAVE = 1
UNGRADED = 4
IN_HAND = 2
"""So many levels a case steps back once everybody has answered."""


def weight_of(card: Card) -> int:
    """0 for level I. What is sensitive, or has happened and is not graded yet, weighs like level II."""
    weight = WEIGHTS[card.level] if card.level is not None else UNGRADED
    is_unknown = card.level is None and card.kind is ReportKind.INCIDENT
    return min(weight, GRAVE) if card.is_sensitive or is_unknown else weight


def unanswered(card: Card, now: datetime) -> tuple[Call, ...]:
    """The calls that still press."""
    return tuple(call for call in card.calls if call.limit > now - NEW)


def rings(card: Card, now: datetime) -> bool:
    """Something grave is happening, and it is new or nobody has answered for it."""
    if not card.is_emergency or weight_of(card) > GRAVE:
        return False
    return card.opened_at > now - NEW or bool(unanswered(card, now))


def triage_order(card: Card, now: datetime) -> str:
    """Sorts as text, so that a page places a case that changed without asking for the others."""
    calls = unanswered(card, now)
    moves = bool(calls) or card.limit is not None
    happens = card.is_emergency and (moves or card.opened_at > now - NEW)
    part = 0 if happens else 1 if moves else 2
    rank = weight_of(card) + (0 if calls else IN_HAND)
    newest_first = NEVER.timestamp() - card.opened_at.timestamp()
    due_first = (card.limit or card.next_due or NEVER).timestamp()
    age = newest_first if card.is_emergency else due_first
    return f"{part}{rank}{0 if calls else 1} {age:015.3f} {card.case}"
