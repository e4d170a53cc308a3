"""What stands on record about a record: erased in part, under legal hold, covered by a witness. Shown beside
it, wherever it is listed.

Invariant: a mark comes from the trail itself (the acts on record, the cosigned checkpoints), never from a
field of the record's document.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Entry
from services.audit.records.record import utc


@dataclass(frozen=True)
class Marks:
    erased: bool = False
    held: bool = False
    waits: bool = False
    """Witnesses are configured, and none of their checkpoints covers it yet."""


@dataclass(frozen=True)
class Deed:
    """An erasure (with `fields`) or a hold in force: by whom, when, why, and the record it stands on."""

    by: str
    at: datetime
    why: str
    record: int
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stands:
    """Of one record, in full."""

    erasures: tuple[Deed, ...]
    holds: tuple[Deed, ...]
    sealed: bool | None
    """None: no witness is configured."""


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


async def stands(reader: TrailReader, entry: Entry) -> Stands:
    keeping = await reader.records.keeper.refresh((await reader.checkpoints.newest()).size)
    sealed = await reader.checkpoints.sealed_size()
    case = entry.case or ""
    return Stands(
        erasures=tuple(
            Deed(one.by, utc(one.time), one.legal_basis, one.record, one.fields)
            for one in keeping.erasures.get(entry.index, ())
            if one.case == case
        ),
        holds=tuple(
            Deed(one.by, utc(one.time), one.why, one.record) for one in keeping.holds_on([entry.index], case)
        ),
        sealed=None if sealed is None else entry.index < sealed,
    )
