"""C2SP `.tlog-proof` files: a record's place in the tree and the checkpoint that covers it, checked without
asking anyone.

Invariant: one spelling for each file; what does not read back as it was written is refused. The extra data is
not signed by itself: here it is the record's hashed bytes, and they count only once their hash has led to the
signed root.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from shared.tlog import note
from shared.tlog.checkpoint import size_of
from shared.tlog.merkle import HASH_SIZE

HEADER = "c2sp.org/tlog-proof@v1"
_LIMIT = 1_000_000
_HASHES = 63


class TlogProofError(ValueError):
    """No proof file. Says what is wrong with it."""


@dataclass(frozen=True)
class TlogProof:
    index: int
    hashes: tuple[bytes, ...]
    note: str
    """The checkpoint, verbatim, with whatever cosignatures it has."""
    extra: bytes | None = None
    """The record's bytes (`rec`), for whoever has nothing but this file."""

    def write(self) -> str:
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra is not None else []
        lines = [
            HEADER,
            *extra,
            f"index {self.index}",
            *(base64.b64encode(node_hash).decode() for node_hash in self.hashes),
        ]
        return "\n".join(lines) + "\n\n" + self.note


def tlog_proof(index: int, hashes: Sequence[bytes], written: str, extra: bytes | None = None) -> str:
    return TlogProof(index, tuple(hashes), written, extra).write()


def parse(raw: bytes) -> TlogProof:
    if len(raw) > _LIMIT:
        raise TlogProofError("the proof is too long")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise TlogProofError("the proof is not UTF-8") from None
    above, gap, written = text.partition("\n\n")
    lines = above.split("\n")
    if not gap or lines.pop(0) != HEADER:
        raise TlogProofError(
            f"this is no proof file: it begins with {HEADER} and holds an empty line before its checkpoint"
        )
    extra = _extra(lines.pop(0)) if lines and lines[0].startswith("extra ") else None
    index = size_of(lines.pop(0).removeprefix("index ")) if lines and lines[0].startswith("index ") else None
    if index is None:
        raise TlogProofError(
            "the proof does not say of which record it is: a line `index <number>` is missing"
        )
    if len(lines) > _HASHES:
        raise TlogProofError(f"the proof has {len(lines)} hashes, no tree needs more than {_HASHES}")
    return TlogProof(index, tuple(_hash(line) for line in lines), written, extra)


def _extra(line: str) -> bytes:
    content = note.exact_base64(line.removeprefix("extra "))
    if content is None:
        raise TlogProofError("the proof's extra line is no base64")
    return content


def _hash(line: str) -> bytes:
    content = note.exact_base64(line)
    if content is None or len(content) != HASH_SIZE:
        raise TlogProofError(f"{line[:60]!r} is no hash of a proof")
    return content
