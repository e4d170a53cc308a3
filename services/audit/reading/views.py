"""What the trail tells a reader: plain frozen values, the same for the HTTP answers, the explorer and the
command.

Invariant: every answer names the signed checkpoint it holds up to; what came in later is not part of it.
"""

from enum import StrEnum
from typing import Any, Literal

from services.audit.reading.plain import data_of
from services.audit.reading.plain_reads import ReadLine, read_lines
from services.audit.records import record
from services.audit.records.fields import excused_in
from services.audit.records.keeping import Erasure
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from shared.facts import Frozen, Given, Instant
from shared.facts.bounds import AnyTime
from shared.facts.distrust import Distrust
from shared.facts.form import FormBlock, block_in
from shared.http_fields import Words
from shared.message import N_, said
from shared.vocabulary import Kind


class SentencePair(Frozen):
    """The same sentence in both languages, as long as it has to be."""

    zh: str
    en: str


class NotInTrail(LookupError):
    """There is no such record, or no signed checkpoint covers it yet. Says which."""


def no_record_of(case: str) -> NotInTrail:
    return NotInTrail(said(N_("no record of a case %(case)s is covered by a checkpoint"), case=case))


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


class Filter(Given):
    """All that are given must hold. `since` and `until` are broker times, both inclusive; so are those that
    authors claim.
    """

    case: Words | None = None
    kind: Words | None = None
    unit: Words | None = None
    """Any unit the record names, and the reporting unit of its case."""
    under: bool = False
    """With `unit`: the units under it too, however deep."""
    person: Words | None = None
    level: Words | None = None
    category: Words | None = None
    area: Words | None = None
    """A division's code; the divisions within it too (`620600`, or what their codes begin with: `6206`)."""
    channel: Words | None = None
    outcome: Words | None = None
    lapse: bool | None = None
    lapse_of: Words | None = None
    """The duty that lapsed."""
    since: AnyTime | None = None
    until: AnyTime | None = None
    claimed_since: AnyTime | None = None
    claimed_until: AnyTime | None = None
    text: Words | None = None
    """A piece of the words people wrote, without regard to case or width; no pattern."""


class CheckpointView(Frozen):
    """A signed checkpoint: `root` is hex, `note` the signed text as auditors check it."""

    number: int
    size: int
    root: str
    time: Instant
    note: str


class Entry(Frozen):
    """One record of the trail as it is searched: the fields are derived from the fact and checked against it
    by `verify`.
    """

    index: int
    sequence: int
    time: Instant
    """When the broker stored it."""
    claimed: Instant | None = None
    """When its author says it happened."""
    kind: str
    form: Literal["fact", "gap"] = "fact"
    """`gap`: the broker had lost this one; the trail says so."""
    distrust: Distrust | None = None
    """Why it is no authentic fact (its kind is `untrusted` then): nobody did what it says."""
    case: str | None = None
    number: int
    """Number within the case, from 1."""
    previous: int | None = None
    """Index of the case's record before this one."""
    unit: str | None = None
    """The reporting unit of the case."""
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    area: str | None = None
    level: str | None = None
    category: str | None = None
    channels: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    """What came of it: `delivered`, `failed`; for a decision the kinds of its effects (`lit`, `lapsed`,
    `discharged` …).
    """
    lapse: bool = False
    lapses: tuple[str, ...] = ()
    """The duties that lapsed."""
    excused: tuple[str, ...] = ()
    """Of these, the ones whose lapse something excuses."""
    excuses: tuple[str, ...] = ()
    """What excuses them, as the record names it."""
    text: str | None = None
    block: FormBlock | None = None
    """What was filled in of a form, as far as it is not erased."""
    reads: tuple[ReadLine, ...] = ()
    """Of a `read`: what was asked for, in words."""
    says: SentencePair | None = None
    """The record in words, in both languages: who did what to whom. Where the trail is searched."""
    sealed: bool | None = None
    """Whether a checkpoint cosigned by enough witnesses covers it; None: there is no witness."""


class Page(Frozen):
    """`next` is the cursor of the page after this one; None at the end. A page may be short and still have a
    next: the search stops after about two seconds (`cut`) and goes on from there.
    """

    entries: tuple[Entry, ...]
    here: str | None = None
    """The cursor of this very page: with it the same page is given again, whatever came in since."""
    next: str | None
    searched_to: int | None
    """The index down (or up) to which the trail was searched for this page."""
    cut: bool = False
    """The page ended because its time was up, not because it was full or all was searched."""
    checkpoint: CheckpointView


class InclusionProof(Frozen):
    """RFC 6962: record `index` is in the tree of `size`. Hashes are hex, from the leaf up."""

    index: int
    size: int
    leaf: str
    root: str
    hashes: tuple[str, ...]
    checkpoint: CheckpointView | None = None
    """Where `size` is the size of the last checkpoint."""
    sealed: bool | None = None
    """Whether a checkpoint cosigned by enough witnesses covers the record; None: there is no witness."""
    tlog_proof: str | None = None
    """The same as a C2SP `.tlog-proof` file."""


class ConsistencyProof(Frozen):
    """RFC 6962: the tree of `second` has the tree of `first` as its beginning."""

    first: int
    second: int
    first_root: str
    second_root: str
    hashes: tuple[str, ...]


class Record(Frozen):
    """One record whole."""

    entry: Entry
    header: dict[str, Any]
    """`rec` parsed; what is hashed is `rec`."""
    rec: str
    """The hashed bytes as they are stored, UTF-8 text."""
    leaf: str
    fact: dict[str, Any] | None
    """The CloudEvent; None where its bytes are no JSON, were erased, or are no authentic fact."""
    raw: str | None
    """The fact's bytes as they came, UTF-8 text (invalid bytes replaced)."""
    salt: str | None
    digest_holds: bool
    """The fact is the one that was recorded; of one that was erased in part or whole, what is left is, and a
    redaction says why.
    """
    erased: tuple[Erasure, ...] = ()
    """What was erased of it, by whom and on what basis."""
    proof: InclusionProof


class WitnessView(Frozen):
    """How a witness stands to this trail: what it has cosigned last, None where nothing yet."""

    name: str
    size: int | None
    time: Instant | None


class State(Frozen):
    """How the trail stands now."""

    size: int
    """Records covered by the last checkpoint."""
    root: str
    checkpoint: CheckpointView | None
    origin: str
    vkey: str
    stream_last: int | None
    """The last sequence of FACTS; None while the broker does not answer."""
    behind: int | None
    """Facts of the stream that no checkpoint covers yet."""
    sequencer: str
    """`working`, `waiting: …`, `halted: …` (with the reason)."""
    store: str
    """Which server keeps it: `secantus (embedded, …)` or `MongoDB 8.0.4, replica set …`."""
    product: str = ""
    """The server alone, `MongoDB 8.0.4`; empty for the embedded one."""
    replica_set: str | None = None
    sealed: int | None = None
    """Records under a checkpoint that enough witnesses cosigned; None: there is no witness."""
    witnesses: tuple[WitnessView, ...] = ()
    retained: bool
    """False for the embedded store, which is for evaluation and development."""


def checkpoint_view(signed: SignedCheckpoint) -> CheckpointView:
    return CheckpointView(
        number=signed.number,
        size=signed.size,
        root=signed.root.hex(),
        time=record.utc(signed.time),
        note=signed.note,
    )


def entry_view(entry: StoredRecord, payload: Payload | None, sealed: int | None = None) -> Entry:
    """`sealed`: records under the seal, None where there is no witness."""
    rec = Rec.read(entry.rec)
    field: dict[str, Any] = entry.fields
    weighed = excused_in(payload.envelope) if field["lapse"] and payload and not rec.distrust else {}
    return Entry(
        index=entry.index,
        sequence=rec.sequence,
        time=record.utc(rec.broker),
        claimed=record.utc(rec.claimed) if rec.claimed else None,
        kind=field["kind"],
        form=rec.form,
        distrust=rec.distrust or None,
        case=rec.case or None,
        number=rec.number,
        previous=rec.previous,
        unit=field["unit"],
        units=field["units"],
        persons=field["persons"],
        area=field["area"],
        level=field["level"],
        category=field["category"],
        channels=field["channels"],
        outcomes=field["outcomes"],
        lapse=field["lapse"],
        lapses=field["lapses"],
        excused=tuple(weighed),
        excuses=tuple(dict.fromkeys(excuse for excuses in weighed.values() for excuse in excuses)),
        text=payload.text if payload and not rec.distrust else None,
        block=block_in(data_of(payload.envelope).fields) if payload and not rec.distrust else None,
        reads=read_lines(data_of(payload.envelope)) if payload and field["kind"] == Kind.READ else (),
        sealed=None if sealed is None else entry.index < sealed,
    )
