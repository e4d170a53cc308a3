"""A suspicion waits for the cross-check to come up: by a moment where it is behind by a report that has just come,
else it is asked again later.
"""

import asyncio

from services.escalator.cross_check.ahead import Ahead
from shared.streams import CROSS_CHECK_DURABLE, FACTS
from tests.escalator.wire import report
from tests.lab import Lab

LATER = 1_000
"""Of a clock that strikes after whatever is stored here."""


async def test_a_report_that_has_just_come_holds_a_suspicion_up_for_a_moment_alone(frail_lab: Lab) -> None:
    async with frail_lab.connection("intake") as intake, frail_lab.connection("escalator") as escalator:
        ahead, stream = Ahead(lambda: escalator), escalator.jetstream()
        reader = await stream.pull_subscribe_bind(CROSS_CHECK_DURABLE, FACTS)
        case = await report(intake)
        assert await ahead.is_match_awaited(case, LATER), "nobody has compared it"

        asked = asyncio.create_task(ahead.is_match_awaited(case, LATER))
        await asyncio.sleep(0)
        [handed] = await reader.fetch(1)
        await handed.ack_sync()
        assert not await asked, "it was compared meanwhile, and nothing was found"
