"""Policy and directory are what was last approved, after any restart, in any order, also by a kill, also of
two escalators at once.
"""

import asyncio
import os
import random

from tests.faults.approved import AS_APPROVED, approve_the_policy, change_the_holder, what_holds
from tests.lab import Lab

ROUNDS = int(os.environ.get("FAULTS_RESTARTS", "2"))
"""Restarts in the suite; `make faults` does thirty."""
SEED = 7


async def test_after_any_restart_in_any_order(frail_lab: Lab) -> None:
    dice = random.Random(SEED)
    frail_lab.ask_for_no_resolution()
    escalators = list(
        await asyncio.gather(frail_lab.start_service("escalator"), frail_lab.start_service("escalator"))
    )
    intake = await frail_lab.start_service("intake")
    await approve_the_policy(frail_lab, escalators[0])
    await change_the_holder(frail_lab, intake)
    for _ in range(ROUNDS):
        parts = dice.sample(["escalators", "intake"], 2)
        for running in (*escalators, intake):
            running.kill() if dice.random() < 0.5 else running.stop()
        if dice.random() < 0.5:
            frail_lab.kill_nats()
            frail_lab.start_nats()
        for part in parts:
            if part == "escalators":
                escalators = list(
                    await asyncio.gather(
                        frail_lab.start_service("escalator"), frail_lab.start_service("escalator")
                    )
                )
            elif part == "intake":
                intake = await frail_lab.start_service("intake")
        assert await what_holds(frail_lab, escalators, intake) == AS_APPROVED
