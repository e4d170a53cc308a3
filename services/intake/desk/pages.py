"""The desk: the open cases by what is due next, live; acknowledging in one click; reporting; moving a case on.

Invariant: every page works without scripts, with what was true when it was made; a form is taken only from our own pages and
does nothing the HTTP interface would not do; after a form the reader stands on a page that may be reloaded.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.access import may_look
from services.intake.answers import Acted, Outcome
from services.intake.board import Card
from services.intake.desk import act_forms, report_form
from services.intake.desk.stream import add_stream
from services.intake.desk.view import CaseView, case_view
from services.intake.desk_services import DeskServices
from shared.case import Case
from shared.facts import Via, rfc3339
from shared.ids import CaseId, PersonId
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Kind, Role
from shared.web import Pages, login
from shared.web.guard import safe_path
from shared.web.labels import label
from shared.web.languages import N_
from shared.web.names import Names
from shared.web.pages import HEADERS

READERS = (Role.REPORTER, Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR, Role.DISCIPLINE, Role.AUDITOR, Role.OPERATOR)
REPORTERS = (Role.REPORTER, Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR)
SHOWN = 50
"""Cases on one page; those that are due later stand on the next."""
SAID = {
    "acknowledged": N_("Recorded: you know of this case. Your duties in it are settled."),
    "recorded": N_("Recorded. What follows from it is being worked out."),
    "call": N_("Recorded: this person was reached by telephone."),
    "done": N_("Recorded."),
}
NO_SUCH_CASE = N_("There is no such case here. Closed cases leave the desk after a while; the trail keeps them.")
REFUSED = N_("Recorded, but it changed nothing: %(why)s")


def desk_router(desk: DeskServices, clock: Callable[[], datetime]) -> APIRouter:
    pages = Pages("desk", desk.gate, desk.zone, secure=desk.secure, folder=Path(__file__).parent, clock=clock)
    router = pages.router()
    reader = DeskPages(desk, pages, Names(desk.live))
    _add_reading(router, reader)
    _add_report(router, reader)
    _add_acts(router, reader)
    add_stream(router, desk, pages, READERS)
    login.add(router, pages)
    router.include_router(pages.static.router())
    return router


class DeskPages:
    """What the routes below share: who asks, and a case as that reader may see it."""

    def __init__(self, desk: DeskServices, pages: Pages, names: Names) -> None:
        self.desk, self.pages, self.names = desk, pages, names

    def view(self, case: Case, principal: Principal) -> CaseView:
        return case_view(case, self.names, principal, self.desk.acts.allowed(principal, case))

    async def find(self, case: str, principal: Principal) -> Case:
        found = await self.desk.board.case(CaseId(case))
        if found is None or not self.may_look(found, principal):
            raise Problem(404, "Not Found", NO_SUCH_CASE)
        return found

    def may_look(self, case: Case, principal: Principal) -> bool:
        """A reporter sees what they may act on: the cases of their own unit."""
        return principal.role is not Role.REPORTER or bool(self.desk.acts.allowed(principal, case))

    def open_cards(self, principal: Principal) -> list[Card]:
        return [card for card in self.desk.board.open_cards() if may_look(principal, card)]

    def show(self, request: Request, template: str, principal: Principal, **context: Any) -> HTMLResponse:
        may_report = principal.role in REPORTERS
        said = SAID.get(request.query_params.get("said", ""))
        more: dict[str, Any] = {"board": self.desk.board, "names": self.names, "may_report": may_report, "said": said, **context}
        return self.pages.show(request, template, **more)

    def show_case(self, request: Request, principal: Principal, case: Case, **context: Any) -> HTMLResponse:
        view = self.view(case, principal)
        forms = {kind: page for kind, page in act_forms.ACTS.items() if kind in view.can}
        more: dict[str, Any] = {"wrong": None, "values": {}, "errors": {}, "key": token_hex(16), **context}
        return self.show(
            request, "case.html", principal, view=view, forms=forms, required=act_forms.required, units=self.desk.directory.units, **more
        )

    def summary(self, cards: list[Card], now: datetime) -> dict[str, int]:
        owed = [due for card in cards for due in card.owed]
        return {"open": len(cards), "owed": len(owed), "late": sum(due < rfc3339(now) for due in owed)}


def _add_reading(router: APIRouter, here: DeskPages) -> None:
    @router.get("/")
    async def board(request: Request, page: int = 1) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit(request, *READERS)
        revision, cards = here.desk.board.revision, here.open_cards(principal)
        first = max(page - 1, 0) * SHOWN
        views = [here.view(card.whole, principal) for card in cards[first : first + SHOWN]]
        summary = here.summary(cards, here.pages.clock())
        return here.show(request, "desk.html", principal, views=views, summary=summary, revision=revision, page=max(page, 1), shown=SHOWN)

    @router.get("/desk/summary")
    async def summary(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit(request, *READERS)
        counts = here.summary(here.open_cards(principal), here.pages.clock())
        return here.show(request, "part_summary.html", principal, summary=counts)

    @router.get("/desk/cases/{case}")
    async def part(request: Request, case: str, whole: bool = False) -> Response:  # pyright: ignore[reportUnusedFunction]
        """One case as a piece of a page, for the script that keeps the board live. Gone from the board: 404."""
        principal = here.pages.admit(request, *READERS)
        found = await here.find(case, principal)
        if not whole and found.status not in ("open", "resolved"):
            raise Problem(404, "Not Found", NO_SUCH_CASE)
        return here.show(request, "part_case.html", principal, view=here.view(found, principal), whole=whole)

    @router.get("/cases/{case}")
    async def one(request: Request, case: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit(request, *READERS)
        revision = here.desk.board.revision
        return here.show_case(request, principal, await here.find(case, principal), revision=revision)


def _add_report(router: APIRouter, here: DeskPages) -> None:
    def form(request: Request, principal: Principal, values: Mapping[str, str], problem: Problem | None = None) -> Response:
        directory = here.desk.directory
        own = principal.role is Role.REPORTER and principal.unit
        units = [unit for unit in directory.units if not own or unit.id == principal.unit]
        return here.show(
            request,
            "report.html",
            principal,
            status=problem.status if problem else 200,
            problem=problem,
            errors=dict(problem.errors) if problem else {},
            values=values,
            form=report_form,
            units=units,
            areas=directory.areas,
        )

    @router.get("/report")
    async def blank(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit(request, *REPORTERS)
        unit = here.desk.directory.units_by_id.get(principal.unit) if principal.unit else None
        area = unit.area if unit else ""
        return form(request, principal, report_form.blank(principal, area, here.pages.clock(), here.desk.zone, token_hex(16)))

    @router.post("/report")
    async def hand_in(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit_form(request, *REPORTERS)
        values = await fields_of(request)
        try:
            report = here.desk.submit.read(report_form.read_fields(values, here.desk.zone, here.pages.clock()))
            submitted = await here.desk.submit.report(report, principal, values.get("key") or None)
        except Problem as problem:
            return form(request, principal, values, problem)
        return here.show(request, "reported.html", principal, status=201, report=report, submitted=submitted)


def _add_acts(router: APIRouter, here: DeskPages) -> None:
    @router.post("/cases/{case}/acknowledge")
    async def acknowledge(request: Request, case: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit_form(request, *READERS)
        values = await fields_of(request)
        person = PersonId(values["person"]) if values.get("person") else None
        via = Via.LOGGED_CALL if person else Via.DESK
        acted = await here.desk.acts.acknowledge(
            CaseId(case), principal, person=person, via=via, note=values.get("note", "").strip() or None, key=values.get("key") or None
        )
        return _after(here, request, acted, values, "call" if person else "acknowledged")

    @router.post("/cases/{case}/acts/{kind}")
    async def act(request: Request, case: str, kind: Kind) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit_form(request, *READERS)
        values = await fields_of(request)
        try:
            form = act_forms.read_act(kind, values)
            acted = await here.desk.acts.act(kind, CaseId(case), form, principal, values.get("key") or None)
        except Problem as problem:
            if problem.status != 422:
                raise
            found = await here.find(case, principal)
            shown: dict[str, Any] = {"wrong": kind, "values": values, "errors": dict(problem.errors), "key": values.get("key", "")}
            return here.show_case(request, principal, found, status=422, revision=here.desk.board.revision, **shown)
        return _after(here, request, acted, {**values, "back": f"/cases/{case}"}, "done")


def _after(here: DeskPages, request: Request, acted: Acted, values: Mapping[str, str], said: str) -> Response:
    """Back to where the form was, with what became of it; a refusal is a page of its own, so that nobody overlooks it."""
    if acted.outcome is Outcome.REFUSED:
        why = here.pages.text(request, label("why", acted.refused_because or ""))
        raise Problem(409, "Conflict", here.pages.text(request, REFUSED) % {"why": why})
    said = "recorded" if acted.outcome is Outcome.RECORDED else said
    path = safe_path(values.get("back", "/")).partition("?")[0]
    return RedirectResponse(f"{path}?{urlencode({'said': said})}#case-{acted.case}", 303, headers=HEADERS)


async def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a form; files are not asked for and not taken."""
    form = await request.form(max_files=0, max_fields=40)
    return {name: value for name, value in cast(list[tuple[str, Any]], list(form.multi_items())) if isinstance(value, str)}
