"""C2SP signed notes with Ed25519: text, an empty line, signatures; each names its key.

Invariant: what is verified is the exact text that was signed; a note with a flaw anywhere is refused whole.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = 1
_NOTE_LIMIT = 1_000_000
_SIGNATURE_LIMIT = 100
_PREFIX = "\N{EM DASH} "


class NoteError(ValueError):
    """No note, no key, or no signature by the key that was asked for. Says which."""


def key_hash(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4]


def _valid_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


@dataclass(frozen=True)
class Signature:
    name: str
    hash: bytes
    value: bytes

    def line(self) -> str:
        return f"{_PREFIX}{self.name} {base64.b64encode(self.hash + self.value).decode()}\n"


@dataclass(frozen=True)
class Note:
    text: str
    signatures: tuple[Signature, ...]

    def write(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True)
class Verifier:
    """A pinned public key: `<name>+<hash>+<key>`."""

    name: str
    hash: bytes
    key: Ed25519PublicKey

    @classmethod
    def read(cls, vkey: str) -> "Verifier":
        name, _, rest = vkey.strip().partition("+")
        hexed, _, coded = rest.partition("+")
        public = _key_bytes(coded, "verifier")
        if not _valid_name(name) or hexed != key_hash(name, public).hex():
            raise NoteError("this is no verifier key (its name and hash do not belong to its key): copy it whole, `<name>+<hash>+<key>`")
        return cls(name, bytes.fromhex(hexed), Ed25519PublicKey.from_public_bytes(public))

    def signed(self, note: Note) -> bool:
        """Whether this key signed the note. Raises NoteError where a line claims to be by it and is not."""
        found = False
        for signature in note.signatures:
            if (signature.name, signature.hash) != (self.name, self.hash):
                continue
            try:
                self.key.verify(signature.value, note.text.encode())
            except InvalidSignature:
                raise NoteError(f"the signature of {self.name} does not belong to this text: the note was altered") from None
            found = True
        return found


@dataclass(frozen=True)
class Signer:
    """A private key: `PRIVATE+KEY+<name>+<hash>+<key>`."""

    name: str
    hash: bytes
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, skey: str) -> "Signer":
        parts = skey.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise NoteError("this is no signer key: `PRIVATE+KEY+<name>+<hash>+<key>`")
        name, hexed = parts[2], parts[3]
        key = Ed25519PrivateKey.from_private_bytes(_key_bytes(parts[4], "signer"))
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        if not _valid_name(name) or hexed != key_hash(name, public).hex():
            raise NoteError("the signer key's name and hash do not belong to its key: copy it whole")
        return cls(name, bytes.fromhex(hexed), key)

    def sign(self, text: str) -> Note:
        if not text.endswith("\n"):
            raise NoteError("the text of a note ends with a newline")
        return Note(text, (Signature(self.name, self.hash, self.key.sign(text.encode())),))


def _key_bytes(coded: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 33 or raw[0] != ED25519:
        raise NoteError(f"the {what} key is no Ed25519 key: copy it whole")
    return raw[1:]


def parse(raw: bytes) -> Note:
    """Read a note. Says what is wrong with one that is none."""
    if len(raw) > _NOTE_LIMIT:
        raise NoteError("the note is too long")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None
    if any(ord(letter) < 0x20 and letter != "\n" for letter in whole):
        raise NoteError("the note has control characters")
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteError("the note has no signatures, or ends in the middle of one")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > _SIGNATURE_LIMIT:
        raise NoteError("the note has too many signatures")
    return Note(text + "\n", signatures)


def _signature(line: str) -> Signature:
    name, _, coded = line.removeprefix(_PREFIX).partition(" ")
    try:
        raw = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not line.startswith(_PREFIX) or not _valid_name(name) or len(raw) < 5:
        raise NoteError(f"{line!r} is no signature line")
    return Signature(name, raw[:4], raw[4:])
