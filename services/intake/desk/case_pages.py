"""One case, whole; acknowledging in one click; moving it on."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.intake.desk import act_forms
from services.intake.desk.call_form import is_call, read_call
from services.intake.desk.form_files import read_form
from services.intake.desk.here import READERS, DeskPages, fields_of
from services.intake.desk.typed_form import chosen_in, is_only_chosen, read_typed, typed_errors
from services.intake.files.room import FILES_BODY
from shared.door import doorway
from shared.facts import FileRef, FormGiven
from shared.fault_texts import Fault
from shared.files.sending import no_such_file, send_file
from shared.http_fields import QueryTime
from shared.ids import CaseId
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Kind

CALL = "call"
"""The form of a telephone call, among the acts' forms, which are named by their kinds."""


def read_block(here: DeskPages, values: dict[str, str]) -> tuple[FormGiven | None, list[Fault]]:
    """The form of `config/forms.yaml` that was filled in with the act."""
    declared = here.desk.forms.forms.get(chosen_in(values))
    if declared is None:
        return None, []
    block, faults = read_typed(declared, values, here.desk.zone, here.desk.directory)
    return FormGiven.model_validate(block) if block is not None else None, faults


def add_cases(router: APIRouter, here: DeskPages) -> None:
    async def show_again(
        request: Request,
        principal: Principal,
        case: str,
        form: str,
        values: dict[str, str],
        problem: Problem | None,
        files: tuple[FileRef, ...] = (),
    ) -> Response:
        """The form that was wrong, or that asks for more, with what was typed."""
        shown: dict[str, Any] = {
            "wrong": form,
            "values": values,
            "errors": act_forms.shown_errors(problem) if problem is not None else {},
            "typed_errors": typed_errors(problem.errors) if problem is not None else {},
            "key": values.get("key", ""),
            "kept_files": files,
            "revision": here.desk.board.revision,
        }
        return await here.show_case(
            request, principal, await here.find(case, principal), status=422 if problem else 200, **shown
        )

    @router.get("/cases/{case}")
    async def case_page(request: Request, case: str, at: QueryTime | None = None) -> Response:
        """`at`: a moment that is past, to see the case as it stood then."""
        principal = here.pages.admit(request, *READERS)
        if at is not None and at < here.pages.clock():
            return here.show_past(request, principal, await here.find(case, principal), at)
        revision = here.desk.board.revision
        return await here.show_case(request, principal, await here.find(case, principal), revision=revision)

    @router.get("/cases/{case}/files/{sha256}")
    async def file(request: Request, case: str, sha256: str) -> Response:
        principal = here.pages.admit(request, *READERS)
        card = await here.find(case, principal)
        named = next((one for one in card.lean.files if one.sha256 == sha256), None)
        if named is None:
            raise no_such_file()
        return await send_file(here.desk.files.store, sha256, named.name, here.desk.zone)

    @router.post("/cases/{case}/acknowledge")
    async def acknowledge(request: Request, case: str) -> Response:
        principal = here.pages.admit_form(request, *READERS)
        values = await fields_of(request)
        try:
            form = read_call(values, here.desk.zone, here.desk.directory)
            acted = await here.desk.acts.acknowledge(CaseId(case), principal, form, values.get("key") or None)
        except Problem as problem:
            if problem.status != 422 or not is_call(values):
                raise
            return await show_again(request, principal, case, CALL, values, problem)
        return here.after(
            request, acted, values.get("back", "/"), "call" if is_call(values) else "acknowledged"
        )

    @router.post("/cases/{case}/acts/{kind}")
    @doorway(body_limit=FILES_BODY)
    async def act(request: Request, case: str, kind: Kind) -> Response:
        principal = here.pages.admit_form(request, *READERS)
        if kind not in act_forms.ACTS:
            raise Problem(404, N_("Not Found"), act_forms.NO_SUCH_ACT)
        came = await read_form(request, here.desk.files, principal.subject)
        values = came.values
        if is_only_chosen(values):
            return await show_again(request, principal, case, kind, values, None, came.files)
        try:
            came.check()
            block, faults = read_block(here, values)
            form = act_forms.read_act(kind, values, here.desk.zone, here.desk.directory)
            if faults:
                raise Problem(422, N_("Invalid request"), act_forms.SOME_WRONG, errors=faults)
            form = form.model_copy(update={"files": came.files, "form": block})
            acted = await here.desk.acts.act(kind, CaseId(case), form, principal, values.get("key") or None)
        except Problem as problem:
            if problem.status != 422:
                raise
            return await show_again(request, principal, case, kind, values, problem, came.files)
        return here.after(request, acted, values.get("back") or f"/cases/{case}", "done")
