"""c2sp.org/tlog-proof: a file that proves by itself, against pinned keys, that an entry is in the log."""

from dataclasses import dataclass

from tests.conformance.verifier.strict import Refused, base64_bytes, decimal, utf8

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note as it stands."""
    extra: bytes | None = None


def read_proof(raw: bytes) -> Proof:
    """The parts of a proof, nothing of them verified."""
    above, blank, checkpoint = raw.partition(b"\n\n")
    if not blank:
        raise Refused("no empty line stands before the checkpoint")
    lines = utf8(above, "the proof").split("\n")
    if lines.pop(0) != HEADER:
        raise Refused(f"the first line is not {HEADER}")
    extra = (
        base64_bytes(lines.pop(0)[6:], "the extra data") if lines and lines[0].startswith("extra ") else None
    )
    if not lines or not lines[0].startswith("index "):
        raise Refused("no index line")
    index = decimal(lines.pop(0)[6:], "the index")
    if len(lines) > 63:
        raise Refused(f"{len(lines)} hashes prove no entry of any tree")
    return Proof(
        index, tuple(base64_bytes(line, "a hash of the proof", 32) for line in lines), checkpoint, extra
    )
