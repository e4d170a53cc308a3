"""The board: the open cases, a line each, whoever has to be looked at first on top; one of them beside the
list; the same for a wall.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.intake.board.card import Card, Headline
from services.intake.board.triage import rings, triage_order, weight_of
from services.intake.desk.browser_pages import ringing
from services.intake.desk.case_line import CaseLine, case_line
from services.intake.desk.here import NO_SUCH_CASE as GONE
from services.intake.desk.here import READERS, SHOWS, BoardNarrowing, DeskPages
from shared.facts import Name
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import ReportKind, Role

SHOWN = 100
"""Cases on one page; those that press less stand on the next."""
ON_THE_WALL = 60
"""Nobody turns the pages of a wall: what presses less than so many does not reach it."""
RUNG = frozenset({Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR})
"""Whose desk rings for what is new and grave."""
ALARMS = 20
"""Of those that ring so many are told in words; the others are named by their level, unit and time, which costs no
reading of the case.
"""
MOST_ALARMS = 500
"""A browser remembers no more that were looked at (static/alarm.js)."""


@dataclass(frozen=True)
class Alarm:
    """A case that rings."""

    card: Card
    weight: int
    unit: Name
    headline: Headline | None


def add_board(router: APIRouter, here: DeskPages) -> None:
    @router.get("/")
    async def board(request: Request, page: int = 1, wall: bool = False, case: str = "") -> Response:
        principal, narrowing = here.pages.admit(request, *READERS), BoardNarrowing.of(request)
        revision, cards = here.desk.board.revision, triaged(here.open_cards(principal, narrowing))
        page = min(max(page, 1), max(len(cards) - 1, 0) // SHOWN + 1)
        first, shown = (0, ON_THE_WALL) if wall else ((page - 1) * SHOWN, SHOWN)
        return here.show(
            request,
            "wall.html" if wall else "desk.html",
            principal,
            lines=[line_of(card, principal) for card in cards[first : first + shown]],
            summary=_summary(cards, here.pages.clock()),
            alarms=alarms_of(principal),
            revision=revision,
            page=page,
            shown=shown,
            asked=narrowing,
            ringing=ringing(here, request, principal),
            beside=await beside(case, principal) if case else {},
            shows=[(name, words) for name, words in SHOWS.items() if name != "unit" or principal.unit],
            kinds=[
                kind for kind in ReportKind if kind not in (ReportKind.STANDING, ReportKind.ACCOUNTABILITY)
            ],
            is_first_run=not len(here.desk.board) and principal.role is Role.OPERATOR,
        )

    @router.get("/desk/summary")
    async def summary(request: Request) -> Response:
        """The figures above the board, for the script that keeps it live."""
        principal = here.pages.admit(request, *READERS)
        counts = _summary(here.open_cards(principal, BoardNarrowing.of(request)), here.pages.clock())
        return here.show(request, "part_summary.html", principal, summary=counts)

    @router.get("/desk/alarms")
    async def alarms(request: Request) -> Response:
        """What is new and grave, however the board is narrowed."""
        principal = here.pages.admit(request, *READERS)
        return here.show(request, "part_alarms.html", principal, alarms=alarms_of(principal))

    @router.get("/desk/lines/{case}")
    async def line(request: Request, case: str) -> Response:
        """One line, for the script that keeps the board live. Gone from the board: 404."""
        principal = here.pages.admit(request, *READERS)
        narrowing = BoardNarrowing.of(request)
        card = await here.find(case, principal)
        if not card.is_open or not narrowing.case_filter(principal, here.pages.clock()).fits(card):
            raise Problem(404, N_("Not Found"), GONE)
        return here.show(request, "part_line.html", principal, line=line_of(card, principal), asked=narrowing)

    @router.get("/desk/cases/{case}")
    async def part(request: Request, case: str, whole: bool = False, call: str = "") -> Response:
        """One case as a piece of a page: beside the board, or whole on its own page."""
        principal = here.pages.admit(request, *READERS)
        card = await here.find(case, principal)
        view = here.view(card.whole, principal, wanted=call)
        more = {**await here.untouched(view.case), "calls": call} if whole else {}
        return here.show(
            request,
            "part_case.html",
            principal,
            view=view,
            whole=whole,
            asked=BoardNarrowing.of(request),
            **here.ties(card, principal),
            **more,
        )

    def line_of(card: Card, principal: Principal) -> CaseLine:
        return case_line(card, here.names, here.pages.clock(), principal.person)

    def alarms_of(principal: Principal) -> list[Alarm]:
        """Each that rings: the browser alone knows which of them were looked at."""
        if principal.role not in RUNG:
            return []
        now = here.pages.clock()
        loud = [card for card in here.open_cards(principal, BoardNarrowing()) if rings(card, now)]
        return [
            Alarm(
                card, weight_of(card), here.names.unit(card.unit), card.headline if number < ALARMS else None
            )
            for number, card in enumerate(triaged(loud)[:MOST_ALARMS])
        ]

    def triaged(cards: list[Card]) -> list[Card]:
        now = here.pages.clock()
        return sorted(cards, key=lambda card: triage_order(card, now))

    async def beside(case: str, principal: Principal) -> dict[str, Any]:
        """The case that the address names; one that has left the board leaves the board as it is."""
        try:
            card = await here.find(case, principal)
        except Problem:
            return {}
        return {"view": here.view(card.whole, principal), **here.ties(card, principal)}


def _summary(cards: list[Card], now: datetime) -> dict[str, int]:
    owed = [due for card in cards for due in card.owed]
    return {"open": len(cards), "owed": len(owed), "late": sum(due < now for due in owed)}
