"""The trail over HTTP: search, records, proofs. Searching needs a role; what proves itself does not.

Invariant: an answer says up to which checkpoint it holds.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field

from services.audit.reading.reader import TrailReader
from services.audit.reading.search.criteria import EntriesQuery
from services.audit.reading.search.searching import BadCursor
from services.audit.reading.standing import TrailStanding
from services.audit.reading.told import RecordTeller
from services.audit.reading.views import ConsistencyProof, InclusionProof, NotInTrail, Page, Record, State
from services.audit.records.history import HISTORY_LIMIT, join_notes
from services.audit.records.record import RecordError
from services.audit.web.masking import Masks, refuse_to_ask_for_people
from shared.bodies import sends
from shared.door import doorway
from shared.facts import Frozen, Name
from shared.http_fields import Index
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Language, Role

READERS = (Role.AUDITOR, Role.DISCIPLINE, Role.SUPERVISOR)


ANSWERS = {
    404: "No such record, or no signed checkpoint covers it yet",
}
"""What any route may answer besides what those of all services do."""


def install_answers(app: FastAPI) -> None:
    """What the trail can't answer leaves as a problem document."""

    @app.exception_handler(NotInTrail)
    async def _not_in_trail(request: Request, error: Exception) -> object:
        return Problem(404, N_("Not in the trail"), error.args[0]).response(request)

    @app.exception_handler(BadCursor)
    async def _bad_cursor(request: Request, error: Exception) -> object:
        return Problem(
            422, N_("Invalid request"), error.args[0], errors=[("cursor", error.args[0])]
        ).response(request)

    @app.exception_handler(RecordError)
    async def _damaged(request: Request, error: Exception) -> object:
        return Problem(
            500,
            N_("The trail is damaged here"),
            said(N_("%(error)s. `fenghuo trail verify` says what was done to it."), error=error),
        ).response(request)


class ProofOf(Frozen):
    index: Index | None = None
    sequence: Annotated[Index, Field(ge=1)] | None = None
    size: Annotated[Index, Field(ge=1)] | None = None


def trail_router(
    reader: TrailReader,
    standing: TrailStanding,
    gate: Gate,
    masks: Masks,
    tells: Mapping[Language, RecordTeller],
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["trail"])

    @router.get("/entries")
    async def entries(request: Request, query: Annotated[EntriesQuery, Query()]) -> Page:
        """Search. All filters given must hold; newest first unless `order=oldest`. An operator sees no person
        and no words.
        """
        is_operator = gate.admit(request, *READERS, Role.OPERATOR).role is Role.OPERATOR
        what = query.filter()
        if is_operator:
            refuse_to_ask_for_people(what)
        page = await reader.search(what, cursor=query.cursor, limit=query.limit, order=query.order)
        return masks.page(page) if is_operator else await _in_words(page, tells)

    @router.get("/entries/{index}")
    async def entry(request: Request, index: Index) -> Record:
        """One record whole, with its proof. An operator sees no person and no words."""
        is_operator = gate.admit(request, *READERS, Role.OPERATOR).role is Role.OPERATOR
        record = await reader.records.record(index)
        return masks.record(record) if is_operator else record

    @router.get("/state")
    async def state(request: Request) -> State:
        gate.admit(request, *READERS, Role.OPERATOR)
        return await standing.state()

    @router.get("/checkpoints", response_class=Response, responses=sends("text/plain"))
    @doorway(is_open=True)
    async def checkpoints(limit: Annotated[int, Query(ge=1, le=HISTORY_LIMIT)] = 100) -> Response:
        """Earlier checkpoints, the oldest first, each signed note ended by a record separator (U+001E) and a
        newline.
        """
        return Response(
            join_notes(await reader.checkpoints.notes_before(limit)), media_type="text/plain; charset=utf-8"
        )

    @router.get("/proof/inclusion")
    @doorway(is_open=True)
    async def inclusion(query: Annotated[ProofOf, Query()]) -> InclusionProof:
        """By `index`, or by the `sequence` of the fact that a receipt names."""
        return await reader.proofs.inclusion(_index(query), query.size)

    @router.get("/proof/inclusion.tlog-proof", response_class=PlainTextResponse)
    @doorway(is_open=True)
    async def tlog_proof(query: Annotated[ProofOf, Query()]) -> PlainTextResponse:
        """As a C2SP `.tlog-proof` file: under the sealed checkpoint where that covers it, else the last;
        `extra` is the record.
        """
        return PlainTextResponse(await reader.proofs.proof_file(_index(query)))

    @router.get("/proof/consistency")
    @doorway(is_open=True)
    async def consistency(
        first: Annotated[Index, Query(alias="from")],
        second: Annotated[Index | None, Query(alias="to")] = None,
    ) -> ConsistencyProof:
        """That the trail of `to` records (the last checkpoint's, if left out) begins with the trail of
        `from`.
        """
        return await reader.proofs.consistency(first, second)

    return router


async def _in_words(page: Page, tells: Mapping[Language, RecordTeller]) -> Page:
    zh, en = [await tells[language].each(page.entries) for language in (Language.ZH, Language.EN)]
    entries = (
        entry.model_copy(update={"says": Name(zh=zh[entry.index].sentence, en=en[entry.index].sentence)})
        for entry in page.entries
    )
    return page.model_copy(update={"entries": tuple(entries)})


def _index(query: ProofOf) -> int:
    if (query.index is None) == (query.sequence is None):
        raise Problem(
            422,
            N_("Invalid request"),
            N_("Name the record by index or by sequence, one of the two."),
            errors=[("index", N_("or sequence"))],
        )
    return query.index if query.index is not None else (query.sequence or 0) - 1
