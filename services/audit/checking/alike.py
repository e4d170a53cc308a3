"""The short way: whether a record, its whole payload and its search fields are what the writer would have made of them. Pure.

Invariant: it says yes only where the long way (examine, payload_check) finds nothing; what it does not say yes to is looked at again by
the long way, which says in words what is wrong. A message is parsed once and taken apart after its fields were derived.
"""

from services.audit.export.line import Detail
from services.audit.keeping.rules import KEEPING_KINDS
from services.audit.records import fields, record
from services.audit.records.fields import About
from services.audit.records.payload_check import header_faults
from services.audit.records.payloads import digests_of, parts_of
from services.audit.records.record import VERSION, Rec


def as_recorded(rec: Rec, detail: Detail, carried: About) -> About | None:
    """`carried`: what the case is about so far. Returns what it is about after this record; None where the long way must look."""
    payload, kind = detail.payload, fields.kind_of(rec)
    if payload is None or payload.raw is None or payload.remains is not None or rec.form == "gap" or rec.v != VERSION:
        return None
    salt, raw = payload.salt, payload.raw
    if kind in KEEPING_KINDS or record.digest_of(salt, raw) != rec.digest or header_faults(rec):
        return None
    # Parsed once, perhaps when its author was looked up; then used up: whoever needs it again parses it again.
    principal, envelope = payload.actor, payload.envelope
    del payload.__dict__["envelope"]
    known = record.pseudonym(payload.actor_salt, principal) if payload.actor_salt is not None and principal is not None else None
    if known != rec.actor or rec.case != record.case_of(envelope) or rec.claimed != record.claimed_of(envelope):
        return None
    derived = fields.derive(kind, envelope, carried)
    if fields.searchable(rec, derived) != detail.fields:
        return None
    digests = digests_of(parts_of(envelope, kind), salt)
    return derived.about if digests.plain == rec.plain and digests.personal == rec.personal else None
