"""Compilations of special cases for whoever wants to read them, without login: the list, and each as a document.

Invariant: what stands here is a text that as many people have approved as the policy asks, word for word; of the case
behind it nothing else. One that is not out, and one of an exercise, is as unknown here as one that never was.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.intake.board.card import Card
from services.intake.desk.here import DeskPages
from services.intake.desk.notice_pages import MOST_PAGES, ON_A_PAGE
from shared.door.ways import doorway
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.notice_head import date_of
from shared.language.words import Words
from shared.problems import Problem

NO_SUCH_COMPILATION = N_("There is no such compilation: check the address.")


@dataclass(frozen=True, slots=True)
class PublishedCompilation:
    address: str
    title: str
    text: str
    organ: str
    """落款: whose it is."""
    date: str


def add_compilations(router: APIRouter, here: DeskPages) -> None:
    def published(request: Request, card: Card) -> PublishedCompilation:
        words, case = Words(here.pages.language(request)), card.whole
        assert case.notice is not None
        assert card.compiled_at is not None
        return PublishedCompilation(
            address=f"/compilations/{card.case}",
            title=case.report.summary,
            text=case.notice.text,
            organ=words.name(here.names.unit(case.report.unit)),
            date=date_of(words, card.compiled_at, here.desk.zone),
        )

    @router.get("/compilations")
    @doorway(is_open=True)
    async def compilations(
        request: Request, page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1
    ) -> Response:
        cards = here.desk.board.compiled_cards()
        shown = cards[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        return here.pages.show(
            request,
            "compilations.html",
            compilations=[published(request, card) for card in shown],
            count=len(cards),
            page=page,
            more=page * ON_A_PAGE < len(cards),
        )

    @router.get("/compilations/{case}")
    @doorway(is_open=True)
    async def compilation(request: Request, case: str) -> Response:
        card = here.desk.board.card(CaseId(case))
        if card is None or card.compiled_at is None:
            raise Problem(404, N_("Not Found"), NO_SUCH_COMPILATION)
        return here.pages.show(request, "compilation.html", compilation=published(request, card))
