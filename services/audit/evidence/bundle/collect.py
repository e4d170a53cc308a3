"""Gathers the evidence of a case from the trail, up to one checkpoint.

Invariant: one checkpoint for all of it, however much is stored meanwhile; a record of the case that the store
no longer has, or that is not in order, stops the bundle instead of leaving a hole in it.
"""

from collections.abc import Sequence
from datetime import timedelta

from services.audit.evidence.bundle.evidence import (
    Evidence,
    PolicyText,
    ProvenRecord,
    Tail,
    policy_digests,
    unexplained,
    without_names,
)
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter, NotInTrail, Order, no_record_of
from services.audit.records import record
from services.audit.records.payloads import Payload
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from shared.tlog.merkle import ProofError
from shared.vocabulary import Kind

TAIL = 2_000
"""Records after the case's last that a bundle carries to show that none is of it; beyond, the trail's signed
statement must do.
"""
_PAGE = 256
_BEHIND = timedelta(hours=1)


async def collect(
    reader: TrailReader, case_id: str, *, origin: str, tail: int = TAIL, redacted: bool = False
) -> Evidence:
    """Raises NotInTrail where no checkpoint covers a record of the case."""
    evidence = await _gathered(reader, case_id, origin, tail)
    if unexplained(evidence.records):
        # An order to erase may have been carried out meanwhile: by now a checkpoint covers it.
        evidence = await _gathered(reader, case_id, origin, tail)
    return without_names(evidence) if redacted else evidence


async def _gathered(reader: TrailReader, case_id: str, origin: str, tail: int) -> Evidence:
    signed = await reader.checkpoints.newest()
    stored = await reader.records.of_case(case_id, signed.size) if case_id else []
    if not stored:
        raise no_record_of(case_id)
    if [entry.fields["number"] for entry in stored] != list(range(1, len(stored) + 1)):
        raise NotInTrail(
            f"a record of case {case_id} is no longer in the store: an alarm for whoever runs this trail (`fenghuo trail verify`)"
        )
    signed = await _proven_by(reader, signed, stored[-1].index)
    records = await _proven_records(reader, stored, signed)
    policies = await _policies(reader, policy_digests(records), signed)
    return Evidence(
        case=case_id,
        origin=origin,
        signed=signed,
        records=records,
        tail=await _tail(reader, records[-1].entry.index + 1, signed.size, tail),
        policies=policies,
    )


async def _proven_by(reader: TrailReader, newest: SignedCheckpoint, last: int) -> SignedCheckpoint:
    """The newest checkpoint the witnesses have sealed, where it covers all of the case. One that has fallen
    far behind is not waited for: the newest says more.
    """
    sealed = await reader.checkpoints.sealed()
    if sealed is None or sealed.size <= last or record.utc(newest.time) - record.utc(sealed.time) > _BEHIND:
        return newest
    return sealed


async def _proven_records(
    reader: TrailReader, stored: Sequence[StoredRecord], signed: SignedCheckpoint
) -> tuple[ProvenRecord, ...]:
    payloads: dict[int, Payload] = {}
    paths: list[list[bytes]] = []
    try:
        for at in range(0, len(stored), _PAGE):
            part = [entry.index for entry in stored[at : at + _PAGE]]
            payloads |= await reader.records.payloads(part)
            paths += await reader.proofs.paths(part, signed.size)
    except ProofError as error:
        raise NotInTrail(str(error)) from None
    return tuple(
        ProvenRecord(entry, payloads.get(entry.index), tuple(path))
        for entry, path in zip(stored, paths, strict=True)
    )


async def _tail(reader: TrailReader, start: int, size: int, limit: int) -> Tail | None:
    if size - start > limit:
        return None
    after: list[bytes] = []
    for at in range(start, size, 256):
        after += [entry.rec for entry in await reader.records.between(at, min(at + 256, size))]
    if len(after) != size - start:
        return None
    return Tail(tuple(after), tuple(await reader.proofs.peaks(start, size)))


async def _policies(
    reader: TrailReader, digests: set[str], signed: SignedCheckpoint
) -> tuple[PolicyText, ...]:
    """The texts the decisions name by digest, from the facts that told them. Oldest first: most cases began
    under the first one told.
    """
    texts: dict[str, PolicyText] = {}
    cursor: str | None = None
    while digests - set(texts):
        page = await reader.search(
            Filter(kind=Kind.POLICY_DRAFTED), cursor=cursor, limit=_PAGE, order=Order.OLDEST
        )
        for entry in page.entries:
            stored = (
                (await reader.records.between(entry.index, entry.index + 1))
                if entry.index < signed.size
                else []
            )
            for proven in await _proven_records(reader, stored, signed):
                version, text = proven.data.text("version"), proven.data.text("text")
                if version is not None and text is not None and version in digests:
                    texts.setdefault(version, PolicyText(version, text, proven))
        if (cursor := page.next) is None:
            break
    return tuple(texts[digest] for digest in sorted(texts))
