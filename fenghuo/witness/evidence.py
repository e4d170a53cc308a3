"""Evidence that a log misbehaved: both statements of the log, word for word, in a file that anyone can check
with its public key.

Invariant: one file for each thing the log said that can't be; a file is written once, synced, and never
changed. What is settled a person moves to the folder `settled` beside it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from shared.synced_files import write_new

_LIMIT = 1_000
"""More of them say nothing new and would fill the disk."""


class Misdeed(StrEnum):
    SPLIT_VIEW = "split_view"
    """Two roots for one size, both signed: proof by itself, whoever reads it."""
    FORK = "fork"
    """A larger tree that does not contain what was signed before."""
    ROLLBACK = "rollback"
    """A smaller tree signed later than a larger one."""
    BAD_SIGNATURE = "bad_signature"
    """What the log serves as its checkpoint is not signed by its key."""


WORDS = {
    Misdeed.SPLIT_VIEW: "The log signed two different trees of the same size: it shows different people different trails,"
    " or rewrote its own.",
    Misdeed.FORK: "The log signed a tree that does not contain what it had signed before: records were changed, removed or reordered.",
    Misdeed.ROLLBACK: "The log signed a smaller tree after a larger one: it took records back, or was put back to an older copy.",
    Misdeed.BAD_SIGNATURE: "What the log serves as its checkpoint is not signed by its key: its key was replaced, or someone answers in its"
    " place.",
}
NEXT = (
    "keep this file; tell those who keep the log and those who watch over them; let nobody restart or restore anything before its store, "
    "its signer's state and its broker were copied. `fenghuo trail verify` at the log says which records differ. When it is settled, move "
    "the file to `settled`"
)


@dataclass(frozen=True)
class EvidenceFolder:
    folder: Path

    def keep(
        self, kind: Misdeed, origin: str, kept: str, shown: str, identity: bytes, now: int, more: str = ""
    ) -> Path | None:
        """`identity` tells one misdeed from another. Returns the file, None where it is on record already (or
        there are too many).
        """
        self.folder.mkdir(exist_ok=True)
        mark = sha256(origin.encode() + b"\0" + identity).hexdigest()[:12]
        files = self.files()
        if len(files) >= _LIMIT or any(
            path.stem.endswith(f"{kind}-{mark}")
            for path in (*files, *(self.folder / "settled").glob("*.txt"))
        ):
            return None
        at = datetime.fromtimestamp(now, UTC)
        path = self.folder / f"{at:%Y%m%dT%H%M%SZ}-{kind}-{mark}.txt"
        text = (
            f"{kind} of {origin}, seen {at.isoformat()}\n{WORDS[kind]}\n{more}\n"
            f"===== the checkpoint this witness had cosigned before =====\n{kept or '(none)'}\n"
            f"===== the checkpoint the log showed now =====\n{shown}\n"
            f"===== what to do =====\n{NEXT}\n"
        )
        write_new(path, text.encode())
        return path

    def files(self) -> list[Path]:
        """Unsettled, the oldest first."""
        return sorted(self.folder.glob("*.txt"))
