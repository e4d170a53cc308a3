"""A service that stops ends, whatever of its work loses the word to stop."""

import asyncio

from shared.concurrent import end_all


async def test_work_that_loses_its_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def loses_the_first() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    async def hears() -> None:
        await asyncio.sleep(60)

    work = [asyncio.create_task(loses_the_first()), asyncio.create_task(hears())]
    await asyncio.sleep(0)
    await end_all(work, again=0.01)
    assert lost == 2
    assert all(task.cancelled() for task in work)


async def test_what_has_failed_is_left_as_it_ended() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    work = [asyncio.create_task(fails())]
    await asyncio.wait(work)
    await end_all(work)
    assert isinstance(work[0].exception(), ValueError)
