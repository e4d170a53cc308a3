"""A flood of 200 requests/s by one principal, and what another's report → first notification in the channel's
hands pays for it. Goal: p99 less than 20 ms later. Quiet and flooded stretches in turns, 5 reports/s in each;
the paces are the ordinary ones.
`flood reading` floods with questions, `flood reporting` with reports, both by default.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import orjson

from bench.load import reports, settled
from bench.rig import Rig, quantile, rig
from shared.vocabulary import Role

PARTS = ("reading", "reporting")
RATE, PER_SECOND = 200, 5
STRETCH, TURNS = 15, 3


async def run(*parts: str) -> dict[str, object]:
    figures: dict[str, object] = {}
    async with rig(paced=True) as all_up:
        await reports(all_up, PER_SECOND, 5)  # warm
        for part in parts or PARTS:
            request = _request(all_up, part)
            quiet, flooded, said = list[float](), list[float](), list[str]()
            for _ in range(TURNS):
                quiet += await _first_notifications(all_up)
                async with _flood(all_up, request, said):
                    flooded += await _first_notifications(all_up)
            for share, name in ((0.5, "p50"), (0.99, "p99")):
                without, with_it = quantile(quiet, share), quantile(flooded, share)
                figures[f"{part}: {name} ms quiet, flooded, later"] = (
                    round(without, 1),
                    round(with_it, 1),
                    round(with_it - without, 1),
                )
            figures[f"{part}: reports quiet, flooded"] = (len(quiet), len(flooded))
            figures[f"{part}: what the flood was answered"] = "; ".join(said)
    return figures


async def _first_notifications(all_up: Rig) -> list[float]:
    """Milliseconds from the sending of each report to its first notification."""
    sent = await reports(all_up, PER_SECOND, STRETCH)
    assert not sent.refused, sent.refused[:3]
    await settled(all_up, sent, each=1)
    arrivals = all_up.gateway.arrivals
    return [(min(arrivals[case]) - at) * 1000 for case, at in sent.at.items() if arrivals.get(case)]


def _request(all_up: Rig, part: str) -> bytes:
    token = all_up.lab.token(Role.DUTY_OFFICER, subject=f"flood-{part}")
    body = orjson.dumps(all_up.form()) if part == "reporting" else b""
    line = "POST /api/v1/reports" if body else "GET /api/v1/tasks"
    head = (
        f"{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def _flood(all_up: Rig, request: bytes, said: list[str]) -> AsyncGenerator[None]:
    port = all_up.services["intake"].port
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.flood_source", str(port), str(RATE), str(STRETCH)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told = asyncio.create_task(process.communicate(request))
    try:
        yield
    finally:
        said.append((await told)[0].decode().strip())
