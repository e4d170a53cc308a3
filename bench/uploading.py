"""What a file of 20 MB takes of intake's memory while it comes in and while it goes out, against a broker of its
own.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import psutil

from shared.case import CaseFile
from shared.facts.file import LARGEST_FILE, MB
from shared.ids import case_id_at
from shared.vocabulary import Kind, Role
from tests.intake.builders import case, form, post_case
from tests.lab import Lab, Running, lab_in, until

ROUNDS = 8


async def highest(running: Running, work: Callable[[], Awaitable[object]]) -> int:
    """How much more the process held at most while `work` went on than before."""
    process = psutil.Process(running.process.pid)
    before = peak = process.memory_info().rss
    task = asyncio.ensure_future(work())
    while not task.done():
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.002)
    task.result()
    return peak - before


async def run() -> dict[str, str]:
    results: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        async with lab_in(Path(folder), mongo=False) as lab:
            lab.forged = False
            intake = await lab.start_service("intake")
            headers = lab.bearer(Role.SUPERVISOR)
            async with httpx2.AsyncClient(base_url=intake.url, timeout=60, headers=headers) as http:
                ways = Ways(lab, http)
                await ways.whole(b"the first loads what stays")
                for name, way in (("in, as the body", ways.whole), ("in, by a form", ways.form)):
                    contents = [jpeg_of(LARGEST_FILE) for _ in range(ROUNDS)]
                    results[f"20 MB {name}"] = await _measured(
                        intake, [partial(way, one) for one in contents]
                    )
                out = [await ways.on_a_case(jpeg_of(LARGEST_FILE)) for _ in range(ROUNDS)]
                results["20 MB out"] = await _measured(intake, [partial(ways.out, path) for path in out])
    return results


async def _measured(intake: Running, rounds: list[Callable[[], Awaitable[object]]]) -> str:
    began = time.monotonic()
    more = sorted([await highest(intake, one) for one in rounds])
    seconds = (time.monotonic() - began) / len(rounds)
    return f"{more[-1] / MB:.1f} MB more memory at most, {more[len(more) // 2] / MB:.1f} at the median of {len(more)}; {seconds:.2f} s each"


def jpeg_of(size: int) -> bytes:
    return b"\xff\xd8\xff" + os.urandom(size - 3)


class Ways:
    def __init__(self, lab: Lab, http: httpx2.AsyncClient) -> None:
        self._lab, self._http = lab, http

    async def whole(self, content: bytes) -> dict[str, Any]:
        answer = await self._http.post("/api/v1/files", content=content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def form(self, content: bytes) -> None:
        answer = await self._http.post("/api/v1/files", files={"file": ("a.jpg", content)})
        assert answer.status_code == 201, answer.text

    async def on_a_case(self, content: bytes) -> str:
        """Where it is to be had."""
        ref = await self.whole(content)
        report = form(unit="city", files=[ref])
        answer = await self._http.post(
            "/api/v1/reports", json=report, headers=self._lab.bearer(Role.REPORTER)
        )
        assert answer.status_code == 201, answer.text
        one, now = case_id_at(datetime.now(UTC)), datetime.now(UTC)
        file = CaseFile(sequence=1, kind=Kind.REPORTED, at=now, by="x", **ref)
        await post_case(self._lab, case(one, sequence=0, files=(file,)))
        path = f"/api/v1/cases/{one}"

        async def shows() -> bool:
            return (await self._http.get(path)).status_code == 200

        await until(shows)
        return f"{path}/files/{ref['sha256']}"

    async def out(self, path: str) -> None:
        async with self._http.stream("GET", path) as answer:
            size = 0
            async for piece in answer.aiter_bytes():
                size += len(piece)
        assert size == LARGEST_FILE
