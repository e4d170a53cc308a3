"""What a message asks of its reader, by what it is for. Pure."""

from typing import Protocol

from shared.facts import Brief, Purpose, SuspicionState

SILENT = frozenset({Purpose.INFORM, Purpose.WITHDRAWN, Purpose.CHANGED, Purpose.ENDED})
"""Nothing is asked of the reader, so there is no link either; but see `asks_for_a_statement`."""


class HasBrief(Protocol):
    """What a notice, and what is kept of it, have in common."""

    @property
    def purpose(self) -> Purpose: ...
    @property
    def brief(self) -> Brief: ...


def asks_for_a_statement(told: HasBrief) -> bool:
    """A unit hears that it is suspected of an omission, and may say what it knows."""
    suspicion = told.brief.suspicion
    return (
        told.purpose is Purpose.INFORM and suspicion is not None and suspicion.state is SuspicionState.RAISED
    )


def is_told_alone(told: HasBrief) -> bool:
    """News to somebody of whom nothing is asked."""
    return told.purpose is Purpose.NEWS and not (told.brief.news is not None and told.brief.news.owes)
