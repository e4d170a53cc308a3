"""`POST /api/v1/cases/{id}/<act>`: what people do to a case, one path an act."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from services.intake.access import MAY
from services.intake.acts import CaseActs
from services.intake.acts_table import ACTS, Act
from services.intake.answers import Acted, Outcome
from services.intake.api.wire import PROBLEMS, answer, form_of, takes
from services.intake.forms import AcknowledgeForm, ActForm
from services.intake.schemas import of_model
from shared.facts import Via
from shared.ids import CaseId
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Kind

Key = Annotated[str | None, Header(alias="Idempotency-Key", description="The same key makes a repeat return the same fact.")]
_RESPONSES = {**PROBLEMS, 404: {"description": "No such case on the board"}, 409: {"description": "On record, but refused: says why"}}


def acts_router(acts: CaseActs, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["acts"])

    @router.post("/api/v1/cases/{case}/acknowledge", response_model=Acted, responses=_RESPONSES, openapi_extra=takes(AcknowledgeForm))
    async def acknowledge(request: Request, case: str, key: Key = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        principal = gate.admit(request, *sorted(MAY[Kind.ACKNOWLEDGED]))
        form = await form_of(request, AcknowledgeForm)
        via = Via(form.via) if form.via else None
        return _outcome(await acts.acknowledge(CaseId(case), principal, person=form.person, via=via, note=form.note, key=key))

    for act in ACTS.values():
        _add(router, act, acts, gate)
    return router


def _add(router: APIRouter, row: Act, acts: CaseActs, gate: Gate) -> None:
    async def act(request: Request, case: str, key: Key = None) -> Response:
        principal = gate.admit(request, *sorted(row.roles))
        form = await form_of(request, ActForm)
        return _outcome(await acts.act(row.kind, CaseId(case), form, principal, key))

    router.add_api_route(
        f"/api/v1/cases/{{case}}/{row.path}",
        act,
        methods=["POST"],
        name=row.path,
        summary=row.title,
        description=f"The fact `{row.kind}`. Who may: {', '.join(sorted(row.roles))}.",
        response_model=Acted,
        responses=_RESPONSES,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _body(row)}}}},
    )


def _body(row: Act) -> dict[str, Any]:
    """The form with the act's own fields alone, those it needs required."""
    schema = of_model(ActForm)
    fields = {name: spec for name, spec in schema["properties"].items() if name == "text" or name in row.fields}
    return {**schema, "title": row.title, "properties": fields, "required": sorted(row.needs)}


def _outcome(acted: Acted) -> Response:
    if acted.outcome is Outcome.REFUSED:
        body = acted.model_dump(mode="json", exclude_none=True)
        raise Problem(409, "Refused", f"It is on record, but changes nothing: {acted.refused_because}.", **body)
    return answer(acted, 202 if acted.outcome is Outcome.RECORDED else 200)
