"""`POST /api/v1/files` takes a file, `GET /api/v1/cases/{case}/files/{sha256}` gives it to whoever may see the case.

Invariant: not a byte is read before the token is; what comes goes to the disk piece by piece. A file by itself
is seen by nobody: a report or an act must name it first.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.intake.api.wire import answer
from services.intake.board.access import MAY_LOOK, MAY_REPORT, forbidden, may_look
from services.intake.board.case_lookup import CaseLookup
from services.intake.files.keeping import EMPTY, NOT_TAKEN, IncomingFiles
from services.intake.files.multipart import form_with_files
from services.intake.files.room import ONE_FILE_BODY
from shared.bodies import sends
from shared.door import Lane, doorway
from shared.facts import FileRef
from shared.facts.file import SHA256
from shared.files.kinds import FileType
from shared.files.sending import no_such_file, send_file
from shared.http_fields import CaseRef
from shared.http_fields import Query as QueryFields
from shared.ids import CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate

MULTIPART = "multipart/form-data"
HashRef = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the file, hex")]
_TAKES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


class UploadQuery(QueryFields):
    name: Annotated[str | None, Query(max_length=500, description="what the file is called")] = None
    strip: Annotated[
        bool,
        Query(
            description="take out of a JPEG, PNG or WebP picture where, when and by which camera it was taken"
        ),
    ] = False


def files_router(files: IncomingFiles, lookup: CaseLookup, gate: Gate, zone: ZoneInfo) -> APIRouter:
    router = APIRouter(tags=["files"])

    @router.post(
        "/api/v1/files",
        status_code=201,
        response_model=FileRef,
        openapi_extra=_TAKES,
        responses={
            409: {"description": "This content was erased on a legal basis"},
            415: {"description": "Its content is of no type that is taken"},
            507: {"description": "There is no room left for files"},
        },
    )
    @doorway(body_limit=ONE_FILE_BODY, lane=Lane.FILES)
    async def upload(request: Request, query: Annotated[UploadQuery, Query()]) -> Response:
        """One file, at most 20 MB: as the body, or as `file` of a form. The answer goes into `files` of a report
        or an act.
        """
        principal = gate.admit(request, *sorted(MAY_REPORT | MAY_LOOK))
        with files.place(principal.subject):
            if request.headers.get("content-type", "").startswith(MULTIPART):
                ref = await _of_form(request, query, files, principal.subject)
            else:
                with files.spool() as spool:
                    async for piece in request.stream():
                        spool.write(piece)
                    ref = await files.keep(spool, query.name, principal.subject, strip=query.strip)
        return answer(ref, 201)

    @router.get(
        "/api/v1/cases/{case}/files/{sha256}",
        response_class=Response,
        responses={
            **sends(*(kind.value for kind in FileType)),
            404: {"description": "The case names no such file"},
            410: {"description": "Erased on a legal basis"},
        },
    )
    async def download(request: Request, case: CaseRef, sha256: HashRef) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        card = await lookup.card(CaseId(case), principal)
        if not may_look(principal, card):
            raise forbidden(said(N_("Your unit %(unit)s has no part in this case."), unit=principal.unit))
        file = next((one for one in card.lean.files if one.sha256 == sha256), None)
        if file is None:
            raise no_such_file()
        return await send_file(files.store, sha256, file.name, zone)

    return router


async def _of_form(request: Request, query: UploadQuery, files: IncomingFiles, principal: str) -> FileRef:
    form = await form_with_files(request.stream(), request.headers["content-type"], files.folder)
    try:
        if len(form.files) != 1:
            words = N_("must be one file: upload several one after the other") if form.files else EMPTY
            raise Problem(422, NOT_TAKEN, words, errors=[("file", words)])
        (one,) = form.files
        if one.fault is not None:
            raise one.fault
        return await files.keep(one.spool, query.name or one.name, principal, strip=query.strip)
    finally:
        form.close()
