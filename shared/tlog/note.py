"""C2SP signed notes with Ed25519: text, an empty line, signatures; each names its key.

Invariant: what is verified is the exact text that was signed; a note with a flaw anywhere is refused whole.
What bytes a key signs depends on its kind: a log signs the text itself, a witness a text of its own before it
(cosign.py).
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


def key_hash(name: str, public: bytes, kind: int = ED25519) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def exact_base64(coded: str) -> bytes | None:
    """The bytes, None where it is not their one spelling (RFC 4648, section 4)."""
    try:
        raw = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == coded else None


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def valid_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


@dataclass(frozen=True)
class NoteSignature:
    name: str
    hash: bytes
    value: bytes

    def line(self) -> str:
        return f"{_PREFIX}{self.name} {base64.b64encode(self.hash + self.value).decode()}\n"


@dataclass(frozen=True)
class Note:
    text: str
    signatures: tuple[NoteSignature, ...]

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
        return cls(*read_vkey(vkey, ED25519))

    def signed(self, note: Note) -> bool:
        """Whether this key signed the note. Raises NoteError where a line claims to be by it and is not."""
        is_signed = False
        for signature in note.signatures:
            if (signature.name, signature.hash) != (self.name, self.hash):
                continue
            try:
                self.key.verify(signature.value, note.text.encode())
            except InvalidSignature:
                raise NoteError(
                    f"the signature of {self.name} does not belong to this text: the note was altered"
                ) from None
            is_signed = True
        return is_signed


@dataclass(frozen=True)
class Signer:
    """A private key: `PRIVATE+KEY+<name>+<hash>+<key>`."""

    name: str
    hash: bytes
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, skey: str) -> "Signer":
        return cls(*read_skey(skey, ED25519))

    def sign(self, text: str) -> Note:
        if not text.endswith("\n"):
            raise NoteError("the text of a note ends with a newline")
        return Note(text, (NoteSignature(self.name, self.hash, self.key.sign(text.encode())),))


def read_vkey(vkey: str, kind: int) -> tuple[str, bytes, Ed25519PublicKey]:
    """(name, hash, key) of a public key of this kind."""
    name, _, rest = vkey.strip().partition("+")
    hexed, _, coded = rest.partition("+")
    public = _key_bytes(coded, "verifier", kind)
    if not valid_name(name) or hexed != key_hash(name, public, kind).hex():
        raise NoteError(
            "this is no verifier key (its name and hash do not belong to its key): copy it whole, `<name>+<hash>+<key>`"
        )
    return name, bytes.fromhex(hexed), Ed25519PublicKey.from_public_bytes(public)


def read_skey(skey: str, kind: int) -> tuple[str, bytes, Ed25519PrivateKey]:
    """(name, hash, key) of a private key of this kind."""
    parts = skey.strip().split("+", 4)
    if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
        raise NoteError("this is no signer key: `PRIVATE+KEY+<name>+<hash>+<key>`")
    name, hexed = parts[2], parts[3]
    key = Ed25519PrivateKey.from_private_bytes(_key_bytes(parts[4], "signer", kind))
    if not valid_name(name) or hexed != key_hash(name, public_bytes(key), kind).hex():
        raise NoteError("the signer key's name and hash do not belong to its key: copy it whole")
    return name, bytes.fromhex(hexed), key


def _key_bytes(coded: str, owner: str, kind: int) -> bytes:
    raw = exact_base64(coded)
    if raw is None or len(raw) != 33:
        raise NoteError(f"the {owner} key is no Ed25519 key: copy it whole")
    if raw[0] != kind:
        raise NoteError(
            f"the {owner} key is of type {raw[0]}, type {kind} is needed here: a log's key is of type 1, a witness's of type 4"
        )
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


def _signature(line: str) -> NoteSignature:
    name, _, coded = line.removeprefix(_PREFIX).partition(" ")
    raw = exact_base64(coded) or b""
    if not line.startswith(_PREFIX) or not valid_name(name) or len(raw) < 5:
        raise NoteError(f"{line!r} is no signature line")
    return NoteSignature(name, raw[:4], raw[4:])
