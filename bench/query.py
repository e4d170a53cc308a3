"""Questions to a trail of FENGHUO_BENCH_RECORDS records (default 50,000; made once under .fenghuo/bench):
what each takes, by the reader.

Each is asked with up to 50 different values, first page of 50: the first time (nothing of it is in memory)
and once more.
"""

import os
import random
import time
from collections.abc import Iterator
from datetime import timedelta

import psutil

from bench.rig import quantile
from bench.trail_facts import BEGIN, RARE, SPAN
from bench.trail_store import Store, kept_store
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter
from services.audit.store.trail import Trail
from shared.vocabulary import Level

RECORDS = int(os.environ.get("FENGHUO_BENCH_RECORDS", "50000"))
_VALUES = 50


async def run() -> dict[str, object]:
    async with kept_store(RECORDS) as store:
        trail = Trail(store.url)
        try:
            return await _measure(store, store.reader(trail), trail)
        finally:
            trail.close()


async def _measure(store: Store, reader: TrailReader, trail: Trail) -> dict[str, object]:
    result: dict[str, object] = {"records": store.records}
    if store.rate is not None:
        result["made, records/s"] = round(store.rate)
    if store.index_rate is not None:
        result["index made (or found whole), records/s"] = round(store.index_rate)
    chosen = random.Random(5)
    cases = [
        entry.fields["case"]
        for _ in range(_VALUES)
        if (entry := await trail.entries.at(chosen.randrange(store.records)))
    ]
    questions: dict[str, list[Filter]] = {
        "case": [Filter(case=case) for case in cases],
        "unit and month": list(_unit_and_month(store, chosen)),
        "unit and all under it, month": [
            what.model_copy(update={"under": True}) for what in _unit_and_month(store, chosen)
        ],
        "person over a year": [Filter(person=f"person_{chosen.randrange(400):03d}") for _ in range(_VALUES)],
        "lapse": [Filter(lapse=True)],
        "lapse of a unit": [
            Filter(lapse=True, unit=chosen.choice(store.directory.units).id) for _ in range(_VALUES)
        ],
        "rare words": [Filter(text=RARE), Filter(text=RARE[1:4])],
        "common words": [Filter(text="化工园区泄漏")],
        "words that never stand there": [Filter(text="从未出现过的话"), Filter(text="zyxwvut")],
        "one letter (no index)": [Filter(text="q")],
        "area and level": [Filter(area="620600", level=level) for level in Level],
        "claimed on a day": [_claimed(chosen.randrange(360)) for _ in range(_VALUES)],
        "everything, the newest": [Filter()],
    }
    for name, filters in questions.items():
        result[f"{name}: p50 / p99 ms, again p99 (found)"] = await _asked(reader, filters)
    result["memory of who asks, MB"] = round(psutil.Process().memory_info().rss / 1e6)
    return result


async def _asked(reader: TrailReader, filters: list[Filter]) -> str:
    rounds: list[list[float]] = []
    found = 0
    for _ in range(2):
        took: list[float] = []
        for what in filters:
            began = time.perf_counter()
            page = await reader.search(what)
            took.append((time.perf_counter() - began) * 1000)
            found += len(page.entries)
        rounds.append(took)
    first, again = rounds
    return f"{quantile(first, 0.5):.1f} / {quantile(first, 0.99):.1f}, {quantile(again, 0.99):.1f} ({found / 2 / len(filters):.0f})"


def _unit_and_month(store: Store, chosen: random.Random) -> Iterator[Filter]:
    for _ in range(_VALUES):
        since = BEGIN + (SPAN - timedelta(days=31)) * chosen.random()
        yield Filter(
            unit=chosen.choice(store.directory.units).id, since=since, until=since + timedelta(days=30)
        )


def _claimed(day: int) -> Filter:
    since = BEGIN + timedelta(days=day)
    return Filter(claimed_since=since, claimed_until=since + timedelta(hours=23))
