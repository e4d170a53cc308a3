"""A unit lays down the receipt it was given, and the trail says in words what stands on record for it."""

import hashlib
import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.audit.evidence.receipts import ReceiptClaims, ReceiptError, ReceiptVerdict, answer, read_receipt
from services.audit.web.receipts import receipts_router
from tests.audit.made import MadeTrail
from tests.audit.story import a_story

CASE, FACTS = a_story()
ZONE = ZoneInfo("Asia/Shanghai")
KEY = Ed25519PrivateKey.generate()
INDEX = 1


def trail() -> MadeTrail:
    return MadeTrail(FACTS)


def receipt(made: MadeTrail, key: Ed25519PrivateKey = KEY, **more: Any) -> str:
    """As intake signs it (tests/intake holds it to these claims)."""
    rec, raw = json.loads(made.entries[INDEX].rec), made.held[INDEX].raw or b""
    said = {
        "iss": "fenghuo-intake", "fact": rec["message_id"], "kind": "reported", "stream": "FACTS", "sequence": rec["sequence"],
        "time": rec["broker"], "sha256": hashlib.sha256(raw).hexdigest(), "case": CASE,
    }  # fmt: skip
    return jwt.encode({**said, **more}, key, algorithm="EdDSA", headers={"typ": "fenghuo-receipt+jwt"})


def claims(text: str) -> ReceiptClaims:
    return read_receipt(text, KEY.public_key())


async def test_a_receipt_is_answered_with_when_and_as_which_record_and_with_proof() -> None:
    made = trail()
    found = await answer(made.reader, claims(receipt(made)), ZONE)
    assert (found.verdict, found.record, found.number) == (ReceiptVerdict.RECORDED, INDEX, 1)
    assert "recorded at 2026-11-23 11:00:00.000+08:00 as record 1 (number 1 of case" in found.en
    assert "在案，为存证第 1 条" in found.zh
    assert found.proof


async def test_a_receipt_rounded_to_the_microsecond_beside_its_record_s_is_of_the_same_report() -> None:
    made = trail()
    assert json.loads(made.entries[INDEX].rec)["broker"] == "2026-11-23T03:00:00.000000Z"
    found = await answer(made.reader, claims(receipt(made, time="2026-11-23T03:00:00.000001Z")), ZONE)
    assert found.verdict is ReceiptVerdict.RECORDED


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"time": "2026-11-23T02:30:00.000000Z"}, "time"),
        ({"time": "2026-11-23T03:00:00.000002Z"}, "time"),
        ({"sha256": "00" * 32}, "sha256"),
        ({"fact": "another"}, "fact"),
        ({"sequence": 3}, "fact"),
    ],
)
async def test_a_receipt_the_trail_does_not_agree_with_is_told_apart(more: dict[str, Any], what: str) -> None:
    made = trail()
    found = await answer(made.reader, claims(receipt(made, **more)), ZONE)
    assert (found.verdict, found.proof) == (ReceiptVerdict.DIFFERS, None)
    assert what in found.en


async def test_what_no_checkpoint_covers_yet_is_asked_for_again() -> None:
    made = trail()
    assert (
        await answer(made.reader, claims(receipt(made, sequence=4_000)), ZONE)
    ).verdict is ReceiptVerdict.WAITS


async def test_a_record_changed_in_the_store_is_not_taken_for_the_one_that_was_signed() -> None:
    made = trail()
    entry = made.entries[INDEX]
    made.entries[INDEX] = replace(entry, rec=entry.rec.replace(b"reported", b"revoked_"))
    found = await answer(made.reader, claims(receipt(made)), ZONE)
    assert (found.verdict, "can't be proven" in found.en) == (ReceiptVerdict.DIFFERS, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "nonsense",
        "x" * 5000,
        receipt(trail(), Ed25519PrivateKey.generate()),
        receipt(trail())[:-4],
    ],
)
def test_what_intake_did_not_sign_is_no_receipt(text: str) -> None:
    with pytest.raises(ReceiptError):
        claims(text)


async def test_whoever_holds_the_receipt_may_ask() -> None:
    made, app = trail(), FastAPI()
    app.include_router(receipts_router(made.reader, KEY.public_key(), ZONE))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://trail") as client:
        asked = await client.get("/api/v1/trail/receipts", params={"receipt": receipt(made)})
        handed_in = await client.post("/api/v1/trail/receipts", json={"receipt": receipt(made)})
    assert asked.json() == handed_in.json()
    assert asked.json()["verdict"] == "recorded"
