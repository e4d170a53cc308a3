"""`decide` against the naive model of the same rules (tests/escalator/reference*.py), step by step, on 10,000
random histories.
"""

import time

from tests.escalator.test_reference import LENGTH, compare

HISTORIES = 10_000


async def run() -> dict[str, object]:
    """Raises AssertionError naming the seed, the fact and both sides where they disagree."""
    begun = time.perf_counter()
    for seed in range(HISTORIES):
        compare(seed)
    took = time.perf_counter() - begun
    return {"histories that agree": HISTORIES, "acts of people in each": LENGTH, "seconds": round(took, 1)}
