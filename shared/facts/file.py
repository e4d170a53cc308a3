"""A file that a fact names. Its bytes lie in the object store FILES, under their SHA-256.

Invariant: the hash stands in the fact, and so in the trail. Whatever is found under it later is that file, or
is seen not to be.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.facts.body import FactBody
from shared.facts.bounds import PLAIN_LINE, Frozen, Instant, at_most, between
from shared.facts.value import Value
from shared.vocabulary import Document

MB = 1024 * 1024
MOST_FILES = 5
"""Of one report or act."""
MOST_FILES_OF_A_CASE = 200
LARGEST_FILE = 20 * MB
"""Bytes."""
NAME_LETTERS = 120
SHA256 = r"^[0-9a-f]{64}$"

Sha256 = Annotated[str, StringConstraints(pattern=SHA256)]


class FromRecord(Frozen):
    """A file that was made from the record, and not changed since: its seal says so (shared/files/from_record.py)."""

    document: Document
    since: Instant
    until: Instant
    """The time it tells of."""
    at: Instant
    """When the checkpoint was signed up to which the record was read."""
    size: Annotated[int, Field(ge=0)]
    root: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the tree, at that checkpoint."""


class MadeFromRecord(Value, frozen=True, kw_only=True):
    """The same as a case and a reader have it."""

    since: datetime
    until: datetime
    at: datetime


class FileRef(Frozen):
    """What a fact says of one file. Who hands in a report or an act gives the hash, as the upload answered it,
    and may give a name; intake fills in the rest from what is stored.
    """

    sha256: Sha256
    """Of the bytes as they are stored, hex."""
    name: Annotated[str, StringConstraints(min_length=1, max_length=500), PLAIN_LINE] | None = None
    """For people. Cleaned: no folder in it, and the ending that its content has."""
    type: Annotated[str, StringConstraints(max_length=100)] | None = None
    """The media type that its content has."""
    bytes: Annotated[int, Field(ge=0), between(1, LARGEST_FILE)] | None = None
    from_record: FromRecord | Literal[False] | None = None
    """Of a document that is to be made from the record: what its seal says, or that it is none such. None: nobody has
    looked. Intake fills it in.
    """


Files = Annotated[tuple[FileRef, ...], at_most(MOST_FILES)]


def origin_in(file: FactBody) -> MadeFromRecord | bool | None:
    """Of a file as a fact or a log has it; None where nobody has looked."""
    if file.fields.get("from_record") is False:
        return False
    said = file.part("from_record")
    since, until, at = said.at("since"), said.at("until"), said.at("at")
    if since is None or until is None or at is None:
        return None
    return MadeFromRecord(since=since, until=until, at=at)


def origin_of(file: FileRef) -> MadeFromRecord | bool | None:
    made = file.from_record
    if not made:
        return made
    return MadeFromRecord(since=made.since, until=made.until, at=made.at)
