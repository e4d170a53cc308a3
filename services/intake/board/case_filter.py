"""Which cases a list is asked for; the same choice for the API and the desk. None asks nothing."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.board.card import Card
from shared.vocabulary import Level, ReportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    is_open: bool | None = None
    unit: str | None = None
    """Has a part in it."""
    holder: str | None = None
    person: str | None = None
    """Has to move in it."""
    kind: ReportKind | None = None
    level: Level | None = None
    parent: str | None = None
    standing: bool = False
    """What is watched without a report, and nothing else; otherwise the rest."""
    due_before: datetime | None = None
    without: ReportKind | None = None
    """A kind that has a list of its own."""

    def fits(self, card: Card) -> bool:
        return (
            card.is_standing is (self.standing or self.kind is ReportKind.STANDING)
            and (self.is_open is None or card.is_open is self.is_open)
            and (self.unit is None or card.concerns(self.unit))
            and (self.holder is None or card.holder == self.holder)
            and (self.person is None or self.person in card.people)
            and (self.kind is None or card.kind is self.kind)
            and (self.level is None or card.level is self.level)
            and (self.parent is None or card.parent == self.parent)
            and (self.without is None or card.kind is not self.without)
            and (self.due_before is None or card.is_overdue(self.due_before))
        )
