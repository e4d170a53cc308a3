"""What stands on record about a record: erased in part, under legal hold, covered by a witness. Shown beside
it, wherever it is listed.

Invariant: a mark comes from the trail itself (the acts on record, the cosigned checkpoints), never from a
field of the record's document.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Entry
from services.audit.records.keeping import Hold


@dataclass(frozen=True)
class Marks:
    erased: bool = False
    held: bool = False
    waits: bool = False
    """Witnesses are configured, and none of their checkpoints covers it yet."""


async def marks_of(reader: TrailReader, entries: Iterable[Entry]) -> dict[int, Marks]:
    """Only of those that have one."""
    keeping = await reader.records.keeper.refresh((await reader.checkpoints.newest()).size)
    sealed = await reader.checkpoints.sealed_size()
    marks = {
        entry.index: Marks(
            erased=bool(keeping.erased(entry.index, entry.case or "")),
            held=bool(keeping.holds_on([entry.index], entry.case or "")),
            waits=sealed is not None and entry.index >= sealed,
        )
        for entry in entries
    }
    return {index: mark for index, mark in marks.items() if mark != Marks()}


async def holds_on(reader: TrailReader, entry: Entry) -> list[Hold]:
    keeping = await reader.records.keeper.refresh((await reader.checkpoints.newest()).size)
    return keeping.holds_on([entry.index], entry.case or "")
