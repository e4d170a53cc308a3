"""From a unit's report over HTTP to the first notification in the channel's hands, at 25 reports/s. Goal: p50
< 40 ms, p99 < 150 ms.
"""

from bench.load import reports, settled
from bench.rig import quantile, rig

PER_SECOND, SECONDS = 25, 40


async def run() -> dict[str, object]:
    async with rig() as all_up:
        await reports(all_up, PER_SECOND, 3)  # warm
        sent = await reports(all_up, PER_SECOND, SECONDS)
        await settled(all_up, sent, each=10)
        arrivals = all_up.gateway.arrivals
        first = [(min(arrivals[case]) - at) * 1000 for case, at in sent.at.items() if arrivals.get(case)]
        last = [(max(arrivals[case]) - at) * 1000 for case, at in sent.at.items() if arrivals.get(case)]
        return {
            "reports": len(sent.at),
            "refused": len(sent.refused),
            "never notified": len(sent.at) - len(first),
            "first notification p50 ms": round(quantile(first, 0.50), 1),
            "first notification p99 ms": round(quantile(first, 0.99), 1),
            "tenth notification p50 ms": round(quantile(last, 0.50), 1),
            "tenth notification p99 ms": round(quantile(last, 0.99), 1),
            "answer to the reporter p50 ms": round(quantile(sent.answered, 0.5) * 1000, 1),
            "answer to the reporter p99 ms": round(quantile(sent.answered, 0.99) * 1000, 1),
        }
