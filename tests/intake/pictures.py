"""Small files of each type, as their types lay them out."""

import io
import struct
import zipfile
import zlib


def exif(orientation: int = 6) -> bytes:
    """Orientation, and the camera's name, and that there is a place."""
    maker = b"SECRET-CAMERA\0"
    entries = (
        struct.pack("<HHII", 0x010F, 2, len(maker), 8 + 2 + 3 * 12 + 4),
        struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0),
        struct.pack("<HHII", 0x8825, 4, 1, 0),
    )
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 3) + b"".join(entries) + b"\0" * 4 + maker


def segment(code: int, content: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content


def jpeg(
    *, with_exif: bool = True, coded: bytes = b"\x12\xff\x00\x34\xff\xd0\x56", more: bytes = b""
) -> bytes:
    """Not a picture that anything would show, but laid out as one, in two scans."""
    parts = [b"\xff\xd8", segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]
    if with_exif:
        parts += [
            segment(0xE1, b"Exif\0\0" + exif()),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0SECRET-XMP"),
        ]
        parts += [segment(0xED, b"SECRET-IPTC"), segment(0xFE, b"SECRET-COMMENT")]
    parts += [segment(0xDB, bytes(65)), segment(0xDA, b"\1\1\0\0\x3f\0"), coded]
    parts += [segment(0xC4, b"\xff\xd9\x11"), segment(0xDA, b"\1\1\0\0\x3f\0"), coded, b"\xff\xd9", more]
    return b"".join(parts)


def png(*, text: bytes = b"", size: int = 8) -> bytes:
    """A picture that shows: a square of one colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    rows = b"".join(b"\0" + b"\xc0\x20\x20" * size for _ in range(size))
    said = chunk(b"tEXt", text) if text else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + said + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp() -> bytes:
    def part(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    parts = part(b"VP8X", bytes((0b1100,)) + bytes(9)) + part(b"VP8 ", b"\1\2\3") + part(b"EXIF", b"SECRET")
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts


def office(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()
