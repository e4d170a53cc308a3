"""Runs of a trail checked one after the other or, where it is long and can be opened again, on all cores; handed out in order.

Invariant: at most two runs a process are under way or waiting, so that memory stays bounded however long the trail is.
"""

import asyncio
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from services.audit.checking.run import BUNDLES_IN_RUN, Asked, Finding, check_run
from services.audit.checking.sources import TrailSource
from services.audit.log.merkle import TILE_WIDTH

Opener = Callable[[], AbstractAsyncContextManager[TrailSource]]
"""Opens the same source again; another process can be given it."""
WORTH_A_POOL = 200
"""Bundles. A process takes a good second to begin."""
_BUNDLES_FOR_A_PROCESS = 64


async def findings(source: TrailSource, asked: Asked, opener: Opener | None) -> AsyncIterator[Finding]:
    processes = os.cpu_count() or 1
    if opener is None or processes < 2 or asked.last - asked.first < WORTH_A_POOL:
        for part in _parts(asked, BUNDLES_IN_RUN):
            yield await check_run(source, part)
        return
    parts = deque(_parts(asked, _BUNDLES_FOR_A_PROCESS))
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[asyncio.Future[Finding]] = deque()
        try:
            while parts or waiting:
                while parts and len(waiting) < 2 * processes:
                    waiting.append(loop.run_in_executor(pool, _check_elsewhere, opener, parts.popleft()))
                yield await waiting.popleft()
        finally:
            for one in waiting:
                one.cancel()


def _parts(asked: Asked, bundles: int) -> list[Asked]:
    """`sizes` are told to those runs alone that they lie in."""
    parts: list[Asked] = []
    for first in range(asked.first, asked.last, bundles):
        last = min(first + bundles, asked.last)
        parts.append(
            replace(
                asked, first=first, last=last, sizes=tuple(size for size in asked.sizes if first * TILE_WIDTH < size <= last * TILE_WIDTH)
            )
        )
    return parts


def _check_elsewhere(opener: Opener, asked: Asked) -> Finding:
    async def work() -> Finding:
        async with opener() as source:
            return await check_run(source, asked)

    return asyncio.run(work())
