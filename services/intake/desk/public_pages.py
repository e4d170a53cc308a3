"""What the pages without login have in common: a list page by page, and what was put right in a text that is out."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query

from services.intake.board.card import Card
from shared.case import PublicNotice
from shared.language.document_head import date_of
from shared.language.words import Words

ON_A_PAGE = 20
MOST_PAGES = 10_000
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]


def listed_page(cards: Sequence[Card], page: int, published: Callable[[Card], object]) -> dict[str, Any]:
    """For the template of a list. No card is read as a case but those of this page."""
    shown = cards[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    return {
        "published": [published(card) for card in shown],
        "count": len(cards),
        "page": page,
        "more": page * ON_A_PAGE < len(cards),
    }


def corrections_of(notice: PublicNotice, words: Words, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """(date, what was put right), in order."""
    return tuple((date_of(words, one.at, zone), one.text) for one in notice.corrections)
