"""Compilations of special cases for whoever wants to read them, without login: the list, and each as a document.

Invariant: what stands here is a text that as many people have approved as the policy asks, word for word, with its
corrections; of the case behind it nothing else. One that is not out, and one of an exercise, is as unknown here as one that never was.
"""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response

from services.intake.board.card import Card
from services.intake.desk.here import DeskPages
from services.intake.desk.public_pages import PageNumber, corrections_of, listed_page
from shared.door.ways import doorway
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.document_head import date_of
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
    corrections: tuple[tuple[str, str], ...]
    """(date, what was put right), in order."""


def add_compilations(router: APIRouter, here: DeskPages) -> None:
    def published(request: Request, card: Card) -> PublishedCompilation:
        words, case, zone = Words(here.pages.language(request)), card.whole, here.desk.zone
        assert case.notice is not None
        assert card.compiled_at is not None
        return PublishedCompilation(
            address=f"/compilations/{card.case}",
            title=case.report.summary,
            text=case.notice.text,
            organ=words.name(here.names.unit(case.report.unit)),
            date=date_of(words, card.compiled_at, zone),
            corrections=corrections_of(case.notice, words, zone),
        )

    @router.get("/compilations")
    @doorway(is_open=True)
    async def compilations(request: Request, page: PageNumber = 1) -> Response:
        shown = listed_page(here.desk.board.compiled_cards(), page, partial(published, request))
        return here.pages.show(request, "compilations.html", **shown)

    @router.get("/compilations/{case}")
    @doorway(is_open=True)
    async def compilation(request: Request, case: str) -> Response:
        card = here.desk.board.card(CaseId(case))
        if card is None or card.compiled_at is None:
            raise Problem(404, N_("Not Found"), NO_SUCH_COMPILATION)
        return here.pages.show(request, "compilation.html", compilation=published(request, card))
