"""`/api/v1/directory`: who is who, who answers now, what will be dark, and changes to it.

Invariant: an address leaves by no path but to an operator. The revision is the ETag of every answer.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from services.intake.api.wire import PROBLEMS, answer, form_of, takes
from services.intake.directory_changes import Changed, ChangeForm, DirectoryChanges
from shared.directory import gaps, shown
from shared.directory.live import LiveDirectory
from shared.ids import RosterId
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role


class Part(StrEnum):
    AREAS = "areas"
    UNITS = "units"
    PEOPLE = "people"
    POSTS = "posts"
    ROSTERS = "rosters"
    SOURCES = "sources"
    PLANS = "plans"
    SUPPRESSIONS = "suppressions"


CALENDAR = timedelta(days=90)
"""How far ahead a roster's calendar goes."""
_KEY = Header(alias="Idempotency-Key", description="The same key makes a repeat change nothing.")
_CONFLICT = {409: {"description": "A post would be dark (`dark` names it), or the directory has changed since `base`"}}


def directory_router(live: LiveDirectory, changes: DirectoryChanges, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["directory"])

    @router.get("/directory")
    async def directory(  # pyright: ignore[reportUnusedFunction]
        request: Request, if_none_match: Annotated[str | None, Header()] = None
    ) -> Response:
        is_operator = gate.admit(request).role is Role.OPERATOR
        if if_none_match == _tag(live):
            return Response(status_code=304, headers={"ETag": _tag(live)})
        now = live.now
        return answer((shown.whole if is_operator else shown.public)(now) | {"revision": live.revision}, headers={"ETag": _tag(live)})

    @router.get("/directory/gaps")
    async def all_gaps(  # pyright: ignore[reportUnusedFunction]
        request: Request, days: Annotated[int, Query(ge=1, le=366, description="how far ahead")] = 14
    ) -> Response:
        gate.admit(request)
        now = clock()
        found = gaps(live.now, now, now + timedelta(days=days))
        return _part(live, {"gaps": [gap.model_dump(mode="json", exclude_none=True) for gap in found]})

    @router.get("/directory/{part}")
    async def one_part(request: Request, part: Part) -> Response:  # pyright: ignore[reportUnusedFunction]
        is_operator = gate.admit(request).role is Role.OPERATOR
        body: dict[str, object] = {part.value: shown.part(live.now, part, clock(), personal=is_operator)}
        if part is Part.UNITS:
            body["areas"] = shown.part(live.now, Part.AREAS, clock(), personal=False)
        return _part(live, body)

    @router.post(
        "/directory/changes", response_model=Changed, responses={**PROBLEMS, **_CONFLICT}, openapi_extra=takes(ChangeForm), status_code=201
    )
    async def change(  # pyright: ignore[reportUnusedFunction]
        request: Request, key: Annotated[str | None, _KEY] = None
    ) -> Response:
        principal = gate.admit(request, Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_OFFICER)
        changed = await changes.change(await form_of(request, ChangeForm), principal, key)
        return answer(changed, 200 if changed.repeated else 201, headers={"ETag": _tag(live)})

    @router.get("/rosters/{roster}.ics", response_class=Response)
    async def calendar(request: Request, roster: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        from shared.directory.calendar import write_calendar  # icalendar is loaded by those who ask for one

        gate.admit(request)
        found = live.now.rosters_by_id.get(RosterId(roster))
        if found is None:
            raise Problem(404, "No such roster", f"No roster {roster[:60]!r}: take an id from GET /api/v1/directory/rosters.")
        now = clock()
        return Response(write_calendar(live.now, found, now, now + CALENDAR), media_type="text/calendar; charset=utf-8")

    return router


def _tag(live: LiveDirectory) -> str:
    return f'"{live.revision}"'


def _part(live: LiveDirectory, body: dict[str, object]) -> Response:
    return answer({"version": live.now.version, "revision": live.revision, **body}, headers={"ETag": _tag(live)})
