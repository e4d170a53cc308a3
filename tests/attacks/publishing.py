"""What the attacks by sources share: their messages, what lies in the streams, and an intake with two sources
of each format.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from nats.aio.client import Client

from shared.facts import Fact
from tests.durables import is_worked_off
from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, lab_in, until

OTHERS = """
  - { id: othermet, name: { zh: 邻市气象, en: Neighbour weather }, unit: observatory, area: "620600", formats: [cap] }
  - { id: otherheat, name: { zh: 邻厂供热, en: Neighbour telemetry }, unit: heating, area: "620602", formats: [alertmanager] }
  - { id: heard, name: { zh: 冒名, en: Named like an id }, unit: county_info, area: "620622", formats: [cloudevents] }
"""
"""Beside `met`, `heat`, `county` and `tv` of the small directory."""


@asynccontextmanager
async def intake_in(folder: Path) -> AsyncIterator[Lab]:
    directory = folder / "directory.yaml"
    directory.write_text(
        DIRECTORY.read_text(encoding="utf-8").replace("\nsources:\n", f"\nsources:{OTHERS}"), encoding="utf-8"
    )
    async with lab_in(folder / "lab", mongo=False, directory=directory) as lab:
        await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT0.2S")
        yield lab


def form(unit: str, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    known = {
        "category": "accident",
        "level": "III",
        "unit": unit,
        "area": "620622",
        "occurred_at": now,
        "learned_at": now,
        "summary": "管道泄漏",
    }
    return known | changes


def event(unit: str, *, id: str | None = None, **changes: Any) -> bytes:  # noqa: A002 - CloudEvents' word
    known = {
        "specversion": "1.0",
        "type": "cn.fenghuo.report.v1",
        "source": "/any",
        "id": id or uuid4().hex,
        "data": form(unit, **changes),
    }
    return orjson.dumps(known | {"time": datetime.now(UTC).isoformat()})


async def end_of(admin: Client, stream: str = "FACTS") -> int:
    return (await admin.jetstream().stream_info(stream)).state.last_seq


async def stored_after(admin: Client, start: int) -> list[tuple[str, bytes]]:
    """(subject, bytes) of everything in FACTS after `start`."""
    js = admin.jetstream()
    found = [await js.get_msg("FACTS", sequence) for sequence in range(start + 1, await end_of(admin) + 1)]
    return [(message.subject or "", message.data or b"") for message in found]


async def facts_after(admin: Client, start: int) -> list[Fact]:
    return [Fact.read(raw) for _, raw in await stored_after(admin, start)]


async def after_the_inbox(admin: Client, start: int) -> list[Fact]:
    """What became of all that was published, once intake has taken all of it."""
    await until(
        lambda: is_worked_off(admin.jetstream(), "INBOX", "intake"), seconds=60, what="the inbox worked off"
    )
    return await facts_after(admin, start)


def body_of(rejected: Fact) -> bytes:
    return base64.b64decode(rejected.data["body"])
