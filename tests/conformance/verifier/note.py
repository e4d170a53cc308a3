"""c2sp.org/signed-note: a text counts only if a known key signed it, and not at all if a known key's
signature is wrong.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.conformance.verifier.strict import MOST, Refused, base64_bytes, utf8

ED25519 = 0x01
COSIGNATURE = 0x04
MOST_SIGNATURES = 100
"""At least 16 must be taken; a bound there should be."""
_SIGNATURE = re.compile("— ([^ \n]+) ([^ \n]+)")


@dataclass(frozen=True)
class Key:
    """A verifier key: `<name>+<key id in hex>+<base64 of type and public key>`."""

    name: str
    id: bytes
    type: int
    public: bytes

    @classmethod
    def read(cls, vkey: str) -> "Key":
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not is_name(parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
            raise Refused(f"not a verifier key: {vkey[:80]!r}")
        raw = base64_bytes(parts[2], "the key of a verifier key")
        if not raw or raw[0] not in (ED25519, COSIGNATURE) or len(raw) != 33:
            raise Refused("a verifier key of a type this verifier does not know")
        key = cls(parts[0], bytes.fromhex(parts[1]), raw[0], raw[1:])
        if key.id != key_id(key.name, key.type, key.public):
            raise Refused(f"the id of verifier key {key.name} is not the one its name and key give")
        return key

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.public).decode()}"

    def signed(self, text: str, signature: bytes) -> int | None:
        """The time of a cosignature (POSIX seconds), None for the log's own; `Refused` if it is not this
        key's signature.
        """
        message, stamp = text.encode(), None
        if self.type == COSIGNATURE:
            if len(signature) != 8 + 64:
                raise Refused(f"a cosignature of {self.name} has {len(signature)} bytes, not 72")
            stamp = int.from_bytes(signature[:8])
            if stamp > MOST:
                raise Refused(f"a cosignature of {self.name} has an impossible time")
            message, signature = f"cosignature/v1\ntime {stamp}\n".encode() + message, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Refused(f"the signature of {self.name} does not hold") from error
        return stamp


class Signature(NamedTuple):
    name: str
    id: bytes
    signature: bytes


class Signed(NamedTuple):
    """A note: its text, and of each known key that signed it the time it states (None for a log's own
    signature).
    """

    text: str
    by: dict[Key, int | None]


def key_id(name: str, signature_type: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([signature_type]) + public).digest()[:4]


def is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def split(raw: bytes) -> tuple[str, list[Signature]]:
    """A note's text and signatures, nothing of it verified."""
    note = utf8(raw, "the note")
    if any(letter < " " and letter != "\n" for letter in note):
        raise Refused("the note has a control character")
    above, blank, below = note.rpartition("\n\n")
    if not blank:
        raise Refused("no blank line separates text and signatures")
    return above + "\n", signature_lines(below)


def signature_lines(text: str) -> list[Signature]:
    """One or more signature lines, each ending in a newline (also the body of a witness's answer)."""
    if not text.endswith("\n"):
        raise Refused("the note does not end in a newline")
    lines = text[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise Refused(f"the note has {len(lines)} signatures")
    return [_signature(line) for line in lines]


def _signature(line: str) -> Signature:
    parts = _SIGNATURE.fullmatch(line)
    if not parts or not is_name(parts[1]):
        raise Refused(f"not a signature line: {line[:80]!r}")
    raw = base64_bytes(parts[2], f"the signature of {parts[1]}")
    if len(raw) < 5:
        raise Refused(f"the signature of {parts[1]} has {len(raw)} bytes")
    return Signature(parts[1], raw[:4], raw[4:])


def open_note(raw: bytes, keys: Iterable[Key]) -> Signed:
    """The note, if at least one of `keys` signed it and none of them falsely; unknown keys are passed
    over.
    """
    text, signatures = split(raw)
    known = {(key.name, key.id): key for key in keys}
    by: dict[Key, int | None] = {}
    for one in signatures:
        if key := known.get((one.name, one.id)):
            by[key] = key.signed(text, one.signature)
    if not by:
        raise Refused("no known key signed this note")
    return Signed(text, by)
