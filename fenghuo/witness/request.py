"""The body of `add-checkpoint` (C2SP tlog-witness): old size, consistency proof, empty line, checkpoint.
Written and read here.

Invariant: what `read` takes is exactly what `write` makes; anything else is refused as malformed.
"""

from dataclasses import dataclass

from shared.tlog import cosignature, note
from shared.tlog.checkpoint import CheckpointError, Head, head_of, size_of
from shared.tlog.merkle import HASH_SIZE
from shared.tlog.note import Note, NoteError

PROOF_LINES = 63
BODY_LIMIT = 256 * 1024


class MalformedError(ValueError):
    """No body of `add-checkpoint`. Says why."""


@dataclass(frozen=True)
class AddCheckpoint:
    old: int
    hashes: tuple[bytes, ...]
    signed: Note
    head: Head


write = cosignature.add_checkpoint


def read(body: bytes) -> AddCheckpoint:
    if len(body) > BODY_LIMIT:
        raise MalformedError("the request is too long")
    above, gap, below = body.partition(b"\n\n")
    try:
        lines = above.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("the old size and the proof are ASCII lines") from None
    old = size_of(lines[0].removeprefix("old ")) if gap and lines[0].startswith("old ") else None
    if old is None:
        raise MalformedError(
            "it begins with a line `old <size>`, then the proof, then an empty line and the checkpoint"
        )
    if len(lines) - 1 > PROOF_LINES:
        raise MalformedError(f"a consistency proof has at most {PROOF_LINES} hashes")
    try:
        signed = note.parse(below)
        return AddCheckpoint(old, tuple(_hash(line) for line in lines[1:]), signed, head_of(signed.text))
    except (NoteError, CheckpointError) as error:
        raise MalformedError(str(error)) from None


def _hash(line: str) -> bytes:
    content = note.exact_base64(line)
    if content is None or len(content) != HASH_SIZE:
        raise MalformedError(f"{line[:60]!r} is no hash")
    return content
