"""Reporting: one form for every kind that people may report, a receipt in return."""

from secrets import token_hex

from fastapi import APIRouter, Request, Response

from services.intake.board.access import MAY_REPORT
from services.intake.board.compiling import proposed
from services.intake.desk import report_form
from services.intake.desk.form_files import DeskForm, read_form
from services.intake.desk.here import DeskPages, Values
from services.intake.desk.report_typed import (
    all_faults,
    block_of_report,
    fit_to_form,
    offered_on_report,
    own_values,
)
from services.intake.desk.typed_form import (
    CHOSEN,
    chosen_in,
    is_only_chosen,
    typed_errors,
    typed_form,
)
from services.intake.files.room import FILES_BODY
from shared.case.proceedings import COMPILATION
from shared.door import Lane, doorway
from shared.fault_texts import Fault
from shared.forms import FillStage
from shared.language.words import Words
from shared.problems import Problem
from shared.territory import MAY_OPEN
from shared.tokens import Principal
from shared.vocabulary import ReportKind, Role
from shared.web.picks import near_areas, near_units, offers

AT_REPORT = (FillStage.REPORT,)
REPORTERS = tuple(sorted(MAY_REPORT - {Role.PUBLISHER}))


def add_report(router: APIRouter, here: DeskPages) -> None:
    @router.get("/report")
    async def blank(request: Request) -> Response:
        principal = here.pages.admit(request, *REPORTERS)
        values = report_form.blank(
            principal, _area(here, principal), here.pages.clock(), here.desk.zone, token_hex(16)
        )
        kinds = kinds_for(principal)
        asked = request.query_params.get("kind", "")
        values["kind"] = asked if asked in kinds else kinds[0].value
        values["parent"] = request.query_params.get("parent", "")[:26]
        values[CHOSEN] = request.query_params.get(CHOSEN, "")[:40]
        fit_to_form(here.desk.forms.forms.get(values[CHOSEN]), values, kinds)
        if request.query_params.get("topic") == COMPILATION and values["parent"]:
            special = (await here.find(values["parent"], principal)).whole
            values |= proposed(special, Words(here.pages.language(request)), here.names, here.desk.zone)
        return _form(here, request, principal, values)

    @router.post("/report")
    @doorway(body_limit=FILES_BODY, lane=Lane.REPORTS)
    async def hand_in(request: Request) -> Response:
        principal = here.pages.admit_form(request, *REPORTERS)
        form = await read_form(request, here.desk.files, principal.subject)
        values = {"key": token_hex(16), **form.values}  # a form that somebody else wrote may have none
        declared = here.desk.forms.forms.get(chosen_in(values))
        if is_only_chosen(values):
            fit_to_form(declared, values, kinds_for(principal))
            return _form(here, request, principal, values, came=form)
        try:
            form.check()
            picked, preset = (
                report_form.pickers(here.desk.directory, _own(principal)),
                (principal.unit, _area(here, principal)),
            )
            block, faults = (
                (None, list[Fault]()) if declared is None else block_of_report(here, declared, values, preset)
            )
            fields = all_faults(
                faults, report_form.read_fields, values, here.desk.zone, here.pages.clock(), picked, preset
            )
            report = await here.desk.submit.read({**fields, "files": form.files, "form": block})
            submitted = await here.desk.submit.report(report, principal, values.get("key") or None)
        except Problem as problem:
            return _form(here, request, principal, values, problem, form)
        return here.show(request, "reported.html", principal, status=201, report=report, submitted=submitted)


def _own(principal: Principal) -> str | None:
    """The one unit that a reporter reports for."""
    return principal.unit if principal.role is Role.REPORTER else None


def _area(here: DeskPages, principal: Principal) -> str:
    unit = here.desk.directory.units_by_id.get(principal.unit) if principal.unit else None
    return unit.area if unit else ""


def kinds_for(principal: Principal) -> list[ReportKind]:
    return [kind for kind, roles in MAY_OPEN.items() if principal.role in roles]


def _form(
    here: DeskPages,
    request: Request,
    principal: Principal,
    values: Values,
    problem: Problem | None = None,
    came: DeskForm | None = None,
) -> Response:
    directory, own = here.desk.directory, _own(principal)
    likely = [*near_units(directory, principal.unit), *near_areas(directory, _area(here, principal))]
    declared = here.desk.forms.forms.get(chosen_in(values))
    wrong = typed_errors(problem.errors) if problem else {}
    preset = own_values(declared, own, values.get("area", ""))
    return here.show(
        request,
        "report.html",
        principal,
        status=problem.status if problem else 200,
        problem=problem,
        errors=_by_field(problem) if problem else {},
        values=values,
        kept_files=came.files if came is not None else (),
        form=report_form,
        kinds=kinds_for(principal),
        typed=typed_form(declared, {**preset, **values}, wrong, directory, likely, AT_REPORT)
        if declared
        else None,
        offered_forms=offered_on_report(here.desk.forms.forms, kinds_for(principal)),
        offers=offers(report_form.pickers(directory, own), likely, values),
        topics=directory.topics,
    )


def _by_field(problem: Problem) -> dict[str, str]:
    """Faults of parts (`harm.deaths`, `tasks.0.unit`) stand at the whole."""
    errors: dict[str, str] = {}
    for field, message in problem.errors:
        errors.setdefault(field.partition(".")[0], message)
    return errors
