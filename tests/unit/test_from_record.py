"""The seal of a document made from the record: it opens as before, and one changed byte is another document."""

import io
import random
import zipfile
from datetime import UTC, datetime
from typing import Any

import docx
import pytest

from shared.facts import FromRecord
from shared.files.from_record import made_from_record, sealed
from shared.files.kinds import FileType, type_of
from shared.tlog.note import Verifier
from shared.vocabulary import Document
from tests.audit.made import signer, vkey_of

MADE = FromRecord(
    document=Document.ANALYSIS,
    since=datetime(2026, 10, 31, 16, tzinfo=UTC),
    until=datetime(2026, 11, 30, 15, 59, 59, 999999, tzinfo=UTC),
    at=datetime(2026, 12, 1, 1, tzinfo=UTC),
    size=10**15,
    root="ab" * 32,
)
KEY = Verifier.read(vkey_of(signer()))


def written(text: str = "十一月社情分析") -> bytes:
    file: Any = docx.Document()
    file.add_paragraph(text)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def test_a_sealed_document_opens_as_before_and_says_of_which_record_it_was_made() -> None:
    file = sealed(written(), MADE, signer())
    assert made_from_record(file, KEY) == MADE
    assert type_of(io.BytesIO(file)) is FileType.DOCX
    opened: Any = docx.Document(io.BytesIO(file))
    assert [one.text for one in opened.paragraphs] == ["十一月社情分析"]
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.testzip() is None


def test_a_byte_changed_anywhere_is_another_document() -> None:
    file = sealed(written(), MADE, signer())
    chance = random.Random(9)
    for at in {0, len(file) - 1, *(chance.randrange(len(file)) for _ in range(400))}:
        changed = bytearray(file)
        changed[at] ^= 1 << chance.randrange(8)
        made = made_from_record(bytes(changed), KEY)
        assert made is None, at
    assert made_from_record(file + b" ", KEY) is None
    assert made_from_record(file[:-1], KEY) is None


def test_saved_again_by_a_word_processor_it_is_no_longer_that_document() -> None:
    again: Any = docx.Document(io.BytesIO(sealed(written(), MADE, signer())))
    again.add_paragraph("本局意见")
    out = io.BytesIO()
    again.save(out)
    assert made_from_record(out.getvalue(), KEY) is None


def test_the_seal_of_another_file_or_another_key_is_none() -> None:
    file, other = sealed(written(), MADE, signer()), sealed(written("另一份分析"), MADE, signer())
    mark = file.index(b"fenghuo: made")
    at = other.index(b"fenghuo: made")
    moved = other[:at] + file[mark : mark + 1500] + other[at + 1500 :]
    assert made_from_record(moved, KEY) is None
    assert made_from_record(sealed(written(), MADE, signer(2)), KEY) is None
    assert made_from_record(sealed(written(), MADE, signer(2, "fenghuo.other")), KEY) is None
    assert made_from_record(file + file[mark : mark + 1500], KEY) is None, "two seals are none"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04",
        written(),
        b"fenghuo: made from the record\n",
        b"fenghuo: made from the record\n" * 3,
    ],
)
def test_what_has_no_seal_was_not_made_from_the_record(raw: bytes) -> None:
    assert made_from_record(raw, KEY) is None


def test_a_signed_text_of_another_sort_is_no_seal() -> None:
    """The same key signs checkpoints and bundles: none of those reads as a seal."""
    file = sealed(written(), MADE, signer())
    at = file.index(b"fenghuo: made") + len(b"fenghuo: made from the record\n")
    for text in ("fenghuo.trail\n5\nq\n", "fenghuo.document/1\n", "fenghuo.document/1\n{}\nab\n", "x\n"):
        note = signer().sign(text).write().encode()
        forged = file[:at] + note.ljust(1500 - 30) + file[at + 1500 - 30 :]
        assert len(forged) == len(file)
        assert made_from_record(forged, KEY) is None, text
