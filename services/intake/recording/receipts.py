"""Receipts: with one, a unit proves that its report was stored and since when, even against us.

Invariant: a receipt says only what is stored, and the same stored fact always gets the same receipt, byte for
byte (nothing in it is of the moment it is asked for, and EdDSA signatures are deterministic).
"""

import hashlib
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.intake.recording.record import AppendedFact
from shared.facts import rfc3339

ISSUER = "fenghuo-intake"
TYPE = "fenghuo-receipt+jwt"
ALGORITHM = "EdDSA"


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of the raw public key: names the key in a receipt's header."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


class Receipts:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._headers = {"typ": TYPE, "kid": key_id(key.public_key())}

    def sign(self, stored: AppendedFact) -> str:
        """A compact JWS over what is stored: fact, place in the record, the broker's time, the digest of the
        stored bytes, the case.
        """
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "fact": stored.fact.id,
            "kind": stored.fact.kind,
            "stream": "FACTS",
            "sequence": stored.sequence,
            "time": rfc3339(stored.time),
            "sha256": hashlib.sha256(stored.raw).hexdigest(),
            "case": stored.fact.subject,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=self._headers)


def read(receipt: str, key: Ed25519PublicKey) -> dict[str, Any]:
    """What a receipt says. Raises jwt.PyJWTError where the signature is not of `key`."""
    return jwt.decode(receipt, key, algorithms=[ALGORITHM], issuer=ISSUER)
