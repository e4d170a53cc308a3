"""What makes a record believable, checked anew each time it is shown, with the same few lines an auditor
would run.

Invariant: a check says `holds` only when this page has computed it; nothing the store says about itself is
repeated as proof.
"""

from dataclasses import dataclass

from services.audit.reading.views import CheckpointView, Record
from shared.language.catalogue import N_
from shared.tlog.checkpoint import CheckpointError, read
from shared.tlog.merkle import ProofError, leaf_hash, verify_inclusion
from shared.tlog.note import NoteError, Verifier


@dataclass(frozen=True)
class Check:
    """`claim` and, where it does not hold, `fault` are messages of the catalogue or plain reasons."""

    claim: str
    holds: bool
    fault: str | None = None


SIGNED = N_("The checkpoint is signed by the trail's key, and names this root and size.")
HASHED = N_("The record hashes to its leaf.")
DIGEST = N_("The message is the one whose digest stands in the record.")
LEFT = N_(
    "What is left of the message is what was recorded, and what is missing was erased by an order on record."
)
INCLUDED = N_("Leaf and path compute the signed root: the record stands in the trail at its place.")


def check_checkpoint(checkpoint: CheckpointView, vkey: str) -> Check:
    try:
        signed = read(checkpoint.note.encode(), Verifier.read(vkey))
    except (CheckpointError, NoteError) as error:
        return Check(SIGNED, holds=False, fault=str(error))
    same = signed.root.hex() == checkpoint.root and signed.size == checkpoint.size
    return Check(SIGNED, same, None if same else f"{signed.size} {signed.root.hex()}")


def check_record(record: Record, checkpoint: CheckpointView | None, vkey: str) -> tuple[Check, ...]:
    leaf = leaf_hash(record.rec.encode())
    checks = [Check(HASHED, leaf.hex() == record.leaf, leaf.hex())]
    if record.raw is not None:
        checks.append(Check(DIGEST, record.digest_holds))
    elif record.entry.form == "fact":
        checks.append(Check(LEFT, record.digest_holds))
    checks.append(_check_inclusion(record, leaf, checkpoint))
    if checkpoint is not None:
        checks.append(check_checkpoint(checkpoint, vkey))
    return tuple(checks)


def _check_inclusion(record: Record, leaf: bytes, checkpoint: CheckpointView | None) -> Check:
    proof = record.proof
    root = checkpoint.root if checkpoint is not None and checkpoint.size == proof.size else proof.root
    try:
        verify_inclusion(
            record.entry.index,
            proof.size,
            leaf,
            [bytes.fromhex(hash_text) for hash_text in proof.hashes],
            bytes.fromhex(root),
        )
    except (ProofError, ValueError) as error:
        return Check(INCLUDED, holds=False, fault=str(error))
    return Check(INCLUDED, holds=True)
