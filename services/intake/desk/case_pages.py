"""One case, whole; acknowledging in one click; moving it on."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.intake.desk import act_forms
from services.intake.desk.here import READERS, DeskPages, fields_of
from shared.facts import Via
from shared.ids import CaseId, PersonId
from shared.problems import Problem
from shared.vocabulary import Kind


def add_cases(router: APIRouter, here: DeskPages) -> None:
    @router.get("/cases/{case}")
    async def one(request: Request, case: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit(request, *READERS)
        revision = here.desk.board.revision
        return here.show_case(request, principal, here.find(case, principal), revision=revision)

    @router.post("/cases/{case}/acknowledge")
    async def acknowledge(request: Request, case: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit_form(request, *READERS)
        values = await fields_of(request)
        person = PersonId(values["person"]) if values.get("person") else None
        via = Via.LOGGED_CALL if person else Via.DESK
        acted = await here.desk.acts.acknowledge(
            CaseId(case), principal, person=person, via=via, note=values.get("note", "").strip() or None, key=values.get("key") or None
        )
        return here.after(request, acted, values.get("back", "/"), "call" if person else "acknowledged")

    @router.post("/cases/{case}/acts/{kind}")
    async def act(request: Request, case: str, kind: Kind) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = here.pages.admit_form(request, *READERS)
        if kind not in act_forms.ACTS:
            raise Problem(404, "Not Found", act_forms.NO_SUCH_ACT)
        values = await fields_of(request)
        try:
            form = act_forms.read_act(kind, values, here.desk.zone)
            acted = await here.desk.acts.act(kind, CaseId(case), form, principal, values.get("key") or None)
        except Problem as problem:
            if problem.status != 422:
                raise
            shown: dict[str, Any] = {
                "wrong": kind,
                "values": values,
                "errors": act_forms.shown_errors(problem),
                "key": values.get("key", ""),
                "revision": here.desk.board.revision,
            }
            return here.show_case(request, principal, here.find(case, principal), status=422, **shown)
        return here.after(request, acted, values.get("back") or f"/cases/{case}", "done")
