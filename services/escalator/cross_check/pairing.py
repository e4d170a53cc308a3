"""Which outside witnesses and which reports of units tell of one event. Pure: what was told is remembered, and
each new telling is laid beside those of the other side.

Invariant: what is said is bounded by what was told. A witness is matched at most MATCHED_AT_MOST times, however
many reports there are of its event: again only by what is far more alike than what it was matched with before.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.escalator.deciding.matching import (
    ComparedReport,
    Match,
    apart,
    is_units_report,
    is_witness,
    match,
)
from services.escalator.policy.model import CrossCheck
from shared.directory import Directory
from shared.ids import CaseId

REMEMBERED_FOR = timedelta(hours=48)
MOST = 5_000
"""Tellings remembered on each side, some 3 KB each; where more come in, the oldest are forgotten first."""
MATCHED_AT_MOST = 3
"""Times one witness is matched. Steps of likeness from the policy's `alike` up to 1."""


@dataclass(frozen=True, slots=True)
class ToldReport:
    """One report as remembered."""

    case: CaseId
    at: datetime
    report: ComparedReport


@dataclass(frozen=True, slots=True)
class Pair:
    """A witness and the report of a unit that tells of the same event."""

    witness: ToldReport
    report: ToldReport
    match: Match
    step: int
    """Which step of likeness it has reached: no witness is matched twice on one step."""


class Pairing:
    """What was told in the last two days, on both sides."""

    def __init__(self) -> None:
        self._witnesses: deque[ToldReport] = deque(maxlen=MOST)
        self._reports: deque[ToldReport] = deque(maxlen=MOST)
        self._steps: dict[CaseId, int] = {}
        """The step each witness was matched on, as far as this replica said it; the oldest first."""

    def remember(self, telling: ToldReport, directory: Directory) -> bool:
        """Whether it is of either side."""
        if is_witness(telling.report.matter, directory):
            self._witnesses.append(telling)
        elif is_units_report(telling.report.matter, directory):
            self._reports.append(telling)
        else:
            return False
        for side in (self._witnesses, self._reports):
            while side and side[0].at < telling.at - REMEMBERED_FOR:
                side.popleft()
        return True

    def compared(
        self, latest: ToldReport, directory: Directory, settings: CrossCheck
    ) -> Iterator[Pair | None]:
        """For each telling of the other side that is laid beside it: the pair, or None where the two are not
        alike enough to be told of.
        """
        matter = latest.report.matter
        if is_witness(matter, directory):
            pairs = ((latest, report) for report in _near(self._reports, latest, settings.window))
        elif is_units_report(matter, directory):
            pairs = ((witness, latest) for witness in _near(self._witnesses, latest, settings.window))
        else:
            return
        for witness, report in pairs:
            if self._steps.get(witness.case, -1) >= MATCHED_AT_MOST - 1:
                yield None
                continue
            found = match(witness.report, report.report, directory, settings)
            step = step_of(found.score, settings.alike)
            is_better = step is not None and step > self._steps.get(witness.case, -1)
            yield Pair(witness, report, found, step) if is_better and step is not None else None

    def said(self, pair: Pair) -> None:
        self._steps[pair.witness.case] = pair.step
        if len(self._steps) > MOST:
            del self._steps[next(iter(self._steps))]


def best_of_each_witness(pairs: Iterable[Pair]) -> list[Pair]:
    """A witness has one best report, a report may answer many witnesses."""
    best: dict[CaseId, Pair] = {}
    for pair in pairs:
        known = best.get(pair.witness.case)
        if known is None or pair.match.score > known.match.score:
            best[pair.witness.case] = pair
    return [*best.values()]


def step_of(score: float, alike: float) -> int | None:
    """From 0, where it is just alike enough, to the last; None where it is not."""
    if score < alike:
        return None
    if alike >= 1:
        return 0
    return min(MATCHED_AT_MOST - 1, int((score - alike) / (1 - alike) * MATCHED_AT_MOST))


def _near(side: Iterable[ToldReport], latest: ToldReport, window: timedelta) -> Iterator[ToldReport]:
    """Those that are worth laying beside it: a drill is never the proof of an event, nor a case of itself."""
    matter = latest.report.matter
    for candidate in side:
        other = candidate.report.matter
        if (
            candidate.case != latest.case
            and other.exercise is matter.exercise
            and apart(other, matter) < window
        ):
            yield candidate
