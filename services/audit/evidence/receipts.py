"""What the trail answers to a receipt: whether the report it was given for stands on record, since when, as
which record, and proof of it.

Invariant: a receipt is believed only after intake's signature on it has held; "yes" is only said of what was
computed for this answer up to the signed root.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import InclusionProof, NotInTrail
from services.audit.records import record
from services.audit.records.record import Rec
from shared.broker.times import is_of_receipt
from shared.facts import Frozen, Instant
from shared.language import times
from shared.tlog.merkle import ProofError, leaf_hash, verify_inclusion

ISSUER, ALGORITHM = "fenghuo-intake", "EdDSA"
LIMIT = 4_096


class ReceiptError(ValueError):
    """This is no receipt of this system. Says what is wrong with it."""


class ReceiptClaims(Frozen):
    """What a receipt says is stored."""

    iss: str
    fact: str
    kind: str
    stream: str
    sequence: int
    time: Instant
    sha256: str
    case: str | None = None


class ReceiptVerdict(StrEnum):
    RECORDED = "recorded"
    WAITS = "waits"
    """It is stored at the broker, as the receipt says; no signed checkpoint covers it yet."""
    DIFFERS = "differs"
    """The trail says otherwise than the receipt: somebody has changed something."""


class ReceiptAnswer(Frozen):
    verdict: ReceiptVerdict
    en: str
    zh: str
    claims: ReceiptClaims
    record: int | None = None
    number: int | None = None
    """Within its case, from 1."""
    proof: InclusionProof | None = None


def read_receipt(text: str, key: Ed25519PublicKey) -> ReceiptClaims:
    """Raises ReceiptError."""
    if len(text) > LIMIT:
        raise ReceiptError(f"a receipt has no more than {LIMIT} characters: copy it alone")
    try:
        said: dict[str, Any] = jwt.decode(text.strip(), key, algorithms=[ALGORITHM], issuer=ISSUER)
        return ReceiptClaims.model_validate(said)
    except jwt.InvalidSignatureError:
        raise ReceiptError(
            "its signature is not of this system's intake, or it was not copied whole"
        ) from None
    except (jwt.PyJWTError, ValidationError, ValueError) as error:
        raise ReceiptError(
            f"this is no receipt of this system ({type(error).__name__}): copy it whole"
        ) from None


async def answer(reader: TrailReader, claims: ReceiptClaims, zone: ZoneInfo) -> ReceiptAnswer:
    """Raises StoreError where the store does not answer."""
    index, signed = claims.sequence - 1, await reader.checkpoints.newest()
    if index >= signed.size:
        return ReceiptAnswer(
            verdict=ReceiptVerdict.WAITS,
            en=f"No signed checkpoint covers it yet: the last one covers {signed.size} records, this is fact {claims.sequence}."
            " Ask again in a moment.",
            zh=f"尚无签名检查点覆盖该记录：最近的检查点含 {signed.size} 条记录，而回执所指为第 {claims.sequence} 条事实。请稍后再查。",
            claims=claims,
        )
    try:
        stored = (await reader.records.between(index, index + 1))[0]
        rec, proof = Rec.read(stored.rec), await reader.proofs.inclusion(index, signed.size)
        verify_inclusion(
            index,
            signed.size,
            leaf_hash(stored.rec),
            [bytes.fromhex(one) for one in proof.hashes],
            signed.root,
        )
    except (IndexError, NotInTrail, ProofError, ValueError) as error:
        return _differs(
            claims,
            f"record {index} was signed and can't be proven ({error})",
            f"第 {index} 条记录已签名却无法证明（{error}）",
        )
    payload = (await reader.records.payloads([index])).get(index)
    raw = payload.raw if payload is not None else None
    if fault := _difference(claims, rec, raw):
        return _differs(claims, *fault)
    at, signed_at = times.full(record.utc(rec.broker), zone), times.full(record.utc(signed.time), zone)
    erased = (
        ("", "")
        if raw is not None
        else (" Its message was erased since; the record stays.", "其原文已清除，记录仍在。")
    )
    return ReceiptAnswer(
        verdict=ReceiptVerdict.RECORDED,
        en=f"This report was recorded at {at} as record {index} (number {rec.number} of case {rec.case}). A checkpoint of"
        f" {signed.size} records, signed at {signed_at}, covers it; the proof below leads to its root.{erased[0]}",
        zh=f"该报告于 {at} 在案，为存证第 {index} 条（事项 {rec.case} 第 {rec.number} 条）。"
        f"{signed_at} 签署的含 {signed.size} 条记录的检查点已覆盖该记录，下附证明可推得其根。{erased[1]}",
        claims=claims,
        record=index,
        number=rec.number,
        proof=proof,
    )


def differences(claims: ReceiptClaims, rec: Rec, raw: bytes | None = None) -> list[str]:
    """The names of the claims that the record (and its message, where it is here) contradicts."""
    agrees = {
        "fact": claims.fact == rec.message_id,
        "case": (claims.case or "") == rec.case,
        "sequence": claims.sequence == rec.sequence,
        "stream": claims.stream == rec.stream,
        "time": is_of_receipt(claims.time, record.utc(rec.broker)),
        "sha256": raw is None or claims.sha256 == sha256(raw).hexdigest(),
    }
    return [name for name, same in agrees.items() if not same]


def _difference(claims: ReceiptClaims, rec: Rec, raw: bytes | None) -> tuple[str, str] | None:
    wrong = differences(claims, rec, raw)
    if not wrong:
        return None
    en = f"record {rec.index} has another {', '.join(wrong)} than the receipt says: one of the two was altered; keep both"
    return en, f"第 {rec.index} 条记录的 {'、'.join(wrong)} 与回执不一致：其中之一被改动，请一并保存"


def _differs(claims: ReceiptClaims, en: str, zh: str) -> ReceiptAnswer:
    return ReceiptAnswer(verdict=ReceiptVerdict.DIFFERS, en=en, zh=zh, claims=claims)
