"""Public notices 通报 for whoever wants to read them, without login: the list, and each as a document on A4.

Invariant: what stands here is the text of a notice that is out, with its head, foot and corrections: of the case
behind it nothing else, neither its number in the list of cases nor who drafted, approved or replied. A notice that is
not out, and one of an exercise, is as unknown here as one that never was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.intake.board.card import Card
from services.intake.desk.here import DeskPages
from shared.door.ways import doorway
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.notice_head import date_of, reference
from shared.language.words import Words
from shared.problems import Problem

ON_A_PAGE = 20
MOST_PAGES = 10_000
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
    async def notices(request: Request, page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1) -> Response:
        cards = here.desk.board.public_cards()
        shown = cards[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        published = _published(here, request)
        return here.pages.show(
            request,
            "notices.html",
            notices=[published(card) for card in shown],
            count=len(cards),
            page=page,
            more=page * ON_A_PAGE < len(cards),
        )

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
            reference=reference(words, organ, notice.number, notice.published_at, zone),
            date=date_of(words, notice.published_at, zone),
            corrections=tuple((date_of(words, one.at, zone), one.text) for one in notice.corrections),
        )

    return published
