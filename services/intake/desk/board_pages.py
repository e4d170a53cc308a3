"""The board: the open cases by what is due next, narrowed as the reader likes, live."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from services.intake.board.card import Card
from services.intake.desk.browser_pages import ringing
from services.intake.desk.here import NO_SUCH_CASE as GONE
from services.intake.desk.here import READERS, SHOWS, BoardNarrowing, DeskPages
from shared.case import CaseStatus
from shared.message import N_
from shared.problems import Problem
from shared.vocabulary import ReportKind

SHOWN = 50
"""Cases on one page; those that are due later stand on the next."""


def add_board(router: APIRouter, here: DeskPages) -> None:
    @router.get("/")
    async def board(request: Request, page: int = 1) -> Response:
        principal, narrowing = here.pages.admit(request, *READERS), BoardNarrowing.of(request)
        revision, cards = here.desk.board.revision, here.open_cards(principal, narrowing)
        first = max(page - 1, 0) * SHOWN
        views = [here.view(card.lean, principal) for card in cards[first : first + SHOWN]]
        return here.show(
            request,
            "desk.html",
            principal,
            views=views,
            summary=_summary(cards, here.pages.clock()),
            revision=revision,
            page=max(page, 1),
            shown=SHOWN,
            asked=narrowing,
            ringing=ringing(here, request, principal),
            shows=[(name, words) for name, words in SHOWS.items() if name != "unit" or principal.unit],
            kinds=[kind for kind in ReportKind if kind is not ReportKind.STANDING],
        )

    @router.get("/desk/summary")
    async def summary(request: Request) -> Response:
        principal = here.pages.admit(request, *READERS)
        counts = _summary(here.open_cards(principal, BoardNarrowing.of(request)), here.pages.clock())
        return here.show(request, "part_summary.html", principal, summary=counts)

    @router.get("/desk/cases/{case}")
    async def part(request: Request, case: str, whole: bool = False) -> Response:
        """One case as a piece of a page, for the script that keeps the board live. Gone from the board:
        404.
        """
        principal = here.pages.admit(request, *READERS)
        card = await here.find(case, principal)
        if not whole:
            fits = BoardNarrowing.of(request).case_filter(principal, here.pages.clock()).fits(card)
            if not fits or card.status not in (CaseStatus.OPEN, CaseStatus.RESOLVED):
                raise Problem(404, N_("Not Found"), GONE)
        return here.show(
            request,
            "part_case.html",
            principal,
            view=here.view(card.whole, principal),
            whole=whole,
            **here.ties(card, principal),
        )


def _summary(cards: list[Card], now: datetime) -> dict[str, int]:
    owed = [due for card in cards for due in card.owed]
    return {"open": len(cards), "owed": len(owed), "late": sum(due < now for due in owed)}
