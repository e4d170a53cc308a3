"""c2sp.org/tlog-checkpoint: origin, size and root in three lines, signed by the log; further lines are opaque
and never empty.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from tests.conformance.verifier.note import ED25519, Key, open_note
from tests.conformance.verifier.strict import Refused, base64_bytes, decimal


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Sealed(NamedTuple):
    """A checkpoint its log signed, and the times at which witnesses cosigned it."""

    checkpoint: Checkpoint
    cosigned: dict[str, int]
    note: bytes


def read_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise Refused("a checkpoint is three or more lines, none of them empty")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(
        origin, decimal(size, "the tree size"), base64_bytes(root, "the root hash", 32), tuple(extensions)
    )
    if checkpoint.size == 0 and checkpoint.root != hashlib.sha256().digest():
        raise Refused("the root of an empty tree is the hash of nothing")
    return checkpoint


def open_checkpoint(raw: bytes, origin: str, log: Iterable[Key], witnesses: Iterable[Key] = ()) -> Sealed:
    """The checkpoint of the log `origin`, signed by one of its keys; witnesses' cosignatures are verified
    where they stand.
    """
    log, witnesses = list(log), list(witnesses)
    signed = open_note(raw, [*log, *witnesses])
    if not any(key in signed.by for key in log):
        raise Refused("the log itself did not sign this checkpoint")
    checkpoint = read_text(signed.text)
    if checkpoint.origin != origin:
        raise Refused(f"a checkpoint of another log: {checkpoint.origin!r}")
    if any(key.type != ED25519 for key in log):
        raise Refused("the key of a log in the public network is an Ed25519 one")
    return Sealed(checkpoint, {key.name: stamp for key, stamp in signed.by.items() if stamp is not None}, raw)
