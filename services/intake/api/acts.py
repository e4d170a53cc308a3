"""`POST /api/v1/cases/{id}/<act>`: what people do to a case, one path an act."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from services.intake.acting.acts import CaseActs
from services.intake.api.wire import answer
from services.intake.fields.act_form import AcknowledgeForm, ActForm
from services.intake.recording.answers import Acted
from shared.act_outcome import ActOutcome
from shared.acts import ACTS, Act
from shared.bodies import form_of, takes
from shared.facts import Reason
from shared.http_fields import CaseRef, IdempotencyKey
from shared.ids import CaseId
from shared.language.labels import why_said
from shared.language.reasons import WHY
from shared.message import N_, Marked, said
from shared.problems import Problem
from shared.schemas import of_model
from shared.territory import MAY
from shared.tokens import Gate
from shared.vocabulary import Kind

Key = Annotated[IdempotencyKey | None, Header(alias="Idempotency-Key")]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"description": "On record; what the escalator makes of it follows"},
    404: {"description": "No such case on the board"},
    409: {"description": "On record, but refused or set aside: says why, and what to do"},
    503: {
        "description": "Not reachable, or the case is not decided on yet: send it again with the same Idempotency-Key"
    },
}


def acts_router(acts: CaseActs, gate: Gate) -> APIRouter:
    router = APIRouter(tags=["acts"])

    @router.post(
        "/api/v1/cases/{case}/acknowledge",
        response_model=Acted,
        responses=_RESPONSES,
        openapi_extra=takes(AcknowledgeForm),
    )
    async def acknowledge(request: Request, case: CaseRef, key: Key = None) -> Response:
        principal = gate.admit(request, *sorted(MAY[Kind.ACKNOWLEDGED]))
        form = await form_of(request, AcknowledgeForm, N_("act"))
        return _outcome(await acts.acknowledge(CaseId(case), principal, form, key))

    for act in ACTS.values():
        _add(router, act, acts, gate)
    return router


def _add(router: APIRouter, row: Act, acts: CaseActs, gate: Gate) -> None:
    async def act(request: Request, case: CaseRef, key: Key = None) -> Response:
        principal = gate.admit(request, *sorted(row.roles))
        form = await form_of(request, ActForm, N_("act"))
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
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": _body(row)}}}
        },
    )


def _body(row: Act) -> dict[str, Any]:
    """The form with the act's own fields alone, those it needs required."""
    schema = of_model(ActForm)
    fields = {
        name: spec
        for name, spec in schema["properties"].items()
        if name in ("text", "form") or name in row.fields
    }
    return {**schema, "title": row.title, "properties": fields, "required": sorted(row.needs)}


def _outcome(acted: Acted) -> Response:
    body = acted.model_dump(mode="json", exclude_none=True) if acted.is_refused else {}
    if acted.outcome is ActOutcome.SET_ASIDE:
        raise Problem(
            409,
            N_("Set aside"),
            said(
                N_("It is on record as fact %(sequence)s, but %(why)s."),
                sequence=acted.fact.sequence,
                why=said(Marked(WHY[Reason.ACT_SET_ASIDE])),
            ),
            **body,
        )
    if acted.outcome is ActOutcome.REFUSED:
        raise Problem(
            409,
            N_("Not accepted"),
            said(
                N_("It is on record, but changes nothing: %(why)s."),
                why=why_said(acted.refused_because or ""),
            ),
            **body,
        )
    return answer(acted, 200 if acted.outcome is ActOutcome.APPLIED else 202)
