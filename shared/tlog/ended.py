"""The note about the end of a trail, which the first record of the next one holds.

Invariant: it is signed by the ended trail's key, and names the key that signs from then on: neither can be
taken for another's.
"""

import base64
from typing import NamedTuple

from shared.tlog import note as notes
from shared.tlog.note import Note, NoteError, Signer, Verifier

_TITLE = "fenghuo trail ended"


class Ended(NamedTuple):
    """Where a trail ended."""

    name: str
    size: int
    root: bytes
    vkey: str
    """Of the trail that follows."""


def end_note(old: Signer, size: int, root: bytes, vkey: str) -> Note:
    return old.sign(
        "\n".join((_TITLE, old.name, str(size), base64.b64encode(root).decode(), vkey.strip())) + "\n"
    )


def ended(note: str, key: Verifier | None) -> Ended:
    """What the note says. Raises NoteError where it is none, or where the ended trail's `key` (None: not
    known here) has not signed it.
    """
    parsed = notes.parse(note.encode())
    title, *lines = parsed.text.splitlines()
    if title != _TITLE or len(lines) != 4:
        raise NoteError("this is no note about the end of a trail")
    name, size, root, vkey = lines
    if key is not None and not (key.name == name and key.signed(parsed)):
        raise NoteError(
            f"the end of the trail before ({name}) was not signed by the key given for it ({key.name})"
        )
    digest = notes.exact_base64(root)
    if not size.isdecimal() or digest is None or len(digest) != 32:
        raise NoteError("the note about the end of the trail before has no size, or no root")
    return Ended(name, int(size), digest, vkey)


def followed(note: str | None, own: Verifier, before: Verifier | None) -> Ended | None:
    """What a trail signed by `own` says in its first record of the one it follows; None where it follows
    none. Raises NoteError where the note does not hold, or where `before`, whose trail it should follow, is
    not named.
    """
    if note is None:
        if before is not None:
            raise NoteError(
                f"it does not say that it follows another trail, and so not that of {before.name}"
            )
        return None
    end = ended(note, before)
    if Verifier.read(end.vkey) != own:
        raise NoteError(
            f"the trail before ({end.name}) has named another key than this trail's for what follows it"
        )
    return end
