"""`/api/v1/directory`: who is who, who answers now, what will be dark, and changes to it.

Invariant: an address leaves by no path but to an operator. The revision is the ETag of every answer. No
answer has more than a page.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from services.intake.api.paging import MOST, Limit, PageWindow
from services.intake.api.wire import answer
from services.intake.directory.changes import Changed, ChangeForm, DirectoryChanges
from services.intake.directory.waiting import Proposed, RefusalForm
from shared.bodies import form_of, sends, takes
from shared.directory import gaps, shown
from shared.directory.changing import MAY_APPROVE, MAY_PROPOSE
from shared.directory.live import LiveDirectory
from shared.http_fields import Cursor, IdempotencyKey, IdRef, Words
from shared.ids import RosterId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate


class DirectoryPart(StrEnum):
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
_KEY = Header(alias="Idempotency-Key")
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "A post would be dark (`dark` names it), or the directory has changed since `base`"}
}
_CHANGED: dict[int | str, dict[str, Any]] = {
    409: {"description": "The directory has changed since the page before: begin again, without `cursor`"}
}
_PROPOSED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Proposed,
        "description": "Nothing has changed yet: it takes a second person, and the answer says who that may be",
    }
}
_REPEATED: dict[int | str, dict[str, Any]] = {
    200: {"model": Changed, "description": "Done before, under this key"}
}
_GONE: dict[int | str, dict[str, Any]] = {404: {"description": "No such change waits (any more)"}}


def directory_router(
    live: LiveDirectory, changes: DirectoryChanges, gate: Gate, clock: Callable[[], datetime]
) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["directory"])

    @router.get("/directory", responses={304: {"description": "Not changed since that revision"}, **_CHANGED})
    async def directory(
        request: Request,
        if_none_match: Annotated[Words | None, Header()] = None,
        cursor: Cursor | None = None,
        limit: Limit = MOST,
    ) -> Response:
        """The whole document. Of a large one a page at a time: each has every part, with those of its objects
        that lie on the page.
        """
        sees_addresses = gate.admit(request).role in shown.SEE_ADDRESSES
        if if_none_match == _tag(live):
            return Response(status_code=304, headers={"ETag": _tag(live)})
        now, window = live.now, PageWindow.of(cursor, limit, live.revision)
        body = shown.document(now, personal=sees_addresses, start=window.start, end=window.end)
        return answer(
            body | {"revision": live.revision} | window.next(shown.size(now)), headers={"ETag": _tag(live)}
        )

    @router.get("/directory/gaps", responses=_CHANGED)
    async def all_gaps(
        request: Request,
        days: Annotated[int, Query(ge=1, le=366, description="how far ahead")] = 14,
        cursor: Cursor | None = None,
        limit: Limit = MOST,
    ) -> Response:
        gate.admit(request)
        now, window = clock(), PageWindow.of(cursor, limit, live.revision)
        ahead = gaps(live.now, now, now + timedelta(days=days))
        some = [gap.model_dump(mode="json", exclude_none=True) for gap in ahead[window.start : window.end]]
        return _part(live, {"gaps": some} | window.next(len(ahead)))

    @router.get("/directory/proposals")
    async def proposals(request: Request) -> Response:
        """The changes that wait for a second person, as far as they are the reader's to see."""
        waiting = await changes.waiting(gate.admit(request))
        return _part(
            live, {"proposals": [proposal.model_dump(mode="json", exclude_none=True) for proposal in waiting]}
        )

    @router.post(
        "/directory/proposals/{proposal}/approve",
        response_model=Changed,
        responses={**_CONFLICT, **_GONE, **_REPEATED},
        status_code=201,
    )
    async def approve(request: Request, proposal: str) -> Response:
        changed = await changes.approve(proposal, gate.admit(request, *sorted(MAY_APPROVE)))
        return answer(changed, 200 if changed.repeated else 201, headers={"ETag": _tag(live)})

    @router.post(
        "/directory/proposals/{proposal}/refuse",
        response_class=Response,
        responses={**_CONFLICT, **_GONE},
        openapi_extra=takes(RefusalForm),
        status_code=204,
    )
    async def refuse(request: Request, proposal: str) -> Response:
        principal = gate.admit(request, *sorted(MAY_APPROVE | MAY_PROPOSE))
        await changes.refuse(proposal, await form_of(request, RefusalForm, N_("change")), principal)
        return Response(status_code=204)

    @router.get("/directory/{part}", responses=_CHANGED)
    async def one_part(
        request: Request, part: DirectoryPart, cursor: Cursor | None = None, limit: Limit = MOST
    ) -> Response:
        """With the first units come their areas, where those fit a page too."""
        sees_addresses = gate.admit(request).role in shown.SEE_ADDRESSES
        now, window = live.now, PageWindow.of(cursor, limit, live.revision)
        some = shown.part(now, part, clock(), personal=sees_addresses, start=window.start, end=window.end)
        body: dict[str, object] = {part.value: some}
        if part is DirectoryPart.UNITS and not window.start and len(now.areas) <= limit:
            body["areas"] = shown.part(now, DirectoryPart.AREAS, clock(), personal=False)
        return _part(live, body | window.next(len(getattr(now, part.value))))

    @router.post(
        "/directory/changes",
        response_model=Changed,
        responses={**_CONFLICT, **_PROPOSED, **_REPEATED},
        openapi_extra=takes(ChangeForm),
        status_code=201,
    )
    async def change(request: Request, key: Annotated[IdempotencyKey | None, _KEY] = None) -> Response:
        principal = gate.admit(request, *sorted(MAY_PROPOSE))
        changed = await changes.change(await form_of(request, ChangeForm, N_("change")), principal, key)
        if isinstance(changed, Proposed):
            return answer(changed, 202, headers={"ETag": _tag(live)})
        return answer(changed, 200 if changed.repeated else 201, headers={"ETag": _tag(live)})

    @router.get("/rosters/{roster}.ics", response_class=Response, responses=sends("text/calendar"))
    async def calendar(request: Request, roster: IdRef) -> Response:
        from shared.directory.calendar import write_calendar  # icalendar is loaded by those who ask for one

        gate.admit(request)
        entry = live.now.rosters_by_id.get(RosterId(roster))
        if entry is None:
            raise Problem(
                404,
                N_("No such roster"),
                said(
                    N_("No roster %(roster)s: take an id from GET /api/v1/directory/rosters."),
                    roster=repr(roster[:60]),
                ),
            )
        now = clock()
        return Response(
            write_calendar(live.now, entry, now, now + CALENDAR), media_type="text/calendar; charset=utf-8"
        )

    return router


def _tag(live: LiveDirectory) -> str:
    return f'"{live.revision}"'


def _part(live: LiveDirectory, body: Mapping[str, object]) -> Response:
    return answer(
        {"version": live.now.version, "revision": live.revision, **body}, headers={"ETag": _tag(live)}
    )
