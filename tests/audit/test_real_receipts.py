"""Three hundred receipts given by the running intake are found on record by everything that can check one;
none is called altered.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2
import jwt
import pytest_asyncio

from services.audit.evidence.bundle import verify
from shared.broker.times import STAMP
from shared.facts import rfc3339
from shared.secrets import SecretFile, signing_key
from shared.vocabulary import Role
from tests.lab import Lab, until

COUNT, BUNDLES = 300, 30
AT_ONCE = 8
UNIT = "emergency_bureau"
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Given(NamedTuple):
    """A receipt as a unit holds it, with its case."""

    text: str
    case: str

    @property
    def claims(self) -> dict[str, Any]:
        return jwt.decode(self.text, options={"verify_signature": False})


class Checkers(NamedTuple):
    lab: Lab
    audit: httpx2.AsyncClient
    receipts: list[Given]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def checkers(lab: Lab) -> AsyncIterator[Checkers]:
    services = [
        await lab.start_service("escalator"),
        await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT0S", FENGHUO_REPORTS_AT_ONCE="1000"),
        await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S"),
    ]
    async with httpx2.AsyncClient(
        base_url=services[1].url, headers=lab.bearer(Role.REPORTER, unit=UNIT), timeout=30
    ) as intake:
        receipts = await _all(range(COUNT), partial(_report, intake))
    async with httpx2.AsyncClient(
        base_url=services[2].url, headers=lab.bearer(Role.AUDITOR), timeout=30
    ) as audit:
        last = max(one.claims["sequence"] for one in receipts)

        async def covers() -> bool:
            return (await audit.get("/api/v1/trail/state")).json()["size"] >= last

        await until(covers, seconds=60, what="a checkpoint covers every report")
        yield Checkers(lab, audit, receipts)
    for service in services:
        service.stop()


async def _all(items: Iterable[Item], ask: Callable[[Item], Awaitable[Answer]]) -> list[Answer]:
    room = asyncio.Semaphore(AT_ONCE)

    async def in_turn(item: Item) -> Answer:
        async with room:
            return await ask(item)

    return await asyncio.gather(*map(in_turn, items))


async def _report(intake: httpx2.AsyncClient, number: int) -> Given:
    now = datetime.now(UTC).isoformat()
    form = {
        "category": "accident",
        "unit": UNIT,
        "area": "620622",
        "occurred_at": now,
        "learned_at": now,
        "summary": f"险情 {number}",
    }
    answer = await intake.post("/api/v1/reports", json=form)
    assert answer.status_code == 201, answer.text
    return Given(answer.json()["receipt"], answer.json()["case"])


async def _answers(checkers: Checkers, texts: list[str]) -> list[str]:
    async def ask(text: str) -> str:
        answer = await checkers.audit.get("/api/v1/trail/receipts", params={"receipt": text})
        return f"{answer.json()['verdict']} {answer.json()['en']}"

    return await _all(texts, ask)


async def test_the_api_finds_each_on_record(checkers: Checkers) -> None:
    answers = await _answers(checkers, [one.text for one in checkers.receipts])
    assert [answer for answer in answers if not answer.startswith("recorded ")] == []


async def test_so_are_those_given_while_receipts_were_rounded_through_a_float(checkers: Checkers) -> None:
    key = signing_key(checkers.lab.secrets, SecretFile.RECEIPT_SIGNING)
    formerly: list[str] = []
    async with checkers.lab.connection("admin") as connection:
        for one in checkers.receipts:
            answer = await connection.request(
                "$JS.API.DIRECT.GET.FACTS", b'{"seq":%d}' % one.claims["sequence"]
            )
            whole, _, fraction = (answer.headers or {})[STAMP].removesuffix("Z").partition(".")
            nanoseconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(
                fraction.ljust(9, "0")
            )
            rounded = rfc3339(datetime.fromtimestamp(nanoseconds / 1_000_000_000.0, UTC))
            formerly.append(jwt.encode(one.claims | {"time": rounded}, key, algorithm="EdDSA"))
    times = [jwt.decode(text, options={"verify_signature": False})["time"] for text in formerly]
    assert (
        0
        < sum(time != one.claims["time"] for time, one in zip(times, checkers.receipts, strict=True))
        < COUNT
    )
    answers = await _answers(checkers, formerly)
    assert [answer for answer in answers if not answer.startswith("recorded ")] == []


async def test_the_explorer_s_page_says_so_too(checkers: Checkers) -> None:
    async def ask(one: Given) -> str:
        form = {"bundle": ("", b""), "receipt": (None, one.text)}
        return (
            await checkers.audit.post("/check", files=form, headers={"Sec-Fetch-Site": "same-origin"})
        ).text

    pages = await _all(checkers.receipts, ask)
    assert [page for page in pages if 'class="check holds"' not in page] == []


async def test_the_verifier_in_a_bundle_finds_the_receipt_s_record(
    checkers: Checkers, tmp_path: Path
) -> None:
    vkey = (checkers.lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    pem = (checkers.lab.secrets / SecretFile.RECEIPT_VERIFY).read_bytes()
    for one in checkers.receipts[:: COUNT // BUNDLES]:
        content = (await checkers.audit.get(f"/api/v1/cases/{one.case}/bundle")).content
        proven = verify.check(io.BytesIO(content), vkey, [], (one.text, pem)).proven
        assert "The receipt belongs to record 1: recorded at" in proven[-1][0]
