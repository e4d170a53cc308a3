"""The facts of a stretch of the trail, in order, a page at a time: what the reports are counted from.

Invariant: each fact once, however often it was delivered (a record that repeats an earlier message is passed
over), and nothing above the checkpoint the report holds up to. Of records that no figure is made of the
payload is never fetched.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.reading.reader import TrailReader
from services.audit.records import fields, record
from services.audit.records.actors import RecentIds
from services.audit.records.record import Rec
from services.audit.records.stored import StoredRecord
from shared.facts import EffectKind, rfc3339
from shared.facts.body import FactBody
from shared.forms.book import CONTINUES
from shared.vocabulary import DIRECTORY_KINDS, Kind

PAGE = 256
UNCOUNTED = frozenset(
    {
        Kind.DUE,
        Kind.HEARD,
        Kind.STRAY_REPLY,
        Kind.CHECKED,
        Kind.REJECTED,
        Kind.POLICY_DRAFTED,
        Kind.POLICY_SUBMITTED,
        Kind.POLICY_APPROVED,
        Kind.NOTICES_PAUSED,
        Kind.NOTICES_RESUMED,
        Kind.LINKS_REVOKED,
        *DIRECTORY_KINDS,
        fields.UNTRUSTED,
    }
)
"""No figure is made of these."""
_STANDING = frozenset(
    {
        EffectKind.OPENED,
        EffectKind.DISCHARGED,
        EffectKind.LAPSED,
        EffectKind.CANCELLED,
        EffectKind.STATUS,
        EffectKind.HOLDER,
        EffectKind.TASK,
        EffectKind.RAISED,
        EffectKind.OWED_AGAIN,
    }
)
"""Effects by which a matter stands otherwise than before."""


@dataclass(frozen=True, slots=True)
class ReportedFact:
    """A fact as the reports see it. `level`, `category`, `area` and `unit` are those of the case's report."""

    index: int
    at: datetime
    """When the broker stored it."""
    kind: str
    case: str
    number: int
    unit: str | None
    area: str | None
    level: str | None
    category: str | None
    data: FactBody
    id: str = ""

    @property
    def by(self) -> str | None:
        """The principal who did it."""
        return self.data.part("by").text("principal")

    @property
    def about(self) -> FactBody:
        """Of a decision: the fact that was decided on."""
        return self.data.part("about")


def counts(entry: StoredRecord) -> bool:
    return fields_kind(entry) not in UNCOUNTED


def stands(entry: StoredRecord) -> bool:
    """Whether how a matter stands depends on it: all that is needed of the time before the window."""
    kind = fields_kind(entry)
    return kind in (Kind.REPORTED, Kind.ESTABLISHED, Kind.REGISTERED, *CONTINUES) or (
        kind == Kind.DECIDED and not _STANDING.isdisjoint(entry.fields["outcomes"])
    )


def fields_kind(entry: StoredRecord) -> str:
    return str(entry.fields["kind"])


async def first_at(reader: TrailReader, size: int, at: datetime) -> int:
    """The first record at or after `at`, by bisection: a few reads of single records."""
    earliest = rfc3339(at)
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        entry = next(iter(await reader.records.between(middle, middle + 1)), None)
        if entry is None or entry.fields["time"] < earliest:
            low = middle + 1
        else:
            high = middle
    return low


async def pages(
    reader: TrailReader, start: int, end: int, is_needed: Callable[[StoredRecord], bool], recent: RecentIds
) -> AsyncIterator[list[ReportedFact]]:
    """[start, end) in order."""
    for at in range(start, end, PAGE):
        stored = await reader.records.between(at, min(at + PAGE, end))
        yield await read(reader, [entry for entry in stored if is_needed(entry)], recent)


async def read(
    reader: TrailReader, stored: Sequence[StoredRecord], recent: RecentIds | None = None
) -> list[ReportedFact]:
    if not stored:
        return []
    payloads = await reader.records.payloads([entry.index for entry in stored])
    facts: list[ReportedFact] = []
    for entry in stored:
        rec = Rec.read(entry.rec)
        if recent is not None and (
            rec.repeats is not None or recent.add(rec.message_id, rec.index) is not None
        ):
            continue
        payload = payloads.get(entry.index)
        envelope: dict[str, Any] = payload.envelope if payload is not None else {}
        facts.append(reported_fact(rec, entry, envelope))
    return facts


def reported_fact(rec: Rec, entry: StoredRecord, envelope: dict[str, Any]) -> ReportedFact:
    field = entry.fields
    return ReportedFact(
        index=entry.index,
        at=record.utc(rec.broker),
        kind=fields.kind_of(rec),
        case=rec.case,
        number=rec.number,
        unit=field["unit"],
        area=field["area"],
        level=field["level"],
        category=field["category"],
        data=FactBody(None if rec.distrust else envelope.get("data")),
        id=rec.message_id,
    )
