"""An export as a stream of bytes: what a search finds, oldest first, in one of three formats, the end last.

Invariant: one page of records in memory at a time; nothing above the checkpoint that stood when the export
began.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from services.audit.evidence.export import csv_table as export_csv
from services.audit.evidence.export.end import End
from services.audit.evidence.export.rows import ExportWords, row
from services.audit.evidence.export.xlsx_table import Workbook
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Entry, Filter, Order
from services.audit.records.line import checkpoint_line, export_line
from services.audit.records.stored import SignedCheckpoint, StoredRecord

_WINDOW = 256
Ending = Callable[[int], End]
"""From how many records there were."""


class ExportFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class ExportQuestion:
    what: Filter
    format: ExportFormat
    start: int = 0
    end: int | None = None
    """JSONL without criteria: records [start, end)."""
    proofs: bool = False


def content_of(
    reader: TrailReader, asked: ExportQuestion, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    match asked.format:
        case ExportFormat.JSONL:
            return _jsonl(reader, asked, signed, end)
        case ExportFormat.CSV:
            return _csv(reader, asked.what, signed, words, end)
        case ExportFormat.XLSX:
            return _xlsx(reader, asked.what, signed, words, end)


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


async def _csv(
    reader: TrailReader, what: Filter, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    count = 0
    yield export_csv.head(words)
    async for entries in pages(reader, what, signed.size):
        count += len(entries)
        yield export_csv.lines(row(words, entry) for entry in entries)
    yield export_csv.end(end(count), words)


async def _xlsx(
    reader: TrailReader, what: Filter, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    count, book = 0, Workbook(words)
    async for entries in pages(reader, what, signed.size):
        count += len(entries)
        yield book.rows(row(words, entry) for entry in entries)
    yield book.end(end(count))


async def _jsonl(
    reader: TrailReader, asked: ExportQuestion, signed: SignedCheckpoint, end: Ending
) -> AsyncIterator[bytes]:
    count, whole = 0, asked.what == Filter()
    last = signed.size if asked.end is None else min(asked.end, signed.size)
    yield checkpoint_line(signed)
    async for stored in (
        _ranges(reader, asked.start, last) if whole else _found(reader, asked.what, signed.size)
    ):
        indexes = [entry.index for entry in stored]
        payloads = await reader.records.payloads(indexes)
        paths = await reader.proofs.paths(indexes, signed.size) if asked.proofs else [None] * len(indexes)
        count += len(stored)
        yield b"".join(
            export_line(entry, payloads.get(entry.index), path)
            for entry, path in zip(stored, paths, strict=True)
        )
    yield orjson.dumps({"end": end(count).json()}) + b"\n"


async def _ranges(reader: TrailReader, start: int, end: int) -> AsyncIterator[list[StoredRecord]]:
    for at in range(start, end, _WINDOW):
        yield await reader.records.between(at, min(at + _WINDOW, end))


async def _found(reader: TrailReader, what: Filter, size: int) -> AsyncIterator[list[StoredRecord]]:
    async for entries in pages(reader, what, size):
        yield await reader.records.some([entry.index for entry in entries])
