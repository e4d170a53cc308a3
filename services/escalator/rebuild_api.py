"""Over HTTP: which cases can't be read, and making one of them again from the record."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.escalator.lanes.rebuilding import Done, Rebuilding, RebuildOutcome
from shared.facts import Frozen
from shared.ids import IS_CASE_ID, CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role

OPERATORS = (Role.OPERATOR,)
CaseName = Annotated[str, Path(pattern=IS_CASE_ID.pattern, max_length=64)]


class Unreadable(Frozen):
    cases: tuple[CaseId, ...]


def rebuild_router(rebuilding: Rebuilding, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

    @router.get("/unreadable", summary="Cases that can't be read, or are on record and not there")
    async def unreadable(request: Request) -> Unreadable:
        """The whole record is read for it: some seconds for each hundred thousand facts."""
        gate.admit(request, *OPERATORS)
        return Unreadable(cases=tuple(await rebuilding.broken()))

    @router.post(
        "/{case}/rebuild",
        summary="Make a case again from the record",
        responses={404: {"description": "The record has nothing of such a case"}},
    )
    async def rebuild(request: Request, case: CaseName) -> Done:
        """A case that can be read is left as it stands. No decision on record is made a second time."""
        gate.admit(request, *OPERATORS)
        done = await rebuilding.rebuild_case(CaseId(case))
        if done.outcome is RebuildOutcome.NOT_ON_RECORD:
            raise Problem(
                404,
                N_("Not on record"),
                said(
                    N_("The record has nothing that case %(case)s could be made from: is the id right?"),
                    case=case,
                ),
            )
        return done

    return router
