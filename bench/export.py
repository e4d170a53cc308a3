"""Exports and bundles from a trail of FENGHUO_BENCH_RECORDS records (default 50,000; the store of `bench
query`): rate, first byte, memory.

Memory is this process's own, above what it had before the first export; the store is a process of its own.
"""

import os
import random
import time
from tempfile import TemporaryFile
from zoneinfo import ZoneInfo

import psutil

from bench.rig import quantile
from bench.trail_store import Store, kept_store
from services.audit.evidence.bundle.make import Bundles
from services.audit.evidence.export.end import End
from services.audit.evidence.export.rows import ExportWords
from services.audit.evidence.export.stream import ExportFormat, ExportQuestion, content_of
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Filter
from services.audit.store.trail import Trail
from shared.vocabulary import Language
from shared.web.names import Names

RECORDS = int(os.environ.get("FENGHUO_BENCH_RECORDS", "50000"))
ZONE = ZoneInfo("Asia/Shanghai")
_CASES = 20


async def run() -> dict[str, object]:
    async with kept_store(RECORDS) as store:
        trail = Trail(store.url)
        try:
            reader = store.reader(trail)
            result: dict[str, object] = {"records": store.records}
            before = psutil.Process().memory_info().rss
            for form in ExportFormat:
                result[form.value] = await _exported(reader, store, ExportQuestion(Filter(), form), before)
            result["jsonl with proofs, one kind"] = await _exported(
                reader,
                store,
                ExportQuestion(Filter(kind="reported"), ExportFormat.JSONL, proofs=True),
                before,
            )
            result["bundle of a case, p50 / worst ms"] = await _bundles(reader, store, trail)
            return result
        finally:
            trail.close()


async def _exported(reader: TrailReader, store: Store, asked: ExportQuestion, before: int) -> str:
    signed = await reader.checkpoints.newest()
    words = ExportWords(Language.ZH, Names(store.directory), ZONE)
    count, peak, began, first = 0, 0, time.perf_counter(), 0.0

    def end(records: int) -> End:
        nonlocal count
        count = records
        return End(records, signed.size, signed.root.hex(), signed.time, {}, "bench", "")

    with TemporaryFile() as file:
        async for content in content_of(reader, asked, signed, words, end):
            first = first or (time.perf_counter() - began if content else 0.0)
            file.write(content)
            peak = max(peak, psutil.Process().memory_info().rss)
        took, size = time.perf_counter() - began, file.tell()
    rate = f"{count} in {took:.1f} s = {count / took:.0f}/s, first byte {first * 1000:.0f} ms"
    return f"{rate}, {size / 1e6:.1f} MB, memory +{(peak - before) / 1e6:.0f} MB"


async def _bundles(reader: TrailReader, store: Store, trail: Trail) -> str:
    bundles, chosen = (
        Bundles(reader, lambda: store.directory, ZONE, store.signer.name, store.signer.sign),
        random.Random(7),
    )
    took: list[float] = []
    for _ in range(_CASES):
        entry = await trail.entries.at(chosen.randrange(store.records))
        if entry is not None and entry.fields["case"]:
            began = time.perf_counter()
            await bundles.make(entry.fields["case"])
            took.append((time.perf_counter() - began) * 1000)
    return f"{quantile(took, 0.5):.0f} / {max(took):.0f}"
