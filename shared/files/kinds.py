"""The types of file that are taken, and which of them a content has.

Invariant: a type is told from the bytes alone, never from a name or from what the sender says. What is none of
these types is not taken. No page (HTML, SVG) and no program is among them: such a content is plain text, or
nothing.
"""

import codecs
import re
import zipfile
from enum import StrEnum
from typing import BinaryIO

HEAD = 4096
"""Bytes by which most types are told."""
PIECE = 64 * 1024
LARGEST_LISTING = 512 * 1024
"""Bytes of the list of contents of an office document; those of real ones are a tenth."""
_END_OF_ZIP = 22
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class FileType(StrEnum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"
    HEIC = "image/heic"
    PDF = "application/pdf"
    OFD = "application/ofd"
    """The fixed layout of official documents, GB/T 33190."""
    MP4 = "video/mp4"
    QUICKTIME = "video/quicktime"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    TEXT = "text/plain"
    XML = "application/xml"
    """What another system sent, kept as it came; nobody can upload it."""


ENDINGS: dict[FileType, tuple[str, ...]] = {
    FileType.JPEG: ("jpg", "jpeg"),
    FileType.PNG: ("png",),
    FileType.WEBP: ("webp",),
    FileType.GIF: ("gif",),
    FileType.HEIC: ("heic", "heif"),
    FileType.PDF: ("pdf",),
    FileType.OFD: ("ofd",),
    FileType.MP4: ("mp4", "m4v"),
    FileType.QUICKTIME: ("mov",),
    FileType.DOCX: ("docx",),
    FileType.XLSX: ("xlsx",),
    FileType.PPTX: ("pptx",),
    FileType.TEXT: ("txt", "csv", "md"),
    FileType.XML: ("xml",),
}
"""How names end; the first where a name ends otherwise."""
PICTURES = frozenset({FileType.JPEG, FileType.PNG, FileType.WEBP, FileType.GIF})
"""What every browser shows as a picture."""
SHOWN = PICTURES | {FileType.MP4}
"""What a browser may show in the page's place; all else is saved to a file."""
TAKEN = "JPEG, PNG, WebP, GIF, HEIC, PDF, OFD, MP4, MOV, DOCX, XLSX, PPTX, UTF-8"
"""In words, for whoever sends something else."""
_STARTS: tuple[tuple[bytes, FileType], ...] = (
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"\x89PNG\r\n\x1a\n", FileType.PNG),
    (b"GIF87a", FileType.GIF),
    (b"GIF89a", FileType.GIF),
    (b"%PDF-", FileType.PDF),
)
_BRANDS: dict[bytes, FileType] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc"), FileType.HEIC),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VH", b"MSNV"),
        FileType.MP4,
    ),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6"), FileType.MP4),
    b"qt  ": FileType.QUICKTIME,
}
"""The main brand of an ISO media file (`ftyp`)."""
_PARTS = (
    ("word/", FileType.DOCX),
    ("xl/", FileType.XLSX),
    ("ppt/", FileType.PPTX),
)


def type_of(file: BinaryIO) -> FileType | None:
    """The type of the content; None for one that is not taken. Reads from the start, a piece at a time."""
    file.seek(0)
    head = file.read(HEAD)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileType.WEBP
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    if head.startswith(b"PK\x03\x04"):
        return _office_type(file)
    return FileType.TEXT if head and _is_text(file) else None


def _office_type(file: BinaryIO) -> FileType | None:
    """Of a zip. One without the list of contents at its very end, or with a long one, is no office document;
    nor is one that holds a program.
    """
    size = file.seek(0, 2)
    file.seek(max(size - _END_OF_ZIP, 0))
    end = file.read(_END_OF_ZIP)
    if not end.startswith(b"PK\x05\x06") or int.from_bytes(end[12:16], "little") > LARGEST_LISTING:
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, LookupError, NotImplementedError, OSError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    if "OFD.xml" in names:
        return FileType.OFD
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in _PARTS if any(name.startswith(part) for name in names)), None)


def _is_text(file: BinaryIO) -> bool:
    """Whole UTF-8 without control characters."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(PIECE):
            if _NOT_IN_TEXT.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
