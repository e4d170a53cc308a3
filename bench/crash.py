"""kill -9 of sequencer, store and broker at random moments under load, FENGHUO_BENCH_KILLS times (50).

Afterwards: gapless, the stream byte for byte, and each checkpoint ever signed and announced consistent with
every later one.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.audit.killing import kill_and_check
from tests.lab import lab_in

KILLS = int(os.environ.get("FENGHUO_BENCH_KILLS", "50"))


async def run() -> dict[str, object]:
    with TemporaryDirectory(prefix="fenghuo-bench-") as name:
        async with lab_in(Path(name)) as lab:
            return await kill_and_check(lab, times=KILLS, seed=int(os.environ.get("FENGHUO_BENCH_SEED", "1")))
