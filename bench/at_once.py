"""50,000 clocks that are due in one second: until each is decided, none twice. Goal: within 40 s.

50,000 cases are reported and decided first; then all their clocks are set to one moment, just past the wait
of those called first, so that each has people who stayed dark and a chain to light.
"""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.js.api import PubAck

from bench.escalator import at_least, decided, flood
from bench.rig import broker_alone
from shared.broker.walk import walk
from shared.facts import Due, Fact, read_decision
from shared.ids import CaseId
from shared.streams import FACTS
from shared.subjects import armed_subject, due_subject
from shared.vocabulary import Kind
from tests.lab import until

CASES = 50_000
WAIT = timedelta(minutes=5)
"""`half_hour.fallback.after` of the policy: the clocks' own moments, before they are moved."""
PATIENCE = 600.0


async def arm_all(admin: Client, cases: list[CaseId], at: datetime) -> None:
    js, stamp = admin.jetstream(), at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    waiting: list[asyncio.Future[PubAck]] = []
    for case in cases:
        raw = Fact.bytes_of(
            Kind.DUE,
            id=f"clock:{case}:{stamp}",
            source="/services/escalator/clocks",
            subject=case,
            time=at,
            data=Due(at=at),
        )
        headers = {
            "Nats-Schedule": f"@at {stamp}",
            "Nats-Schedule-Target": due_subject(case),
            "Nats-Schedule-TTL": "24h",
        }
        waiting.append(await js.publish_async(armed_subject(case), raw, headers=headers))
        if len(waiting) >= 1000:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


async def run() -> dict[str, object]:
    async with broker_alone() as lab, lab.connection("intake") as intake, lab.connection("admin") as admin:
        began = time.time()
        await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S")
        cases = await flood(intake, CASES)
        reported = datetime.now(UTC)
        await until(lambda: at_least(admin, CASES), seconds=PATIENCE)
        print(f"  {CASES} cases decided after {time.time() - began:.0f} s")
        moment = reported + WAIT + timedelta(seconds=1)
        if moment < datetime.now(UTC) + timedelta(seconds=20):
            return {"too slow to measure": f"the cases were not decided within {WAIT}"}
        await arm_all(admin, cases, moment)
        last = (await admin.jetstream().stream_info(FACTS)).state.last_seq
        before = await decided(admin)
        print(f"  all clocks set to {moment:%H:%M:%S}")
        await asyncio.sleep((moment - datetime.now(UTC)).total_seconds())
        await until(lambda: at_least(admin, before + CASES), seconds=PATIENCE)
        struck: list[float] = []
        done: list[float] = []
        decisions: Counter[str] = Counter()
        async for stored in walk(lambda: admin, FACTS, f"fact.*.{Kind.DUE}", after=last):
            struck.append((stored.at - moment).total_seconds())
        async for stored in walk(lambda: admin, FACTS, f"fact.*.{Kind.DECIDED}", after=last):
            decision = read_decision(Fact.read(stored.data).data)
            if decision.about.kind == Kind.DUE:
                decisions[f"{decision.case}:{decision.about.sequence}"] += 1
                done.append((stored.at - moment).total_seconds())
        return {
            "clocks": CASES,
            "clocks in the record after the moment, first and last, s": (
                round(min(struck), 2),
                round(max(struck), 2),
            ),
            "struck": len(struck),
            "decisions": len(decisions),
            "decided twice": sum(times > 1 for times in decisions.values()),
            "last decision after the moment, s": round(max(done), 1),
        }
