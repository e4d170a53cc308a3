"""The export over HTTP: what a search finds, all of it, as a stream; for machines (JSONL) or as a table in
words (CSV, XLSX).

Invariant: for those who may read; the end names who asked, for what and when.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.audit.evidence.export.end import End
from services.audit.evidence.export.rows import ExportWords, criteria
from services.audit.evidence.export.stream import ExportFormat, ExportQuestion, content_of
from services.audit.reading.reader import TrailReader
from services.audit.reading.search.criteria import EntriesQuery
from services.audit.web.trail import READERS
from shared.bodies import sends
from shared.facts import rfc3339
from shared.forms import NO_FORMS, Forms
from shared.http_fields import Index
from shared.tokens import Gate
from shared.vocabulary import Language
from shared.web.names import Names

_MEDIA = {
    ExportFormat.JSONL: "application/jsonl",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportQuery(EntriesQuery):
    """The criteria of a search, and in which form; the page's `cursor`, `limit` and `order` mean nothing
    here.
    """

    format: ExportFormat = ExportFormat.JSONL
    lang: Annotated[Language, Query(description="of the table's words")] = Language.ZH
    proofs: Annotated[
        bool,
        Query(description="JSONL: with each line its path to the root, so that it can be proven by itself"),
    ] = False
    start: Annotated[Index, Query(description="JSONL without criteria: the first record")] = 0
    end: Annotated[Index | None, Query(description="JSONL without criteria: the record after the last")] = (
        None
    )


def export_router(
    reader: TrailReader,
    gate: Gate,
    names: Names,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
    forms: Forms = NO_FORMS,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["trail"])

    @router.get("/export", response_class=StreamingResponse, responses=sends(*_MEDIA.values()))
    async def export(request: Request, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
        """All that a search finds, oldest first. The last line (the last sheet) says how many, up to which
        checkpoint, for whom and when: an export without it broke off. JSONL holds records and messages whole:
        `fenghuo trail verify` reads it.
        """
        who = gate.admit(request, *READERS)
        record_filter, signed = query.filter(), await reader.checkpoints.newest()

        def end(records: int) -> End:
            by = f"{who.subject} ({who.role})"
            return End(
                records,
                signed.size,
                signed.root.hex(),
                signed.time,
                criteria(record_filter),
                by,
                rfc3339(clock()),
            )

        question = ExportQuestion(record_filter, query.format, query.start, query.end, query.proofs)
        words = ExportWords(query.lang, names, zone, forms)
        content = content_of(reader, question, signed, words, end)
        name = f"trail-{signed.size}.{query.format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(content, media_type=_MEDIA[query.format], headers=headers)

    return router
