"""Public notices 通报 for whoever wants to read them, without login: the list, and each as a document on A4.

Invariant: what stands here is the text of a notice that is out, with its head, foot and corrections: of the case
behind it nothing else, neither its number in the list of cases nor who drafted, approved or replied. A notice that is
not out, and one of an exercise, is as unknown here as one that never was.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from services.intake.board.card import Card
from services.intake.desk.here import DeskPages
from services.intake.desk.public_pages import PageNumber, corrections_of, listed_page
from shared.door.ways import doorway
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.document_head import NOTICE, date_of, reference
from shared.language.words import Words
from shared.problems import Problem

NO_SUCH_NOTICE = N_("There is no such public notice: check the address.")


@dataclass(frozen=True, slots=True)
class PublishedNotice:
    """A notice as the public reads it, in words."""

    address: str
    text: str
    named: str
    """主送: the unit it names."""
    organ: str
    """落款: whose notice it is."""
    reference: str
    """文号; empty for one that an earlier version published."""
    date: str
    corrections: tuple[tuple[str, str], ...]
    """(date, what was put right), in order."""


def add_notices(router: APIRouter, here: DeskPages) -> None:
    @router.get("/notices")
    @doorway(is_open=True)
    async def notices(request: Request, page: PageNumber = 1) -> Response:
        shown = listed_page(here.desk.board.public_cards(), page, _published(here, request))
        return here.pages.show(request, "notices.html", **shown)

    @router.get("/notices/{case}")
    @doorway(is_open=True)
    async def notice(request: Request, case: str) -> Response:
        card = here.desk.board.card(CaseId(case))
        if card is None or card.notice_published_at is None:
            raise Problem(404, N_("Not Found"), NO_SUCH_NOTICE)
        return here.pages.show(request, "notice.html", notice=_published(here, request)(card))


def _published(here: DeskPages, request: Request) -> Callable[[Card], PublishedNotice]:
    words, zone, names = Words(here.pages.language(request)), here.desk.zone, here.names

    def published(card: Card) -> PublishedNotice:
        case = card.whole
        notice = case.notice
        assert notice is not None
        assert notice.published_at is not None
        organ = words.name(names.unit(notice.organ or case.holder))
        return PublishedNotice(
            address=f"/notices/{card.case}",
            text=notice.text,
            named=words.name(names.unit(notice.unit)),
            organ=organ,
            reference=reference(words, NOTICE, organ, notice.number, notice.published_at, zone),
            date=date_of(words, notice.published_at, zone),
            corrections=corrections_of(notice, words, zone),
        )

    return published
