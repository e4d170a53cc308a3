"""How long after its limit a lapse is on record, by the broker's own clock. Goal: within 300 ms."""

import asyncio
from pathlib import Path

from bench.load import reports
from bench.rig import quantile, rig
from services.escalator.policy.compress import compress
from shared.facts import EffectKind, read_decision
from shared.vocabulary import Kind
from tests.escalator.wire import facts_of

REPORTS, PER_SECOND = 40, 2
"""Each case has some thirty clocks within ten seconds: five people stay dark, are reminded, the chain is lit
to its end.
"""


async def run() -> dict[str, object]:
    text = Path("config/policy.yaml").read_text(encoding="utf-8")
    async with rig(policy=compress(text, 180)) as all_up:  # thirty minutes are ten seconds
        sent = await reports(all_up, PER_SECOND, REPORTS / PER_SECOND)
        await asyncio.sleep(12)
        async with all_up.lab.connection("admin") as admin:
            decided = [
                (at, read_decision(fact.data)) for at, fact in await facts_of(admin, None, Kind.DECIDED)
            ]
        late = [
            (at - effect.due_at).total_seconds() * 1000
            for at, decision in decided
            for effect in decision.effects
            if effect.kind is EffectKind.LAPSED and effect.due_at
        ]
        return {
            "reports": len(sent.at),
            "lapses": len(late),
            "lapse on record after its limit p50 ms": round(quantile(late, 0.5), 1),
            "p99 ms": round(quantile(late, 0.99), 1),
            "worst ms": round(max(late), 1),
        }
