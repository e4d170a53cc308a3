"""Whether a payload is the one its record speaks of, in whole or in what an erasure left of it. Pure.

Invariant: what is there must make the record's digests; what is not there is named, so that a redaction on
record can answer for it.
"""

from services.audit.records import fields, payloads, record
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec

WHOLE = "*"
"""Stands for a message as a whole where paths of personal fields are listed."""


def payload_faults(rec: Rec, payload: Payload | None) -> list[str]:
    """In plain words; empty where all that is there belongs to the record. What is missing is no fault here:
    see `missing_of`.
    """
    if payload is None or rec.form == "gap":
        return []
    if payload.remains is not None:
        return _remains_faults(rec, payload)
    if payload.raw is None or record.digest_of(payload.salt, payload.raw) != rec.digest:
        return ["its payload is not the one that was recorded: it was altered"]
    return [*_author(rec, payload), *_parts(rec, payload)]


def missing_of(rec: Rec, payload: Payload | None) -> frozenset[str]:
    """The personal paths that are gone, WHOLE where the rest of the message is too. Empty where all is
    there.
    """
    if rec.form == "gap" or (payload is not None and payload.raw is not None):
        return frozenset()
    remains = payload.remains if payload is not None else None
    if remains is None or remains.plain is None or rec.plain is None:
        return frozenset((WHOLE, *rec.personal))
    return frozenset(rec.personal.keys() - remains.fields.keys())


def header_faults(rec: Rec) -> list[str]:
    """What a header says twice must be the same both times."""
    faults: list[str] = []
    if rec.v != 1 and rec.offset != record.offset_of(record.utc(rec.broker), rec.claimed):
        faults.append("its clock offset is not the difference of its times")
    if rec.repeats is not None and not 0 <= rec.repeats < rec.index:
        faults.append(f"it says it repeats record {rec.repeats}, which does not come before it")
    return faults


def _author(rec: Rec, payload: Payload) -> list[str]:
    principal, salt = None if rec.distrust else payload.actor, payload.actor_salt
    known = record.pseudonym(salt, principal) if salt is not None and principal is not None else None
    return [] if known == rec.actor else ["its author is not the one its payload names"]


def _parts(rec: Rec, payload: Payload) -> list[str]:
    if rec.v == 1:
        return []
    parts = payloads.parts_of(record.envelope_of(payload.raw), fields.kind_of(rec))
    digests = payloads.digests_of(parts, payload.salt)
    if digests.plain != rec.plain:
        return ["its digest without personal fields is not its payload's"]
    wrong = sorted(
        path
        for path in digests.personal.keys() | rec.personal.keys()
        if digests.personal.get(path) != rec.personal.get(path)
    )
    return [f"its digests of {', '.join(wrong)} are not its payload's"] if wrong else []


def _remains_faults(rec: Rec, payload: Payload) -> list[str]:
    remains = payload.remains
    assert remains is not None
    if remains.plain is None or rec.v == 1:
        return (
            []
            if not remains.fields
            else ["fields are left of a payload that was erased whole: they prove nothing"]
        )
    faults: list[str] = []
    if record.digest_of(remains.salt, remains.plain) != rec.plain:
        faults.append("what is left of its payload is not what was recorded: it was altered")
    for path, field in remains.fields.items():
        if record.digest_of(field.salt, field.values) != rec.personal.get(path):
            faults.append(f"what is left of {path} is not what was recorded: it was altered")
    return faults
