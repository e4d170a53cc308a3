"""C2SP checkpoints: origin, size and root of the tree, signed; and when, so that silence is signed too.

Invariant: a checkpoint is only read after its signature by the pinned key has been checked. The time stands
in a second signature line, a `cosignature/v1` of the log's own key: a line more in the text would do, but
C2SP advises against it, and readers nobody here wrote stumble over it. Earlier checkpoints have that line and
are read for ever.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.tlog import cosignature, note
from shared.tlog.cosignature import COSIGNATURE, Cosigner, Witness
from shared.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from shared.tlog.note import Note, NoteError, Signer, Verifier

_TIME = "time "
_LINES = 3
_SIZE_DIGITS = 19


class CheckpointError(ValueError):
    """No checkpoint of this trail. Says why."""


@dataclass(frozen=True)
class Head:
    """What any log's checkpoint says. `time`: where it has an extension line as our earlier ones."""

    origin: str
    size: int
    root: bytes
    time: datetime | None


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    time: datetime
    """When it was signed, by the signer's clock; whole seconds once it is read."""

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, signer: Signer) -> Note:
        clock = Cosigner(
            signer.name, note.key_hash(signer.name, note.public_bytes(signer.key), COSIGNATURE), signer.key
        )
        signed = signer.sign(self.body())
        return Note(signed.text, (*signed.signatures, clock.cosign(signed.text, int(self.time.timestamp()))))


def read(raw: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint of a note, after its signature was checked."""
    try:
        signed = note.parse(raw)
        if not verifier.signed(signed):
            names = ", ".join(sorted({signature.name for signature in signed.signatures}))
            raise CheckpointError(
                f"the checkpoint is not signed by the pinned key {verifier.name} (signed by: {names})"
            )
        head, time = head_of(signed.text), signed_at(signed, verifier)
    except NoteError as error:
        raise CheckpointError(str(error)) from None
    if head.origin != verifier.name:
        raise CheckpointError(
            f"the checkpoint is of another trail: {head.origin!r} instead of {verifier.name!r}"
        )
    if time is None:
        raise CheckpointError("the checkpoint does not say when it was signed")
    return Checkpoint(head.origin, head.size, head.root, time)


def signed_at(signed: Note, verifier: Verifier) -> datetime | None:
    """When the log says it signed: by its own cosignature, in earlier checkpoints by a line of the text.
    Raises NoteError.
    """
    if (time := head_of(signed.text).time) is not None:
        return time
    clock = Witness(
        verifier.name,
        note.key_hash(verifier.name, verifier.key.public_bytes_raw(), COSIGNATURE),
        verifier.key,
    )
    seconds = cosignature.cosigned(signed, [clock]).get(clock.id)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def head_of(text: str) -> Head:
    """What the text of a checkpoint says, of whatever log: its signatures are for the caller to check."""
    lines = text[:-1].split("\n")
    if len(lines) < _LINES or not all(lines) or not text.endswith("\n"):
        raise CheckpointError("a checkpoint has origin, size and root, a line each")
    size = size_of(lines[1])
    if size is None:
        raise CheckpointError(f"{lines[1][:40]!r} is no size")
    root = note.exact_base64(lines[2])
    if root is None or len(root) != HASH_SIZE:
        raise CheckpointError(f"{lines[2][:60]!r} is no root hash")
    if size == 0 and root != EMPTY_ROOT:
        raise CheckpointError("a tree of no records has one root, this is another")
    return Head(lines[0], size, root, _time_of(lines[_LINES:]))


def size_of(text: str) -> int | None:
    """A size in its one spelling: ASCII decimal without leading zeroes, below 2^63; None for anything
    else.
    """
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > _SIZE_DIGITS
        or str(int(text)) != text
        or int(text) >= 1 << 63
    ):
        return None
    return int(text)


def _time_of(extensions: list[str]) -> datetime | None:
    times = [line.removeprefix(_TIME) for line in extensions if line.startswith(_TIME)]
    try:
        (stamp,) = times
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
