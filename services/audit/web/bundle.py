"""The evidence of a case over HTTP, and the program that checks it, which anyone may take from here and
compare.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from services.audit.evidence.bundle.collect import TAIL
from services.audit.evidence.bundle.make import Bundles
from services.audit.evidence.bundle.write import VERIFIER
from services.audit.web.trail import READERS
from shared.bodies import sends
from shared.door import doorway
from shared.facts import Frozen
from shared.http_fields import CaseRef
from shared.tokens import Gate

TAIL_LIMIT = 100_000
PIECE = 64 * 1024


class EvidenceQuery(Frozen):
    redact: Annotated[
        bool, Query(description="leave out names and the free text of people; what is left is still provable")
    ] = False
    tail: Annotated[
        int,
        Query(
            ge=0,
            le=TAIL_LIMIT,
            description="records after the case's last that may be added to show that none is of it",
        ),
    ] = TAIL


def bundle_router(bundles: Bundles, gate: Gate, folder: Path) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["evidence"])

    @router.get("/cases/{case_id}/bundle", response_class=Response, include_in_schema=False)
    @router.get("/cases/{case_id}/evidence", response_class=Response, responses=sends("application/zip"))
    async def evidence(
        request: Request, case_id: CaseRef, query: Annotated[EvidenceQuery, Query()]
    ) -> Response:
        """The evidence of a case (zip): records, messages, proofs, checkpoint, timelines, and a verifier that
        needs nothing of ours.
        """
        gate.admit(request, *READERS)
        # With the files of the case it may be large: it is made on the disk, and nothing of it is left there.
        bundle = TemporaryFile(dir=folder)  # noqa: SIM115 - it is sent after the handler has returned
        try:
            await bundles.write(bundle, case_id, redacted=query.redact, tail=query.tail)
        except BaseException:
            bundle.close()
            raise
        headers = {
            "Content-Disposition": f'attachment; filename="case-{case_id}.zip"',
            "Content-Length": str(bundle.tell()),
            "Cache-Control": "no-store",
        }
        return StreamingResponse(_pieces(bundle), media_type="application/zip", headers=headers)

    @router.get("/trail/verify.py", response_class=Response, responses=sends("text/x-python"))
    @doorway(is_open=True)
    async def verifier() -> Response:
        """The program that checks evidence bundles: the same that travels in each of them."""
        return Response(VERIFIER.read_text(encoding="utf-8"), media_type="text/x-python; charset=utf-8")

    return router


def _pieces(bundle: IO[bytes]) -> Iterator[bytes]:
    with bundle:
        bundle.seek(0)
        while piece := bundle.read(PIECE):
            yield piece
