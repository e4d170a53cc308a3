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
    record_filter: Filter
    format: ExportFormat
    start: int = 0
    end: int | None = None
    """JSONL without criteria: records [start, end)."""
    proofs: bool = False


def content_of(
    reader: TrailReader, question: ExportQuestion, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    match question.format:
        case ExportFormat.JSONL:
            return _jsonl(reader, question, signed, end)
        case ExportFormat.CSV:
            return _csv(reader, question.record_filter, signed, words, end)
        case ExportFormat.XLSX:
            return _xlsx(reader, question.record_filter, signed, words, end)


async def pages(reader: TrailReader, record_filter: Filter, size: int) -> AsyncIterator[Sequence[Entry]]:
    """All a search finds below `size`, oldest first."""
    cursor: str | None = None
    while True:
        page = await reader.search(record_filter, cursor=cursor, limit=_WINDOW, order=Order.OLDEST)
        entries = [entry for entry in page.entries if entry.index < size]
        if entries:
            yield entries
        if page.next is None or len(entries) < len(page.entries) or (page.searched_to or 0) >= size:
            return
        cursor = page.next


async def _csv(
    reader: TrailReader, record_filter: Filter, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    count = 0
    yield export_csv.head(words)
    async for entries in pages(reader, record_filter, signed.size):
        count += len(entries)
        yield export_csv.lines(row(words, entry) for entry in entries)
    yield export_csv.end(end(count), words)


async def _xlsx(
    reader: TrailReader, record_filter: Filter, signed: SignedCheckpoint, words: ExportWords, end: Ending
) -> AsyncIterator[bytes]:
    count, book = 0, Workbook(words)
    async for entries in pages(reader, record_filter, signed.size):
        count += len(entries)
        yield book.rows(row(words, entry) for entry in entries)
    yield book.end(end(count))


async def _jsonl(
    reader: TrailReader, question: ExportQuestion, signed: SignedCheckpoint, end: Ending
) -> AsyncIterator[bytes]:
    count, whole = 0, question.record_filter == Filter()
    last = signed.size if question.end is None else min(question.end, signed.size)
    yield checkpoint_line(signed)
    async for stored in (
        _ranges(reader, question.start, last)
        if whole
        else _search_results(reader, question.record_filter, signed.size)
    ):
        indexes = [entry.index for entry in stored]
        payloads = await reader.records.payloads(indexes)
        paths = await reader.proofs.paths(indexes, signed.size) if question.proofs else [None] * len(indexes)
        count += len(stored)
        yield b"".join(
            export_line(entry, payloads.get(entry.index), path)
            for entry, path in zip(stored, paths, strict=True)
        )
    yield orjson.dumps({"end": end(count)}) + b"\n"


async def _ranges(reader: TrailReader, start: int, end: int) -> AsyncIterator[list[StoredRecord]]:
    for at in range(start, end, _WINDOW):
        yield await reader.records.between(at, min(at + _WINDOW, end))


async def _search_results(
    reader: TrailReader, record_filter: Filter, size: int
) -> AsyncIterator[list[StoredRecord]]:
    async for entries in pages(reader, record_filter, size):
        yield await reader.records.some([entry.index for entry in entries])
