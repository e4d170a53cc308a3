"""Text has one form only: what decodes must be what would be encoded again, or it is refused."""

import base64
import binascii
import re

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
MOST = 2**63 - 1
"""Sizes, indexes and timestamps: the specifications bound timestamps by it, and every known log its sizes."""


class Refused(Exception):
    """What was read is malformed, unsigned, or does not hold; says what and where."""


def decimal(text: str, what: str) -> int:
    """ASCII decimal without leading zeroes."""
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > MOST:
        raise Refused(f"{what} is not a decimal number without leading zeroes: {text[:40]!r}")
    return number


def base64_bytes(text: str, what: str, length: int | None = None) -> bytes:
    """RFC 4648 section 4, padded, no stray bits, no white space."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(f"{what} is not base64: {text[:40]!r}") from error
    if base64.b64encode(raw).decode() != text:
        raise Refused(f"{what} is base64 in another form than the standard one: {text[:40]!r}")
    if length is not None and len(raw) != length:
        raise Refused(f"{what} has {len(raw)} bytes, not {length}")
    return raw


def utf8(raw: bytes, what: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{what} is not UTF-8 at byte {error.start}") from error
