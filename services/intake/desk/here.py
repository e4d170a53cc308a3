"""What every page of the desk shares: who asks, which cases they may see, and a case as that reader sees
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from secrets import token_hex
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.intake.board.access import MAY_REPORT, may_look
from services.intake.board.card import Card
from services.intake.board.case_filter import CaseFilter
from services.intake.board.compiling import may_be_compiled
from services.intake.desk import act_forms
from services.intake.desk.act_fields import ROWS, Setting
from services.intake.desk.beacons import beacon_picture
from services.intake.desk.filled_forms import filled_forms
from services.intake.desk.past import as_it_stood
from services.intake.desk.services import DeskServices
from services.intake.desk.telephone import telephone_beside
from services.intake.desk.view import CaseView, case_view
from services.intake.documents.case_documents import documents_of
from services.intake.recording.answers import Acted
from shared.act_outcome import ActOutcome
from shared.case import Case, LoggedCall, outlet_lines
from shared.documents.words import DocumentWords
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.labels import why_in_words
from shared.message import said
from shared.problems import Problem
from shared.story.case_log import latest, recent
from shared.story.telling import Sentences
from shared.territory import MAY_OPEN
from shared.tokens import Principal
from shared.vocabulary import ReportKind, Role
from shared.web import Pages
from shared.web.guard import safe_path
from shared.web.names import Names
from shared.web.pages import HEADERS

READERS = (
    Role.REPORTER,
    Role.DUTY_OFFICER,
    Role.LEADER,
    Role.SUPERVISOR,
    Role.DISCIPLINE,
    Role.AUDITOR,
    Role.OPERATOR,
)
SAID = {
    "acknowledged": N_("Recorded: you know of this case. Your duties in it are settled."),
    "recorded": N_("Recorded. What follows from it is being worked out."),
    "call": N_("Recorded: this person was reached by telephone."),
    "done": N_("Recorded."),
    "roll_called": N_("Recorded: the test messages go out now. Answers appear on this page as they come."),
    "approve": N_("Approved: the change is in force, and whoever it touches is told."),
    "shift": N_("Changed: the roster is as you said, and whoever it touches is told."),
    "proposed": N_(
        "Asked for: it takes a second person, who finds it on this page. Until then the roster stays as it is."
    ),
    "refuse": N_("Refused: nothing has changed, and whoever was told of it is told so."),
    "waits": N_(
        "Recorded. It waits for a second person of the superior unit, who has been told; until then everything goes on."
    ),
}
NO_SUCH_CASE = N_(
    "There is no such case here. Closed cases leave the desk after a while; the trail keeps them."
)
REFUSED = N_("Recorded, but it changed nothing: %(why)s")
SHOWS = {
    "": N_("All"),
    "mine": N_("Mine"),
    "unit": N_("My unit's"),
    "overdue": N_("Past the limit"),
    "accountability": N_("Accountability"),
    "standing": N_("Watched"),
}
"""What the board may be narrowed to."""


@dataclass(frozen=True)
class BoardNarrowing:
    """How the reader has narrowed the board; part of its address, so that a page may be kept and sent on."""

    show: str = ""
    kind: ReportKind | None = None

    @classmethod
    def of(cls, request: Request) -> "BoardNarrowing":
        """What is not understood asks nothing."""
        show, kind = request.query_params.get("show", ""), request.query_params.get("kind", "")
        return cls(show if show in SHOWS else "", ReportKind(kind) if kind in tuple(ReportKind) else None)

    @property
    def query(self) -> str:
        return urlencode(_given({"show": self.show, "kind": self.kind}))

    def address(self, **changed: object) -> str:
        """Of the board narrowed like this, but for what changes; a page or a case beside it stays only where
        it is given.
        """
        query = urlencode(_given({"show": self.show, "kind": self.kind, **changed}))
        return f"/?{query}" if query else "/"

    def case_filter(self, principal: Principal, now: datetime) -> CaseFilter:
        return CaseFilter(
            is_open=True,
            kind=ReportKind.ACCOUNTABILITY if self.show == "accountability" else self.kind,
            # A lapse has its own board, and is on that of whoever has to answer for it.
            without=ReportKind.ACCOUNTABILITY if self.show in ("", "overdue") and not self.kind else None,
            standing=self.show == "standing",
            # Who is nobody, or of no unit, has none of their own.
            person=(principal.person or "") if self.show == "mine" else None,
            unit=(principal.unit or "") if self.show == "unit" else None,
            due_before=now if self.show == "overdue" else None,
        )


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


class DeskPages:
    def __init__(self, desk: DeskServices, pages: Pages, names: Names) -> None:
        self.desk, self.pages, self.names = desk, pages, names

    def view(self, case: Case, principal: Principal, *, wanted: str = "") -> CaseView:
        can = self.desk.acts.allowed(principal, case)
        return case_view(case, self.names, principal, can, self.pages.clock(), wanted=wanted)

    async def find(self, case: str, principal: Principal) -> Card:
        """Raises Problem 404; 503, and as NotDecidedYet where no case has come of its report yet."""
        try:
            card = await self.desk.lookup.card(CaseId(case), principal)
        except Problem as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            card = None
        if card is None or not may_look(principal, card):
            raise Problem(404, N_("Not Found"), NO_SUCH_CASE)
        return card

    def ties(self, card: Card, principal: Principal) -> dict[str, Any]:
        """What followed from the case, and what it follows from, as far as the reader may look at it."""
        board = self.desk.board
        raised = [other for other in board.raised_from(card.case) if may_look(principal, other)]
        origin = board.card(CaseId(card.parent)) if card.parent is not None else None
        seen = origin if origin is not None and may_look(principal, origin) else None
        return {"raised": raised[:ROWS], "raised_count": len(raised), "origin": seen}

    def cards(self, principal: Principal) -> list[Card]:
        """All this reader may see, standing ones too, in no order."""
        return [card for card in self.desk.board.cards() if may_look(principal, card)]

    def open_cards(self, principal: Principal, narrowing: BoardNarrowing) -> list[Card]:
        """In no order."""
        case_filter = narrowing.case_filter(principal, self.pages.clock())
        return [
            card
            for card in self.desk.board.open_cards()
            if case_filter.fits(card) and may_look(principal, card)
        ]

    def show(self, request: Request, template: str, principal: Principal, **context: Any) -> HTMLResponse:
        words = DocumentWords(self.pages.language(request), self.names, self.desk.zone)

        def story(case: Case) -> tuple[Sentences, ...]:
            return recent(case, words, self.pages.zone, self.names).moments

        def latest_of(case: Case) -> Sentences | None:
            return latest(case, words, self.pages.zone, self.names)

        more: dict[str, Any] = {
            "board": self.desk.board,
            "policy_url": self.desk.policy_url,
            "story": story,
            "latest_of": latest_of,
            "beacons_of": partial(beacon_picture, names=self.names, now=self.pages.clock()),
            "telephone_of": partial(telephone_beside, directory=self.desk.directory, reader=principal),
            "outlet_lines": outlet_lines,
            "names": self.names,
            "may_report": principal.role in MAY_REPORT and principal.role is not Role.PUBLISHER,
            "said": SAID.get(request.query_params.get("said", "")),
            "documents_of": partial(documents_of, words=words, forms=self.desk.forms.forms),
            "filled_forms_of": partial(
                filled_forms,
                forms=self.desk.forms.forms,
                names=self.names,
                language=self.pages.language(request),
                zone=self.desk.zone,
            ),
            **context,
        }
        return self.pages.show(request, template, **more)

    async def untouched(self, case: Case) -> dict[str, Any]:
        """What the page of a case needs besides its view, before anybody has sent one of its forms."""
        return {
            "wrong": None,
            "values": {},
            "errors": {},
            "typed_errors": {},
            "calls": "",
            "key": token_hex(16),
            "kept_files": (),
            "erased_files": await self.desk.files.store.erasures(file.sha256 for file in case.files),
        }

    async def show_case(
        self, request: Request, principal: Principal, card: Card, **context: Any
    ) -> HTMLResponse:
        case, called = card.whole, request.query_params.get("call", "")
        more: dict[str, Any] = {**await self.untouched(case), **context}
        more["calls"] = more["values"].get("person") or called
        view = self.view(case, principal, wanted=more["calls"])
        setting = Setting(
            view.case,
            self.desk.directory,
            self.names,
            principal,
            self.pages.clock(),
            more["values"],
            self.desk.forms.forms,
            more["wrong"],
            more["typed_errors"],
        )
        groups = act_forms.grouped(view.can, setting)
        more["logged"] = self._logged(request, view.case, principal)
        more["may_compile"] = may_be_compiled(view.case) and principal.role in MAY_OPEN[ReportKind.TASK]
        return self.show(
            request,
            "case.html",
            principal,
            view=view,
            groups=groups,
            whole=True,
            **self.ties(card, principal),
            **more,
        )

    def show_past(self, request: Request, principal: Principal, card: Card, at: datetime) -> HTMLResponse:
        picture = partial(beacon_picture, names=self.names, now=at)
        case = as_it_stood(card.whole, at)
        return self.show(request, "case_past.html", principal, case=case, at=at, beacons_of=picture)

    def _logged(self, request: Request, case: Case, principal: Principal) -> LoggedCall | None:
        """The call that the reader has just written down, for the page that says so."""
        own = [call for call in case.calls if call.by == principal.subject]
        return own[-1] if own and request.query_params.get("said") == "call" else None

    def after(self, request: Request, acted: Acted, back: str, message: str) -> Response:
        """Back to where the form was, with what became of it; a refusal is a page of its own, so that nobody
        overlooks it.
        """
        if acted.is_refused:
            why = why_in_words(acted.refused_because or "", partial(self.pages.text, request))
            raise Problem(409, N_("Conflict"), said(REFUSED, why=why))
        message = {ActOutcome.RECORDED: "recorded", ActOutcome.WAITS: "waits"}.get(acted.outcome, message)
        path, _, query = safe_path(back).partition("?")
        kept = "&".join(part for part in query.split("&") if part and not part.startswith("said="))
        return RedirectResponse(
            f"{path}?{kept}{'&' if kept else ''}said={message}#case-{acted.case}", 303, headers=HEADERS
        )


async def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a form, several of one name joined by commas; files are not asked for and not
    taken.
    """
    form = await request.form(max_files=0, max_fields=200)
    fields: dict[str, str] = {}
    for name, value in cast(list[tuple[str, Any]], list(form.multi_items())):
        if isinstance(value, str):
            fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


Values = Mapping[str, str]
