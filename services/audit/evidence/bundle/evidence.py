"""What a bundle is made of, gathered up to one signed checkpoint: plain frozen values, so that writing it is
a pure function.

Invariant: it holds every record of the case below the checkpoint, each with the path to the signed root; what
is not in it (an erased message, a policy that was never told to the trail) is said, never made up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson

from services.audit.records.keeping import Erasure, Keeping, act_of
from services.audit.records.payload_check import missing_of
from services.audit.records.payloads import Payload, without
from services.audit.records.record import Rec
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from shared.facts import Fact
from shared.facts.body import FactBody
from shared.tlog.note import Note
from shared.vocabulary import Kind

Sign = Callable[[str], Note]
"""Signs a text with the trail's key."""


@dataclass(frozen=True)
class ProvenRecord:
    """A record with what proves it; `payload` None, or with its `remains`, where something was erased or left
    out.
    """

    entry: StoredRecord
    payload: Payload | None
    path: tuple[bytes, ...]

    @cached_property
    def rec(self) -> Rec:
        return Rec.read(self.entry.rec)

    @property
    def raw(self) -> bytes | None:
        return self.payload.raw if self.payload else None

    @cached_property
    def fact(self) -> dict[str, Any]:
        """The CloudEvent as far as it is here; empty where its bytes are none, or gone, or no authentic
        fact.
        """
        return self.payload.envelope if self.payload and not self.rec.distrust else {}

    @property
    def shown(self) -> bool:
        """Anything of the message is here."""
        return bool(self.fact)

    @property
    def data(self) -> FactBody:
        return FactBody(self.fact).part("data")

    @property
    def kind(self) -> str:
        return str(self.entry.fields["kind"])


@dataclass(frozen=True)
class Tail:
    """Every record after the case's last, and the perfect subtrees of all before: they make the signed root,
    and none is of the case.
    """

    records: tuple[bytes, ...]
    peaks: tuple[bytes, ...]
    """The largest (left) first."""


@dataclass(frozen=True)
class PolicyText:
    """A policy as it was told to the trail."""

    digest: str
    """Of the text, sixteen hexadecimal digits, as the decisions name it."""
    text: str
    proven: ProvenRecord


@dataclass(frozen=True)
class Evidence:
    case: str
    origin: str
    signed: SignedCheckpoint
    """The checkpoint it is proven by, with its cosignatures."""
    records: tuple[ProvenRecord, ...]
    tail: Tail | None
    policies: tuple[PolicyText, ...] = ()
    zone: str = "UTC"
    """The office's, by name: in it times are told."""
    redacted: bool = False
    """Without personal fields, whoever asked for it that way."""

    @property
    def last(self) -> ProvenRecord:
        return self.records[-1]

    @property
    def named_files(self) -> list[tuple[int, FactBody]]:
        """The number of each record that names a file, and what it says of it."""
        return [(proven.rec.number, file) for proven in self.records for file in proven.data.parts("files")]

    @cached_property
    def erased_files(self) -> dict[str, list[Erasure]]:
        """By hash, the orders on record in the case to erase a file's content."""
        return keeping_of(self.records).file_orders()


def keeping_of(records: tuple[ProvenRecord, ...]) -> Keeping:
    """The orders on record in the case, by which something of it was erased, and the holds that forbid it."""
    keeping = Keeping()
    for held in records:
        if (act := act_of(held.rec, held.fact)) is not None:
            keeping.take(act)
    return keeping


def unexplained(records: tuple[ProvenRecord, ...]) -> bool:
    """Something of a message is missing, and no order among these records says so."""
    keeping = keeping_of(records)
    missing = ((held.rec, missing_of(held.rec, held.payload)) for held in records)
    return any(gone and not keeping.excuses(rec.index, rec.case, gone) for rec, gone in missing)


def without_names(evidence: Evidence) -> Evidence:
    """Without personal fields; what is left is still provable."""
    policies = tuple(replace(policy, proven=_unnamed(policy.proven)) for policy in evidence.policies)
    return replace(evidence, records=tuple(map(_unnamed, evidence.records)), policies=policies, redacted=True)


def _unnamed(proven: ProvenRecord) -> ProvenRecord:
    return (
        proven
        if proven.payload is None
        else replace(proven, payload=without(proven.payload, proven.kind, proven.rec.personal))
    )


def policy_digests(records: tuple[ProvenRecord, ...]) -> set[str]:
    """The policies the case's decisions name."""
    labels = {one.data.text("policy") or "" for one in records if one.kind == Kind.DECIDED}
    return {digest for label in labels if (digest := label.rpartition("sha256:")[2])}


def receipt_claims(proven: ProvenRecord) -> dict[str, Any] | None:
    """What intake's receipt for this record says (its signature is intake's alone); None where intake gave
    none.
    """
    if proven.raw is None or proven.fact.get("source") != "/services/intake":
        return None
    rec = proven.rec
    return {
        "record": rec.number,
        "fact": rec.message_id,
        "kind": Fact.read(proven.raw).kind,
        "stream": rec.stream,
        "sequence": rec.sequence,
        "time": rec.broker,
        "sha256": sha256(proven.raw).hexdigest(),
        "case": rec.case,
    }


def json_lines(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
