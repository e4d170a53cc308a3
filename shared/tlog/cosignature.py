"""C2SP cosignatures of witnesses (tlog-cosignature, `cosignature/v1`, Ed25519): "as of this second, this is
the largest tree of this log that I have seen, and it contains all I saw before".

Invariant: the time is part of what is signed; a cosignature never passes for a log's own signature, nor the
other way round (another key type, another text).
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.tlog import note
from shared.tlog.note import Note, NoteError, NoteSignature, Verifier

COSIGNATURE = 4
_HEADER = "cosignature/v1"
_TIME_BYTES = 8
_VALUE_BYTES = _TIME_BYTES + 64


def _message(text: str, time: int) -> bytes:
    return f"{_HEADER}\ntime {time}\n{text}".encode()


@dataclass(frozen=True)
class Cosigner:
    """A witness's private key: `PRIVATE+KEY+<name>+<hash>+<key>` of type 4."""

    name: str
    hash: bytes
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, skey: str) -> "Cosigner":
        return cls(*note.read_skey(skey, COSIGNATURE))

    @property
    def vkey(self) -> str:
        return _written(self.name, note.public_bytes(self.key))

    def cosign(self, text: str, time: int) -> NoteSignature:
        """`text`: the checkpoint's body. `time`: POSIX seconds."""
        if not 0 <= time < 1 << 63:
            raise NoteError(f"{time} is no POSIX time")
        return NoteSignature(
            self.name, self.hash, time.to_bytes(_TIME_BYTES, "big") + self.key.sign(_message(text, time))
        )


@dataclass(frozen=True)
class Witness:
    """A witness's pinned public key: `<name>+<hash>+<key>` of type 4."""

    name: str
    hash: bytes
    key: Ed25519PublicKey

    @classmethod
    def read(cls, vkey: str) -> "Witness":
        return cls(*note.read_vkey(vkey, COSIGNATURE))

    @property
    def id(self) -> str:
        """What tells it apart: name and key hash."""
        return f"{self.name}+{self.hash.hex()}"

    def signed(self, signature: NoteSignature) -> bool:
        """Whether the line claims to be this witness's."""
        return (signature.name, signature.hash) == (self.name, self.hash)

    def time_of(self, signature: NoteSignature, text: str) -> int:
        """When it cosigned `text`, in POSIX seconds. Raises NoteError where the signature is not of this
        text.
        """
        time = int.from_bytes(signature.value[:_TIME_BYTES], "big")
        try:
            if len(signature.value) != _VALUE_BYTES or time >= 1 << 63:
                raise InvalidSignature
            self.key.verify(signature.value[_TIME_BYTES:], _message(text, time))
        except InvalidSignature:
            raise NoteError(
                f"the cosignature of {self.name} does not belong to this checkpoint: one of the two was altered"
            ) from None
        return time


def cosigned(signed: Note, witnesses: Iterable[Witness]) -> dict[str, int]:
    """Witness id → when it cosigned the note; lines of others are passed over. Raises NoteError for a line
    that does not hold.
    """
    times: dict[str, int] = {}
    for witness in witnesses:
        for signature in signed.signatures:
            if witness.signed(signature):
                times[witness.id] = max(witness.time_of(signature, signed.text), times.get(witness.id, 0))
    return times


def refuse_kin(witnesses: Iterable[Witness], log: Verifier) -> None:
    """Raises NoteError for a witness that has the log's own key (its clock line is a cosignature like any
    other), or that has the key of another one: neither bears witness to anything.
    """
    known = {log.key.public_bytes_raw(): ""}
    for witness in witnesses:
        other = known.setdefault(witness.key.public_bytes_raw(), witness.id)
        if not other:
            raise NoteError(
                f"{witness.id} has the key of the log {log.name} itself: nobody is a witness to what they say themselves"
            )
        if other != witness.id:
            raise NoteError(
                f"{witness.id} and {other} have one and the same key: that is one witness, not two"
            )


def with_lines(written: str, lines: Sequence[str]) -> str:
    """A checkpoint's note with cosignature lines put behind its own signatures."""
    return written + "".join(line for line in lines if line not in written)


def add_checkpoint(old: int, hashes: Sequence[bytes], written: str) -> bytes:
    """The body of a request to a witness (C2SP tlog-witness): old size, consistency proof, empty line,
    checkpoint.
    """
    lines = [f"old {old}", *(base64.b64encode(node_hash).decode() for node_hash in hashes)]
    return ("\n".join(lines) + "\n\n" + written).encode()


def make_key(name: str) -> tuple[str, str]:
    """A new key pair of a witness as text: (`PRIVATE+KEY+<name>+<hash>+<key>`, `<name>+<hash>+<key>`)."""
    if not note.valid_name(name):
        raise NoteError(
            f"{name!r} can't name a key: no spaces, no plus; it looks like an address: discipline.city.example/witness"
        )
    key = Ed25519PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    hashed = note.key_hash(name, note.public_bytes(key), COSIGNATURE).hex()
    return (
        f"PRIVATE+KEY+{name}+{hashed}+{base64.b64encode(bytes([COSIGNATURE]) + seed).decode()}",
        _written(name, note.public_bytes(key)),
    )


def _written(name: str, public: bytes) -> str:
    hashed = note.key_hash(name, public, COSIGNATURE).hex()
    return f"{name}+{hashed}+{base64.b64encode(bytes([COSIGNATURE]) + public).decode()}"
