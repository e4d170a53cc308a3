"""What a time-stamping authority (RFC 3161) says of a checkpoint, and its SM3 digest: made, kept, and
checked.

Invariant: a stamp carries the signed note it is about, so that it proves by itself, to whoever trusts the
authority, that this tree was signed no later than then. What is stamped are the note's bytes with the log's
signature; SM3 is of the signed text alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SM3, Hash

from shared.facts import Frozen, rfc3339
from shared.tlog import checkpoint
from shared.tlog.checkpoint import CheckpointError
from shared.tlog.note import Verifier

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

SKEW = timedelta(minutes=5)
"""The authority's clock may be behind the signer's by so much."""
SHA256_OID = "2.16.840.1.101.3.4.2.1"


class StampError(ValueError):
    """No time stamp, or not of this checkpoint. Says why."""


class Stamp(Frozen):
    """As kept and as given out. `number` and `size` are the checkpoint's."""

    number: int
    size: int
    note: str
    """As the log signed it."""
    sm3: str
    """Of the note's signed text, hex."""
    token: str | None = None
    """The authority's whole answer (DER), hex; None where only a digest was wanted."""
    at: str
    """When it was asked for, by our clock."""


@dataclass(frozen=True)
class TimestampQuestion:
    """A question to the authority: its bytes, and the nonce its answer must repeat."""

    request: bytes
    nonce: int | None


def text_of(note: str) -> bytes:
    """The signed text of a note."""
    return (note.rpartition("\n\n")[0] + "\n").encode()


def digest_of(note: str) -> str:
    """SM3 (GB/T 32905-2016) of the note's signed text, hex, for those who must have a Chinese digest beside
    SHA-256.
    """
    digest = Hash(SM3())
    digest.update(text_of(note))
    return digest.finalize().hex()


def ask(note: str) -> TimestampQuestion:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = (
        TimestampRequestBuilder()
        .data(note.encode())
        .hash_algorithm(HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
    )
    request = builder.nonce(nonce=True).build()
    return TimestampQuestion(request.as_bytes(), request.nonce)


def read_answer(raw: bytes, note: str, nonce: int | None = None) -> datetime:
    """The time it states. Raises StampError unless it is granted and of this note; whether to trust it,
    `verify_answer` says.
    """
    response = _parsed(raw)
    info = response.tst_info
    if nonce is not None and info.nonce != nonce:
        raise StampError("the time stamp answers another question (its nonce is not the one sent)")
    if info.message_imprint.hash_algorithm.dotted_string != SHA256_OID:
        raise StampError(
            f"the time stamp is of a digest by {info.message_imprint.hash_algorithm.dotted_string}, not by SHA-256"
        )
    if info.message_imprint.message != sha256(note.encode()).digest():
        raise StampError("the time stamp is of something else than this checkpoint")
    return info.gen_time


def verify_answer(raw: bytes, note: str, roots: "Sequence[Certificate]") -> None:
    """Raises StampError unless an authority under one of these certificates signed it."""
    from rfc3161_client import VerificationError, VerifierBuilder

    builder = VerifierBuilder()
    for certificate in roots:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(_parsed(raw), note.encode())
    except (VerificationError, ValueError) as error:
        raise StampError(f"the time stamp was not made by an authority you trust: {error}") from None


def check(stamp: Stamp, key: Verifier, roots: "Sequence[Certificate]") -> None:
    """Raises StampError for anything that is not as it was made. Without `roots` the authority's signature is
    not checked.
    """
    try:
        signed = checkpoint.read(stamp.note.encode(), key)
    except CheckpointError as error:
        raise StampError(str(error)) from None
    if stamp.size != signed.size:
        raise StampError(f"it says it is of {stamp.size} records, its checkpoint of {signed.size}")
    if stamp.sm3 != digest_of(stamp.note):
        raise StampError("its SM3 digest is not the checkpoint's: one of the two was altered")
    if stamp.token is None:
        return
    try:
        raw = bytes.fromhex(stamp.token)
    except ValueError:
        raise StampError("its time stamp was altered: it is no longer readable") from None
    at = read_answer(raw, stamp.note)
    if roots:
        verify_answer(raw, stamp.note, roots)
    if at < signed.time - SKEW:
        raise StampError(
            f"the authority saw it at {rfc3339(at)}, before the time it says it was signed at ({rfc3339(signed.time)}): the signer's "
            "clock was wrong, or its time made up"
        )


def faults(stamps: Sequence[Stamp], key: Verifier, roots: "Sequence[Certificate]") -> list[str]:
    """In words, for each stamp that does not hold."""
    words: list[str] = []
    for stamp in stamps:
        try:
            check(stamp, key, roots)
        except StampError as error:
            words.append(f"time stamp of checkpoint {stamp.number} ({stamp.size} records): {error}")
    return words


def certificates(pem: bytes) -> "list[Certificate]":
    """Raises ValueError."""
    from cryptography.x509 import load_pem_x509_certificates

    return load_pem_x509_certificates(pem)


def _parsed(raw: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response
    from rfc3161_client.tsp import PKIStatus

    try:
        response = decode_timestamp_response(raw)
        status = PKIStatus(response.status)
    except ValueError as error:
        raise StampError(f"this is no answer of a time-stamping authority ({error})") from None
    if status is not PKIStatus.GRANTED:
        raise StampError(
            f"the authority did not grant a time stamp: {status.name}, {', '.join(response.status_string or ()) or 'no reason'}"
        )
    return response
