"""C2SP checkpoints: origin, size and root of the tree, signed. The time stands in an extension line, so that silence is signed too.

Invariant: a checkpoint is only read after its signature by the pinned key has been checked.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from services.audit import note
from services.audit.merkle import HASH_SIZE
from services.audit.note import Note, NoteError, Signer, Verifier
from shared.facts import rfc3339

_TIME = "time "


class CheckpointError(ValueError):
    """No checkpoint of this trail. Says why."""


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    time: datetime
    """When it was signed, by the signer's clock."""

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{_TIME}{rfc3339(self.time)}\n"

    def sign(self, signer: Signer) -> Note:
        return signer.sign(self.body())


def read(raw: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint of a note, after its signature was checked."""
    try:
        signed = note.parse(raw)
        if not verifier.signed(signed):
            names = ", ".join(sorted({signature.name for signature in signed.signatures}))
            raise CheckpointError(f"the checkpoint is not signed by the pinned key {verifier.name} (signed by: {names})")
    except NoteError as error:
        raise CheckpointError(str(error)) from None
    return _parse(signed.text, verifier.name)


def _parse(text: str, origin: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 4 or not all(lines):
        raise CheckpointError("a checkpoint has origin, size, root and time, a line each")
    if lines[0] != origin:
        raise CheckpointError(f"the checkpoint is of another trail: {lines[0]!r} instead of {origin!r}")
    if not lines[1].isascii() or not lines[1].isdigit() or str(int(lines[1])) != lines[1]:
        raise CheckpointError(f"{lines[1]!r} is no size")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_SIZE or base64.b64encode(root).decode() != lines[2]:
        raise CheckpointError(f"{lines[2]!r} is no root hash")
    times = [line.removeprefix(_TIME) for line in lines[3:] if line.startswith(_TIME)]
    try:
        (stamp,) = times
        return Checkpoint(origin, int(lines[1]), root, datetime.fromisoformat(stamp))
    except ValueError:
        raise CheckpointError("the checkpoint does not say when it was signed") from None
