"""`make faults`: seeded plays with one and with two of each service, on one broker and on three,
FAULTS_SECONDS (75) each.

SEEDS='1 2 3' for some.

Prints each balance and the figures; ends with 1 where a book does not balance.
"""

import asyncio
import os
import sys
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from shared.facts import EffectKind, read_decision
from shared.vocabulary import Kind
from tests.faults.balance import BROKER, Books, balance
from tests.faults.play import Play, played

SECONDS = float(os.environ.get("FAULTS_SECONDS", "75"))
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 2 3").split()]
KINDS = ((1, 1), (2, 1), (2, 3))
"""(copies of each service, brokers)"""


AFTERWARDS = timedelta(seconds=12)
"""So long after a broker's start its clocks may still be late: a stream asks its source again after the
server's own ten seconds.
"""
UNDISTURBED = "otherwise"


def lapses_found_after(books: Books) -> dict[str, list[float]]:
    """Seconds from each limit that passed, or from the end of the outage it fell into, until its lapse was on
    record; by whose death it fell into or followed, the broker's before all others.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for stored in books.facts:
        if stored.fact.kind != Kind.DECIDED:
            continue
        for effect in read_decision(stored.fact.data).effects:
            if effect.kind is EffectKind.LAPSED and effect.due_at is not None:
                ends = [outage.ended for outage in books.outages if outage.covers(effect.due_at)]
                seconds = (stored.at - max([effect.due_at, *ends])).total_seconds()
                found[_disturbed_by(books, effect.due_at, stored.at)].append(seconds)
    return found


def _disturbed_by(books: Books, limit: datetime, on_record: datetime) -> str:
    died = {
        death.part for death in books.deaths if death.began <= on_record and limit <= death.ended + AFTERWARDS
    }
    return BROKER if BROKER in died else min(died, default=UNDISTURBED)


def say(seed: int, play: Play, books: Books) -> bool:
    lines = balance(books)
    found = {part: sorted(seconds) for part, seconds in sorted(lapses_found_after(books).items())}
    repeats = len(books.hand_overs) - len({hand_over.id for hand_over in books.hand_overs})
    print(  # noqa: T201
        f"seed {seed}, {play.copies} of each, {play.brokers} broker(s): "
        f"{len(books.receipts)} receipts, {len(books.facts)} facts, {len(books.cases)} cases, "
        f"{len(books.calls)} calls ({repeats} handed over again under the same id), {len(books.outages)} outages; "
        f"{len(books.unreadable)} thrown in unread, {len(books.repeated)} a second time; {len(lines)} lines do not balance",
        flush=True,
    )
    for part, seconds in found.items():
        words = f"p50 {median(seconds):.2f} s, p99 {seconds[int(0.99 * len(seconds))]:.1f} s, {seconds[-1]:.1f} s at most"
        print(f"  {len(seconds)} lapses, {part}: found after {words}", flush=True)  # noqa: T201
    for line in lines[:40]:
        print(f"  !! {line.entry}: {line.case or '-'}: {line.words}", flush=True)  # noqa: T201
    return not lines


async def main() -> bool:
    balanced = True
    for seed in SEEDS:
        for copies, brokers in KINDS:
            with tempfile.TemporaryDirectory(prefix="fenghuo-faults-") as folder:
                balanced &= say(
                    seed,
                    *await played(
                        Path(folder), seed, copies=copies, brokers=brokers, seconds=SECONDS, worse=True
                    ),
                )
    return balanced


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
