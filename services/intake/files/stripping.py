"""Takes out of a picture what it says besides the picture: where and when it was taken, by which camera, by whom.

Invariant: the picture itself is copied byte for byte, and is not decoded; which way up it is shown stays. What
is not laid out as its type has it is refused, never passed on as clean.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from shared.files.kinds import FileType

PIECE = 64 * 1024
STRIPPED = frozenset({FileType.JPEG, FileType.PNG, FileType.WEBP})
"""The types of which it can be done."""
_EXIF, _COMMENT = 0xE1, 0xFE
_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Segments of applications that belong to the picture, and how they begin."""
_NEXT_SEGMENT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Within a coded picture 0xFF stands before 0 or a restart mark."""
_SCAN, _END = 0xDA, 0xD9
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_DROPPED = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_ORIENTATION = 0x0112


class OddPictureError(ValueError):
    """The bytes are not laid out as the type has it."""


def stripped(file: BinaryIO, kind: FileType) -> Iterator[bytes]:
    """The picture without what it says besides, piece by piece. Raises OddPictureError."""
    file.seek(0)
    match kind:
        case FileType.JPEG:
            return _jpeg(file)
        case FileType.PNG:
            return _png(file)
        case FileType.WEBP:
            return _webp(file)
        case _:
            raise OddPictureError(kind)


def _jpeg(file: BinaryIO) -> Iterator[bytes]:
    """Segment by segment to the end of the picture; what was hung on behind it (a second picture, a clip) is left
    out. Kept of the application's segments: the size in print (JFIF), colours (ICC, Adobe).
    """
    yield _exactly(file, 2)
    while True:
        if _exactly(file, 1) != b"\xff":
            raise OddPictureError("no segment where one must be")
        while (code := _exactly(file, 1)[0]) == 0xFF:
            continue
        if code in _STANDALONE or code == _END:
            yield bytes((0xFF, code))
            if code == _END:
                return
            continue
        content = _exactly(file, int.from_bytes(_exactly(file, 2), "big") - 2)
        if code == _EXIF and content.startswith(b"Exif\0\0"):
            if way_up := _orientation(content[6:]):
                yield _segment(_EXIF, b"Exif\0\0" + _exif(way_up))
        elif _is_of_the_picture(code, content):
            yield _segment(code, content)
        if code == _SCAN:
            yield from _scan(file)


def _is_of_the_picture(code: int, content: bytes) -> bool:
    if code in _KEPT:
        return content.startswith(_KEPT[code])
    return code != _COMMENT and not 0xE0 <= code <= 0xEF


def _segment(code: int, content: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(content) + 2).to_bytes(2, "big") + content


def _scan(file: BinaryIO) -> Iterator[bytes]:
    """The coded picture up to the next segment."""
    while True:
        at = file.tell()
        piece = file.read(PIECE)
        if len(piece) < 2:
            raise OddPictureError("the picture is cut off")
        if found := _NEXT_SEGMENT.search(piece):
            file.seek(at + found.start())
            yield piece[: found.start()]
            return
        if piece.endswith(b"\xff"):
            file.seek(-1, 1)
            piece = piece[:-1]
        yield piece


def _exif(way_up: int) -> bytes:
    """Nothing but which way up."""
    entry = _ORIENTATION.to_bytes(2, "big") + b"\0\3\0\0\0\1" + way_up.to_bytes(2, "big") + b"\0\0"
    return b"MM\0*\0\0\0\x08\0\1" + entry + b"\0\0\0\0"


def _orientation(exif: bytes) -> int:
    """1 to 8 as the camera held it; 0 where it is not said."""
    if exif[:2] not in (b"II", b"MM"):
        return 0
    is_little = exif[:2] == b"II"

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], "little" if is_little else "big")

    start = number(4, 4)
    for place in range(min(number(start, 2), 512)):
        at = start + 2 + 12 * place
        if number(at, 2) == _ORIENTATION:
            said = number(at + 8, 2)
            return said if 1 < said <= 8 else 0
    return 0


def _png(file: BinaryIO) -> Iterator[bytes]:
    if _exactly(file, 8) != _PNG_START:
        raise OddPictureError("no PNG")
    yield _PNG_START
    while True:
        head = _exactly(file, 8)
        length, name = int.from_bytes(head[:4], "big") + 4, head[4:]
        if name in _PNG_DROPPED:
            _skip(file, length)
        else:
            yield head
            yield from _copied(file, length)
        if name == b"IEND":
            return


def _webp(file: BinaryIO) -> Iterator[bytes]:
    """The size in front is written anew: so the parts are looked through first."""
    parts: list[tuple[bytes, int, int]] = []
    _exactly(file, 12)
    while head := file.read(8):
        if len(head) < 8 or len(parts) > 10_000:
            raise OddPictureError("a part is cut off")
        size = int.from_bytes(head[4:], "little")
        padded = size + size % 2
        if head[:4] not in _WEBP_DROPPED:
            parts.append((head, file.tell(), padded))
        file.seek(padded, 1)
    yield b"RIFF" + (4 + sum(8 + padded for _, _, padded in parts)).to_bytes(4, "little") + b"WEBP"
    for head, at, padded in parts:
        yield head
        file.seek(at)
        if head.startswith(b"VP8X"):
            content = _exactly(file, padded)
            yield bytes((content[0] & ~0b1100,)) + content[1:]  # it says that there are such parts
        else:
            yield from _copied(file, padded)


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count) if count >= 0 else b""
    if len(content) != max(count, 0) or count < 0:
        raise OddPictureError("it is cut off")
    return content


def _copied(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count:
        piece = _exactly(file, min(count, PIECE))
        count -= len(piece)
        yield piece


def _skip(file: BinaryIO, count: int) -> None:
    for _ in _copied(file, count):
        continue
