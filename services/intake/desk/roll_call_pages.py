"""Who can be reached: the last roll calls as a page and a workbook, and a roll call of a unit or of all, by
hand.

Invariant: before anybody is asked, whoever begins it has read how many people that is.
"""

from collections.abc import Sequence
from secrets import token_hex

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.board.roll_call_book import roll_call_book
from services.intake.board.roll_calls import RollCallRow, RollCalls, roll_calls_beside
from services.intake.desk.act_fields import ROWS
from services.intake.desk.here import READERS, DeskPages, fields_of
from services.intake.fields.act_form import ActForm
from shared.language.words import Words
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Kind, Role
from shared.web.pages import HEADERS
from shared.xlsx import MEDIA_TYPE

NOBODY = N_("There is nobody whom you may ask there: choose a unit of yours that is not being asked already.")
LONGEST_REASON = 500


def add_roll_calls(router: APIRouter, here: DeskPages) -> None:
    def may_be_asked(principal: Principal, rows: Sequence[RollCallRow]) -> list[RollCallRow]:
        """Those that this reader may have asked now."""
        return [row for row in rows if row.people and not row.is_going_on and _may_call(here, principal, row)]

    @router.get("/roll-call")
    async def page(request: Request) -> Response:
        principal = here.pages.admit(request, *READERS)
        calls = await roll_calls_seen(here, principal)
        missing = [(row.unit, one) for row in calls.rows for one in row.missing]
        return here.show(
            request,
            "roll_call.html",
            principal,
            calls=calls,
            rows=calls.rows[:ROWS],
            missing=missing[:ROWS],
            missing_count=len(missing),
            partly=calls.partly[:ROWS],
            askable={row.unit for row in may_be_asked(principal, calls.rows[:ROWS])},
        )

    @router.get("/roll-call/begin")
    async def ask_first(request: Request, unit: str = "") -> Response:
        principal = here.pages.admit(request, *READERS)
        rows = may_be_asked(principal, _chosen(await roll_calls_seen(here, principal), unit))
        if not rows:
            raise Problem(409, N_("Conflict"), NOBODY)
        return here.show(
            request,
            "roll_call_begin.html",
            principal,
            unit=unit,
            rows=rows,
            people=sum(row.people for row in rows),
            key=token_hex(16),
        )

    @router.post("/roll-call/begin")
    async def begin(request: Request) -> Response:
        principal = here.pages.admit_form(request, *READERS)
        values = await fields_of(request)
        rows = may_be_asked(
            principal, _chosen(await roll_calls_seen(here, principal), values.get("unit", ""))
        )
        if not rows:
            raise Problem(409, N_("Conflict"), NOBODY)
        form = ActForm(text=values.get("text", "").strip()[:LONGEST_REASON] or None)
        refused = None
        for row in rows:
            key = f"{values['key']}-{row.unit}" if values.get("key") else None
            acted = await here.desk.acts.act(Kind.ROLL_CALLED, row.case, form, principal, key)
            refused = acted if acted.is_refused else refused
        if refused is not None:
            return here.after(request, refused, "/roll-call", "done")
        return RedirectResponse("/roll-call?said=roll_called", 303, headers=HEADERS)

    @router.get("/roll-call/workbook")
    async def workbook(request: Request) -> Response:
        principal = here.pages.admit(request, *READERS)
        words = Words(here.pages.language(request))
        content = roll_call_book(await roll_calls_seen(here, principal), words, here.names, here.desk.zone)
        name = 'attachment; filename="roll-call.xlsx"'
        return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": name})


async def roll_calls_seen(here: DeskPages, principal: Principal) -> RollCalls:
    of_all = principal.role is not Role.REPORTER
    return await roll_calls_beside(here.cards(principal), here.desk.directory, of_all=of_all)


def _chosen(calls: RollCalls, unit: str) -> Sequence[RollCallRow]:
    return [row for row in calls.rows if unit in ("", row.unit)]


def _may_call(here: DeskPages, principal: Principal, row: RollCallRow) -> bool:
    card = here.desk.board.card(row.case)
    return card is not None and Kind.ROLL_CALLED in here.desk.acts.allowed(principal, card.lean)
