"""The export over HTTP: what a search finds, all of it, as a stream; for machines (JSONL) or as a table in words (CSV, XLSX).

Invariant: one page of records in memory at a time; nothing above the checkpoint that stood when the export began; the end comes last.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.audit import export_csv
from services.audit.api import READERS
from services.audit.export import checkpoint_line, export_line
from services.audit.export_end import End
from services.audit.export_rows import Words, criteria, row
from services.audit.export_xlsx import Workbook
from services.audit.query import TrailReader
from services.audit.search_query import EntriesQuery
from services.audit.trail import Signed, Stored
from services.audit.views import Entry, Filter, Order
from shared.facts import rfc3339
from shared.tokens import Gate
from shared.vocabulary import Language
from shared.web.names import Names

_WINDOW = 256
_DENSE = 8
"""A page whose records lie this close to each other is read as a range, one record in so many."""


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


_MEDIA = {
    Format.JSONL: "application/jsonl",
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportQuery(EntriesQuery):
    """The criteria of a search, and in which form; the page's `cursor`, `limit` and `order` mean nothing here."""

    format: Format = Format.JSONL
    lang: Annotated[Language, Query(description="of the table's words")] = Language.ZH
    proofs: Annotated[bool, Query(description="JSONL: with each line its path to the root, so that it can be proven by itself")] = False
    start: Annotated[int, Query(ge=0, description="JSONL without criteria: the first record")] = 0
    end: Annotated[int | None, Query(ge=0, description="JSONL without criteria: the record after the last")] = None


def export_router(reader: TrailReader, gate: Gate, names: Names, zone: ZoneInfo, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["trail"])

    @router.get("/export", response_class=StreamingResponse)
    async def export(request: Request, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]
        """All that a search finds, oldest first. The last line (the last sheet) says how many, up to which checkpoint, for whom and when:
        an export without it broke off. JSONL holds records and messages whole: `fenghuo trail verify` reads it."""
        who = gate.admit(request, *READERS)
        what, signed = query.filter(), await reader.checkpoint()

        def end(records: int) -> End:
            by = f"{who.subject} ({who.role})"
            return End(records, signed.size, signed.root.hex(), signed.time, criteria(what), by, rfc3339(clock()))

        words = Words(query.lang, names, zone)
        match query.format:
            case Format.JSONL:
                content = _jsonl(reader, what, signed, query, end)
            case Format.CSV:
                content = _csv(reader, what, signed, words, end)
            case Format.XLSX:
                content = _xlsx(reader, what, signed, words, end)
        name = f"trail-{signed.size}.{query.format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(content, media_type=_MEDIA[query.format], headers=headers)

    return router


Ending = Callable[[int], End]


async def pages(reader: TrailReader, what: Filter, size: int) -> AsyncIterator[Sequence[Entry]]:
    """All a search finds below `size`, oldest first."""
    cursor: str | None = None
    while True:
        page = await reader.search(what, cursor=cursor, limit=_WINDOW, order=Order.OLDEST)
        found = [entry for entry in page.entries if entry.index < size]
        if found:
            yield found
        if page.next is None or len(found) < len(page.entries) or (page.searched_to or 0) >= size:
            return
        cursor = page.next


async def _csv(reader: TrailReader, what: Filter, signed: Signed, words: Words, end: Ending) -> AsyncIterator[bytes]:
    count = 0
    yield export_csv.head(words)
    async for entries in pages(reader, what, signed.size):
        count += len(entries)
        yield export_csv.lines(row(words, entry) for entry in entries)
    yield export_csv.end(end(count), words)


async def _xlsx(reader: TrailReader, what: Filter, signed: Signed, words: Words, end: Ending) -> AsyncIterator[bytes]:
    count, book = 0, Workbook(words)
    async for entries in pages(reader, what, signed.size):
        count += len(entries)
        yield book.rows(row(words, entry) for entry in entries)
    yield book.end(end(count))


async def _jsonl(reader: TrailReader, what: Filter, signed: Signed, query: ExportQuery, end: Ending) -> AsyncIterator[bytes]:
    count, whole = 0, what == Filter()
    last = signed.size if query.end is None else min(query.end, signed.size)
    yield checkpoint_line(signed)
    async for stored in _ranges(reader, query.start, last) if whole else _found(reader, what, signed.size):
        payloads = await reader.payloads([entry.index for entry in stored])
        paths = [await reader.path(entry.index, signed.size) if query.proofs else None for entry in stored]
        count += len(stored)
        yield b"".join(export_line(entry, payloads.get(entry.index), path) for entry, path in zip(stored, paths, strict=True))
    yield orjson.dumps({"end": end(count).json()}) + b"\n"


async def _ranges(reader: TrailReader, start: int, end: int) -> AsyncIterator[list[Stored]]:
    for at in range(start, end, _WINDOW):
        yield await reader.stored(at, min(at + _WINDOW, end))


async def _found(reader: TrailReader, what: Filter, size: int) -> AsyncIterator[list[Stored]]:
    async for entries in pages(reader, what, size):
        wanted = [entry.index for entry in entries]
        low, high = wanted[0], wanted[-1] + 1
        if high - low <= _DENSE * len(wanted):
            yield [entry for entry in await reader.stored(low, high) if entry.index in set(wanted)]
        else:
            yield [entry for index in wanted for entry in await reader.stored(index, index + 1)]
