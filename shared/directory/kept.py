"""The directory as the bucket DIRECTORY keeps it: the document, its revision, and the fact of the change that
made it; and beside it the changes that wait for a second person.

Invariant: the fact's bytes lie in the same value as what they changed, so that a crash between the two writes
loses nothing: whoever finds a change that was not told yet appends the very same bytes under the very same
id.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.directory.change_facts import Change
from shared.directory.whole import Directory
from shared.facts import Actor, Frozen, Instant, Signature

CURRENT = "current"
TOLD = "told"
"""Key: the id of the last change whose fact is in FACTS."""

PROPOSED = "proposed"
"""Key: the changes that wait for a second person."""


def file_key(digest: str) -> str:
    """Where the directory of a file is kept, so that the next file is laid beside it and run-time changes
    survive.
    """
    return f"file-{digest[:32]}"


class KeptDirectory(Frozen):
    """The value under `current`."""

    revision: Annotated[int, Field(ge=1)]
    at: Instant
    change: str
    """The id of the change that made this revision: the id of its fact."""
    subject: str
    """Where that fact belongs."""
    fact: str
    """Its bytes, UTF-8."""
    file: str | None = None
    """SHA-256 (hex) of the last directory file that was taken in."""
    recent: tuple[str, ...] = ()
    """Ids of the last changes, the newest last: a repeat of one of them changes nothing."""
    directory: Directory

    def write(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def read(cls, raw: bytes) -> "KeptDirectory":
        """Raises ValueError for a value that is none."""
        return cls.model_validate_json(raw)


class Proposal(Frozen):
    """A change that waits for a second person. Its id becomes the change's."""

    id: str
    at: Instant
    expires_at: Instant
    by: Actor
    person: str | None = None
    signature: Signature
    why: str = ""
    changes: tuple[Change, ...]
    taken_back: bool = False
    """By whoever proposed it: it waits for nobody, and counts until it would have expired, since people were
    told of it.
    """


class KeptProposals(Frozen):
    """The value under `proposed`."""

    pending: tuple[Proposal, ...] = ()

    def at(self, now: datetime) -> tuple[Proposal, ...]:
        """Those that have not expired."""
        return tuple(proposal for proposal in self.pending if proposal.expires_at > now)
