"""Runs of a trail checked one after the other or, where it is long and can be opened again, on all cores;
handed out in order.

Invariant: so many runs are under way or waiting and no more, so that memory stays bounded however long the
trail is. This process takes its share: while another one begins, and whenever those have enough to do.
"""

import asyncio
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from services.audit.checking.run import BUNDLES_IN_RUN, CheckedPart, CheckTask, check_run
from services.audit.checking.sources import TrailSource
from shared.tlog.merkle import TILE_WIDTH

Opener = Callable[[], AbstractAsyncContextManager[TrailSource]]
"""Opens the same source again; another process can be given it."""
WORTH_A_POOL = 100
"""Bundles with payloads. A process takes a good second to begin; without payloads there is ten times less to
do.
"""
WORTH_A_POOL_FOR_HEADERS = 1_200
_AHEAD = 2
"""Runs that each other process has before it."""
_WAITING = 16
"""Runs that are under way or wait for their turn, half a megabyte each."""


@dataclass
class _Part:
    task: CheckTask
    result: "Future[CheckedPart] | CheckedPart"

    @property
    def is_done(self) -> bool:
        return isinstance(self.result, CheckedPart) or self.result.done()


async def findings(
    source: TrailSource, task: CheckTask, opener: Opener | None, processes: int | None = None
) -> AsyncGenerator[CheckedPart]:
    """In order. `processes`: this one among them; None: one for each core where it is worth it."""
    with_payloads = task.payloads and task.case is None
    if processes is None:
        worth = task.last - task.first >= (WORTH_A_POOL if with_payloads else WORTH_A_POOL_FOR_HEADERS)
        processes = (os.cpu_count() or 1) if worth else 1
    parts = deque(_parts(task, BUNDLES_IN_RUN if with_payloads or processes == 1 else 4 * BUNDLES_IN_RUN))
    if opener is None or processes < 2:
        for part in parts:
            yield await check_run(source, part)
        return
    pool = ProcessPoolExecutor(processes - 1, multiprocessing.get_context("spawn"))
    waiting: deque[_Part] = deque()
    try:
        while parts or waiting:
            under_way = sum(not part.is_done for part in waiting)
            while parts and under_way < _AHEAD * (processes - 1) and len(waiting) < _WAITING:
                waiting.append(_Part(part := parts.popleft(), pool.submit(_check_elsewhere, opener, part)))
                under_way += 1
            if parts and len(waiting) < _WAITING and not waiting[0].is_done:
                waiting.append(_Part(part := parts.popleft(), await check_run(source, part)))
            else:
                yield await _result_of(source, waiting.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


async def _result_of(source: TrailSource, part: _Part) -> CheckedPart:
    if isinstance(part.result, CheckedPart):
        return part.result
    try:
        return await asyncio.wrap_future(part.result)
    except BrokenProcessPool:
        # The other process was killed: nothing is known of its run.
        return await check_run(source, part.task)


def _parts(task: CheckTask, bundles: int) -> list[CheckTask]:
    """`sizes` are told to those runs alone that they lie in."""
    parts: list[CheckTask] = []
    for first in range(task.first, task.last, bundles):
        last = min(first + bundles, task.last)
        parts.append(
            replace(
                task,
                first=first,
                last=last,
                sizes=tuple(size for size in task.sizes if first * TILE_WIDTH < size <= last * TILE_WIDTH),
            )
        )
    return parts


def _check_elsewhere(opener: Opener, task: CheckTask) -> CheckedPart:
    async def work() -> CheckedPart:
        async with opener() as source:
            return await check_run(source, task)

    return asyncio.run(work())
