"""The calendar: what takes place when, of all cases that the reader may see."""

from fastapi import APIRouter, Request, Response

from services.intake.board.calendar import BACK, STATES, calendar_entries
from services.intake.desk.here import READERS, DeskPages

ENTRIES_SHOWN = 300


def add_calendar(router: APIRouter, here: DeskPages) -> None:
    @router.get("/calendar")
    async def calendar(request: Request) -> Response:
        principal, now = here.pages.admit(request, *READERS), here.pages.clock()
        forms = here.desk.forms.forms
        wanted = request.query_params.get("form", "")
        sorts = [form for form in forms.all() if form.calendar is not None]
        chosen = wanted if wanted in {form.id for form in sorts} else ""
        entries = [
            entry for entry in calendar_entries(here.cards(principal), forms) if chosen in ("", entry.form)
        ]
        ahead = [entry for entry in entries if entry.at >= now]
        past = [entry for entry in reversed(entries) if now - BACK <= entry.at < now]
        return here.show(
            request,
            "calendar.html",
            principal,
            sorts=sorts,
            chosen=chosen,
            ahead=ahead[:ENTRIES_SHOWN],
            past=past[:ENTRIES_SHOWN],
            states=STATES,
        )
