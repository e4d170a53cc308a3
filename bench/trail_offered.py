"""Facts for the trail without end, mixed and sized as a case has them: a report, decisions with notices,
deliveries, answers.
"""

from collections.abc import Iterator

from shared.facts import Fact
from tests.audit.given import acknowledged, lapsed, new_case, reported

_AT_ONCE = 50
"""Cases that go on side by side."""


def endless() -> Iterator[Fact]:
    while True:
        cases = [new_case() for _ in range(_AT_ONCE)]
        for number, case in enumerate(cases):
            yield reported(
                case,
                unit=f"unit_{number % 12}",
                summary=f"甲区第{number}号厂房起火，已疏散 Fire at plant {number}",
            )
        for turn in range(6):
            for case in cases:
                yield lapsed(case) if turn == 3 else acknowledged(case, person=f"p_{turn}")
