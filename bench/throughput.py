"""100 reports/s through all four services: each with its five notifications delivered and every fact in the
trail; memory after it.
"""

import time

import httpx2

from bench.load import reports, settled
from bench.rig import Rig, quantile, rig
from shared.vocabulary import Role

PER_SECOND, SECONDS = 100, 60
NOTIFICATIONS = 5


async def run() -> dict[str, object]:
    async with rig(channels=("sms",)) as all_up:
        await reports(all_up, 20, 2)  # warm
        cpu_before, began = all_up.cpu_seconds(), time.time()
        sent = await reports(all_up, PER_SECOND, SECONDS)
        took = time.time() - began
        tail = await settled(all_up, sent, each=NOTIFICATIONS)
        cpu = {
            name: round((used - cpu_before[name]) / took * 100) for name, used in all_up.cpu_seconds().items()
        }
        trail_tail = await _in_the_trail(all_up)
        arrivals = all_up.gateway.arrivals
        complete = sum(len(arrivals.get(case, ())) >= NOTIFICATIONS for case in sent.at)
        last = [(max(arrivals[case]) - at) * 1000 for case, at in sent.at.items() if arrivals.get(case)]
        memory = all_up.memory()
        async with all_up.lab.connection("admin") as admin:
            facts = (await admin.jetstream().stream_info("FACTS")).state.messages
        return {
            "reports": len(sent.at),
            "refused": len(sent.refused),
            "first refusal": sent.refused[:1],
            "reports/s": round(len(sent.at) / took, 1),
            "with all five notifications": complete,
            "facts in all": facts,
            "last notification p50 / p99 ms": f"{quantile(last, 0.5):.0f} / {quantile(last, 0.99):.0f}",
            "seconds from the last report to the last notification": round(tail, 2),
            "seconds from there until every fact was in the trail": round(trail_tail, 2),
            "load behind its schedule at worst, s": round(sent.behind, 2),
            "cpu % of one core": cpu,
            "memory MB (RSS)": _with_sum({name: rss for name, (rss, _) in memory.items()}),
            "memory MB (PSS)": _with_sum({name: pss for name, (_, pss) in memory.items()}),
        }


async def _in_the_trail(all_up: Rig, patience: float = 120.0) -> float:
    """Wait until the trail has caught up with the stream; returns the seconds it took."""
    began = time.time()
    headers = all_up.lab.bearer(Role.AUDITOR)
    async with all_up.lab.connection("admin") as admin, httpx2.AsyncClient(headers=headers) as client:
        while time.time() - began < patience:
            facts = (await admin.jetstream().stream_info("FACTS")).state.messages
            state = (await client.get(f"{all_up.services['audit'].url}/api/v1/trail/state")).json()
            if state["size"] >= facts:
                return time.time() - began
    return float("inf")


def _with_sum(memory: dict[str, float]) -> dict[str, int]:
    return {name: round(used) for name, used in memory.items()} | {"together": round(sum(memory.values()))}
