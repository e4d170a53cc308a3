"""Reports at a steady rate over HTTP, from units that never wait for one another."""

import asyncio
import time
from dataclasses import dataclass, field

import orjson

from bench.rig import Rig


@dataclass
class Sent:
    """When each case was sent, and how long its 201 took (seconds)."""

    at: dict[str, float] = field(default_factory=dict[str, float])
    answered: list[float] = field(default_factory=list[float])
    refused: list[str] = field(default_factory=list[str])
    behind: float = 0.0
    """How far the load itself fell behind its schedule at worst, seconds."""


async def reports(rig: Rig, per_second: float, seconds: float) -> Sent:
    """Open loop: each report is sent at its moment, however long the others take."""
    sent = Sent()
    started = time.time()
    poster, headers = rig.reporter()
    async with asyncio.TaskGroup() as group:

        async def one() -> None:
            at = time.time()
            answer = await poster.post(orjson.dumps(rig.form()), headers, timeout=60)
            if answer.status == 201:
                sent.at[orjson.loads(answer.body)["case"]] = at
                sent.answered.append(time.time() - at)
            else:
                sent.refused.append(f"{answer.status} {answer.body[:200]!r}")

        for number in range(int(per_second * seconds)):
            wait = started + number / per_second - time.time()
            sent.behind = max(sent.behind, -wait)
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(one())
    await poster.close()
    return sent


async def settled(rig: Rig, sent: Sent, each: int, patience: float = 60.0) -> float:
    """Wait until every case has had `each` notifications. Returns how long that took after the last
    report.
    """
    began = time.time()
    while time.time() - began < patience:
        if all(len(rig.gateway.arrivals.get(case, ())) >= each for case in sent.at):
            break
        await asyncio.sleep(0.05)
    return time.time() - began
