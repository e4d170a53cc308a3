"""The seal of a document that was made from the record: which document, of which time, from which tree, and
the hash of the file; signed with the trail's key.

Invariant: every byte of the file but the seal itself is hashed, so that a file with one byte changed, or with
another file's seal, is not the document that was made. Of the file nothing is read but that. Pure.
"""

import io
import zipfile
from hashlib import sha256

from pydantic import ValidationError

from shared.facts.file import MB, FromRecord
from shared.tlog.note import NoteError, Signer, Verifier, parse

LARGEST = 8 * MB
"""Bytes of a document of ours; those of a year of a large city are a tenth."""
_NAME = "fenghuo.document/1"
_MARK = b"fenghuo: made from the record\n"
_ROOM = 1500
_BLANK = _MARK + b" " * (_ROOM - len(_MARK))


def sealed(docx: bytes, made: FromRecord, signer: Signer) -> bytes:
    """The file with its seal, as the comment of a part in the list of contents: no word processor shows it."""
    blank = _with_room(docx)
    at = blank.rindex(_MARK)
    note = signer.sign(_text(made, blank)).write().encode()
    seal = (_MARK + note).ljust(_ROOM)
    assert len(seal) == _ROOM, "a seal longer than its room"
    return blank[:at] + seal + blank[at + _ROOM :]


def made_from_record(file: bytes, verifier: Verifier) -> FromRecord | None:
    """What its seal says; None for a file without one, and for one whose seal is not its own."""
    at = file.find(_MARK)
    if at < 0 or file.count(_MARK) > 1:
        return None
    seal = file[at + len(_MARK) : at + _ROOM]
    try:
        note = parse(seal.rstrip(b" "))
        name, said, _ = note.text.split("\n", 2)
        if name != _NAME or not verifier.signed(note):
            return None
        made = FromRecord.model_validate_json(said)
    except (NoteError, ValidationError, ValueError):
        return None
    blank = file[:at] + _BLANK + file[at + _ROOM :]
    return made if note.text == _text(made, blank, said) else None


def _text(made: FromRecord, blank: bytes, said: str | None = None) -> str:
    return f"{_NAME}\n{said or made.model_dump_json()}\n{sha256(blank).hexdigest()}\n"


def _with_room(docx: bytes) -> bytes:
    file = io.BytesIO(docx)
    with zipfile.ZipFile(file, "a") as archive:
        archive.infolist()[-1].comment = _BLANK
        archive.comment = b""  # so that the list of contents is written anew
    return file.getvalue()
