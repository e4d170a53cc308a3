"""A file that a fact names. Its bytes lie in the object store FILES, under their SHA-256.

Invariant: the hash stands in the fact, and so in the trail. Whatever is found under it later is that file, or
is seen not to be.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.facts.bounds import PLAIN_LINE, Frozen, at_most, between

MB = 1024 * 1024
MOST_FILES = 5
"""Of one report or act."""
MOST_FILES_OF_A_CASE = 200
LARGEST_FILE = 20 * MB
"""Bytes."""
NAME_LETTERS = 120
SHA256 = r"^[0-9a-f]{64}$"

Sha256 = Annotated[str, StringConstraints(pattern=SHA256)]


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


Files = Annotated[tuple[FileRef, ...], at_most(MOST_FILES)]
