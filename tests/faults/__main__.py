"""`make faults`: seeded plays with one and with two of each service, on one broker and on three, FAULTS_SECONDS (75) each.

SEEDS='1 2 3' for some.

Prints each balance and the figures; ends with 1 where a book does not balance.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from shared.facts import EffectKind, read_decision
from shared.vocabulary import Kind
from tests.faults.balance import Books, balance
from tests.faults.play import Play, played

SECONDS = float(os.environ.get("FAULTS_SECONDS", "75"))
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 2 3").split()]
KINDS = ((1, 1), (2, 1), (2, 3))
"""(copies of each service, brokers)"""


def lapses_found_after(books: Books) -> list[float]:
    """Seconds from each limit that passed, or from the end of the outage it fell into, until its lapse was on record."""
    found: list[float] = []
    for stored in books.facts:
        if stored.fact.kind != Kind.DECIDED:
            continue
        for effect in read_decision(stored.fact.data).effects:
            if effect.kind is EffectKind.LAPSED and effect.due_at is not None:
                ends = [outage.ended for outage in books.outages if outage.covers(effect.due_at)]
                found.append((stored.at - max([effect.due_at, *ends])).total_seconds())
    return found


def say(seed: int, play: Play, books: Books) -> bool:
    lines = balance(books)
    found = lapses_found_after(books)
    repeats = len(books.hand_overs) - len({hand_over.id for hand_over in books.hand_overs})
    print(  # noqa: T201
        f"seed {seed}, {play.copies} of each, {play.brokers} broker(s): "
        f"{len(books.receipts)} receipts, {len(books.facts)} facts, {len(books.cases)} cases, "
        f"{len(books.calls)} calls ({repeats} handed over again under the same id), {len(books.outages)} outages; "
        f"{len(found)} lapses, found after {median(found or [0]):.2f} s (p50), {max(found, default=0):.1f} s at most; "
        f"{len(books.unreadable)} thrown in unread, {len(books.repeated)} a second time; {len(lines)} lines do not balance",
        flush=True,
    )
    for line in lines[:40]:
        print(f"  !! {line.entry}: {line.case or '-'}: {line.words}", flush=True)  # noqa: T201
    return not lines


async def main() -> bool:
    balanced = True
    for seed in SEEDS:
        for copies, brokers in KINDS:
            with tempfile.TemporaryDirectory(prefix="fenghuo-faults-") as folder:
                balanced &= say(seed, *await played(Path(folder), seed, copies=copies, brokers=brokers, seconds=SECONDS, worse=True))
    return balanced


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
