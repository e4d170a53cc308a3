"""What the attacks on the record share: a stolen key of one service, and what must be seen of each
forgery.
"""

import asyncio
import io
import os
import subprocess
import sys
from typing import Any

import httpx2
import orjson
from nats.aio.client import Client
from pydantic import BaseModel

from services.audit.evidence.bundle import verify
from shared.facts import Fact
from shared.facts.distrust import Distrust
from shared.secrets import SecretFile
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.lab import ROOT, Running, until

Json = dict[str, Any]
NOT_AUTHENTIC = 5


async def a_case(installation: Installation) -> str:
    """A grave case, reported, its leaders rung."""
    case = await installation.report("shaquan_emergency")

    async def is_decided() -> bool:
        answer = await installation.http.get(
            f"/api/v1/cases/{case}", headers=installation.lab.bearer(Role.AUDITOR)
        )
        return answer.status_code == 200

    await until(is_decided, what="the case is on the board")
    return case


def forged(kind: Kind, case: str, source: str, data: BaseModel | Json, fact_id: str) -> bytes:
    """An envelope as its author would have written it."""
    said = orjson.loads(data.model_dump_json(exclude_none=True)) if isinstance(data, BaseModel) else data
    now = "2026-11-29T08:00:00.000000Z"
    envelope = Fact(
        id=fact_id,
        source=source,
        type=f"cn.fenghuo.{kind}.v1",
        subject=case,
        time=now,  # pyright: ignore[reportArgumentType]
        data=said,
    )
    return envelope.write()


def headers_of(fact_id: str) -> dict[str, str]:
    """As every author sets them."""
    return {"Nats-Msg-Id": fact_id, "Nats-Expected-Stream": "FACTS"}


async def let_in(connection: Client, subject: str, raw: bytes, headers: dict[str, str] | None = None) -> int:
    """Its sequence: the key may write there, so the broker stores it."""
    return (await connection.jetstream().publish(subject, raw, headers=headers)).seq


async def stored_from(installation: Installation, start: int, subject: str, raw: bytes) -> int:
    """The sequence at which a forgery was let in by a reply subject, from `start` on."""

    async def found() -> int | None:
        async with installation.lab.connection("admin") as admin:
            js = admin.jetstream()
            for sequence in range(start, (await js.stream_info("FACTS")).state.last_seq + 1):
                message = await js.get_msg("FACTS", seq=sequence)
                if message.subject == subject and message.data == raw:
                    return sequence
        return None

    sequence = await until(found, what=f"the forgery is stored on {subject}")
    assert sequence
    return sequence


async def is_seen(
    installation: Installation, case: str, sequence: int, why: Distrust, counted_by: Running
) -> None:
    """The forgery is set aside about its case, counted, marked in the trail, and named by whoever checks the
    trail.
    """
    entry, aside = await _in_the_timeline(installation, case, sequence)
    assert (entry["kind"], entry["distrust"], entry["persons"]) == ("untrusted", why, [])
    rejection = aside["data"]
    assert (rejection["sequence"], rejection["case"], rejection["distrust"]) == (sequence, case, why)
    for service in (counted_by, installation.audit):
        assert _counted(service, why) >= 1
    await _is_shown_as_nobodys_act(installation, case, sequence, entry["number"])
    verdict = await asyncio.to_thread(_verify, installation)
    named = {one["record"]: one for one in verdict["not_authentic"]}
    assert verdict["holds"]
    assert (named[sequence - 1]["case"], named[sequence - 1]["reason"]) == (case, why)


async def _is_shown_as_nobodys_act(installation: Installation, case: str, sequence: int, number: int) -> None:
    """By the explorer's page, and by the verifier that travels in the case's bundle."""
    headers = installation.lab.bearer(Role.AUDITOR)
    async with httpx2.AsyncClient(base_url=installation.audit.url, headers=headers, timeout=30) as client:
        page = (await client.get(f"/records/{sequence - 1}", params={"lang": "en"})).text
        bundle = (await client.get(f"/api/v1/cases/{case}/bundle")).content
    assert "Not authentic: nobody did what it says." in page
    vkey = (installation.lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    notes = [en for en, _ in verify.check(io.BytesIO(bundle), vkey, []).notes]
    assert any(note.startswith(f"Record {number} is of a message that is not authentic") for note in notes)


async def _in_the_timeline(installation: Installation, case: str, sequence: int) -> tuple[Json, Json]:
    """The forgery's entry and the `rejected` fact about it."""

    async def both() -> tuple[Json, Json] | None:
        headers = installation.lab.bearer(Role.AUDITOR)
        async with httpx2.AsyncClient(base_url=installation.audit.url, headers=headers) as client:
            answer = await client.get(f"/api/v1/cases/{case}/timeline")
        moments: list[Json] = answer.json().get("moments", [])
        entry = next((one for one in moments if one["entry"]["sequence"] == sequence), None)
        aside = next(
            (one["fact"] for one in moments if (one["fact"] or {}).get("id") == f"aside:{sequence}"), None
        )
        if entry is None or aside is None:
            return None
        assert entry["fact"] is None
        return entry["entry"], aside

    found: tuple[Json, Json] | None = await until(
        both, what=f"fact {sequence} and its rejection in the timeline"
    )
    assert found
    return found


def _counted(service: Running, why: Distrust) -> float:
    lines = httpx2.get(f"{service.url}/metrics").text.splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith(f'fenghuo_distrusted_total{{reason="{why}"}}')
    )


def _verify(installation: Installation) -> Json:
    lab = installation.lab
    vkey = (lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    command = [
        sys.executable,
        "-m",
        "fenghuo",
        "trail",
        "verify",
        "--mongo",
        lab.mongo_url,
        "--vkey",
        vkey,
        "--json",
    ]
    done = subprocess.run(
        command, capture_output=True, cwd=ROOT, env=os.environ | lab.environment("audit"), check=False
    )
    assert done.returncode == NOT_AUTHENTIC, done.stdout + done.stderr
    return orjson.loads(done.stdout)
