"""Files as they come in: types told from content, names made harmless, pictures cleaned without being touched."""

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.files.stripping import STRIPPED, OddPictureError, stripped
from shared.facts.file import NAME_LETTERS
from shared.files.kinds import ENDINGS, FileType, type_of
from shared.files.names import MOST_BYTES, clean_name
from shared.plain_text import NOT_IN_LINE
from tests.intake.pictures import jpeg, office, png, webp

WORD = "[Content_Types].xml", "word/document.xml"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (jpeg(), FileType.JPEG),
        (png(), FileType.PNG),
        (webp(), FileType.WEBP),
        (b"GIF89a....", FileType.GIF),
        (b"\0\0\0\x18ftypheic....", FileType.HEIC),
        (b"\0\0\0\x18ftypisom....", FileType.MP4),
        (b"\0\0\0\x14ftypqt  ....", FileType.QUICKTIME),
        (b"%PDF-1.7\n", FileType.PDF),
        (office("OFD.xml", "Doc_0/Document.xml"), FileType.OFD),
        (office(*WORD), FileType.DOCX),
        (office("[Content_Types].xml", "xl/workbook.xml"), FileType.XLSX),
        ("张家川，三户\r\n".encode() * 9000, FileType.TEXT),
        (b"<script>alert(1)</script>", FileType.TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", FileType.TEXT),
        (b"MZ\x90\0\3\0\0\0", None),
        (b"\x7fELF\2\1\1\0", None),
        (b"Rar!\x1a\7\1\0", None),
        (office("setup.exe"), None),
        (office(*WORD, "word/vbaProject.bin"), None),
        (office(*WORD) + b"something hung on", None),
        (office(*WORD)[:-30] + b"\0" * 30, None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None),
        (b"\x1b[2J", None),
        (b"\xff\xfeh\0i\0", None),
        (b"", None),
    ],
)
def test_a_type_is_told_from_the_content_alone(content: bytes, kind: FileType | None) -> None:
    assert type_of(io.BytesIO(content)) is kind


@given(st.text(max_size=300), st.sampled_from(FileType))
def test_a_clean_name_is_harmless_wherever_it_stands_and_stays_as_it_is(
    given_name: str, kind: FileType
) -> None:
    name = clean_name(given_name, kind)
    assert re.fullmatch(r'[^\\/<>:"|?*%]+', name)
    assert not NOT_IN_LINE.search(name)
    assert not name.startswith((".", " "))
    assert name.rpartition(".")[2].lower() in ENDINGS[kind], "it ends as its content does"
    assert len(name) <= NAME_LETTERS
    assert len(name.encode()) <= MOST_BYTES
    assert not re.fullmatch(r"(?i)(con|nul|aux|prn|com\d|lpt\d)(\..*)?", name)
    assert unicodedata.is_normalized("NFC", name)
    assert clean_name(name, kind) == name


@pytest.mark.parametrize(
    ("given_name", "kind", "name"),
    [
        ("现场照片.JPG", FileType.JPEG, "现场照片.JPG"),
        ("../../etc/passwd", FileType.TEXT, "passwd.txt"),
        ("C:\\Users\\a\\scan.pdf", FileType.PDF, "scan.pdf"),
        ("photo.jpg.exe", FileType.JPEG, "photo.jpg.exe.jpg"),
        ("\u202egnp.exe", FileType.PNG, "gnp.exe.png"),
        ("con.png", FileType.PNG, "_con.png"),
        ("", FileType.PDF, "file.pdf"),
        (None, FileType.MP4, "file.mp4"),
    ],
)
def test_names_as_people_and_attackers_give_them(given_name: str | None, kind: FileType, name: str) -> None:
    assert clean_name(given_name, kind) == name


def cleaned(content: bytes, kind: FileType) -> bytes:
    return b"".join(stripped(io.BytesIO(content), kind))


def test_a_picture_is_cleaned_of_all_but_the_picture_and_which_way_up_it_is() -> None:
    clean = cleaned(jpeg(more=b"SECRET-CLIP"), FileType.JPEG)
    assert b"SECRET" not in clean
    way_up = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0"
    assert way_up in clean
    assert clean.replace(b"\xff\xe1\0\x22" + way_up + b"\0\0\0\0", b"") == jpeg(with_exif=False)
    assert cleaned(clean, FileType.JPEG) == clean
    assert cleaned(png(text=b"Author\0SECRET"), FileType.PNG) == png()
    clean = cleaned(webp(), FileType.WEBP)
    assert b"SECRET" not in clean
    assert type_of(io.BytesIO(clean)) is FileType.WEBP
    assert int.from_bytes(clean[4:8], "little") == len(clean) - 8


@given(st.binary(max_size=400), st.integers(0, 400), st.sampled_from((jpeg(), png(text=b"a\0b"), webp())))
def test_a_picture_that_is_not_laid_out_as_its_type_is_refused_or_cleaned_and_nothing_else(
    noise: bytes, at: int, picture: bytes
) -> None:
    spoilt = picture[:at] + noise
    kind = type_of(io.BytesIO(spoilt))
    if kind is not None and kind in STRIPPED:
        try:
            cleaned(spoilt, kind)
        except OddPictureError:
            return
