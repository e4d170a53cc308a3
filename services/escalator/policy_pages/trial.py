"""What another policy would have changed in the cases on record, in words.

Invariant: both sides are played by `decide` over what people did, at the times they did it (simulate.py);
nothing is recorded and nobody is told.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.escalator.playing.outcome import CaseOutcome, Turn, play
from services.escalator.playing.simulate import Change, Differences, compare
from services.escalator.policy.book import Policy
from services.escalator.policy_pages.recent_record import RecentRecord, RecordedHistory
from services.escalator.policy_pages.wording import PolicyWording
from shared.directory import Directory
from shared.language import times
from shared.language.catalogue import N_
from shared.message import Marked
from shared.web.names import Names

DAYS = (7, 30, 90)
MOST_FACTS = 2_000
"""Of one trial; `fenghuo policy simulate` plays whole histories on a machine of its own."""
MOST_CASES = 50
"""Cases whose changes are shown; the figures count all."""
MOST_CHANGES = 12
"""Of one case."""
WHAT: dict[str, Marked] = {
    "opens": N_("would be owed besides"),
    "does_not_open": N_("would not be owed"),
    "due": N_("another limit"),
    "lapses": N_("would lapse"),
    "does_not_lapse": N_("would not lapse"),
    "told": N_("told how often"),
    "told_at": N_("told at another time"),
    "measure": N_("the measure that is proposed"),
}


@dataclass(frozen=True)
class ChangeInWords:
    what: str
    who: str
    about: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangedCase:
    case: str
    summary: str
    unit: str
    changes: tuple[ChangeInWords, ...]
    more: int


@dataclass(frozen=True)
class Trial:
    days: int
    history: RecordedHistory
    differences: Differences | None
    """None where there was nothing to play."""
    cases: tuple[ChangedCase, ...] = ()


class Trials:
    def __init__(
        self,
        record: RecentRecord,
        turns: Callable[[datetime, datetime], list[Turn]],
        directory: Callable[[], Directory],
        clock: Callable[[], datetime],
    ) -> None:
        self._record, self._turns, self._directory, self._clock = record, turns, directory, clock
        self._one_at_a_time = asyncio.Lock()

    async def play(self, policy: Policy, days: int, wording: PolicyWording, zone: ZoneInfo) -> Trial:
        """Raises ValueError, ArithmeticError, LookupError, TypeError for a history that can't be played."""
        now = self._clock()
        since = now - timedelta(days=days)
        async with self._one_at_a_time:
            history = await self._record.history(since, MOST_FACTS)
            if not history.facts:
                return Trial(days, history, None)
            return await asyncio.to_thread(self._played, policy, days, wording, zone, history, since, now)

    def _played(
        self,
        policy: Policy,
        days: int,
        wording: PolicyWording,
        zone: ZoneInfo,
        history: RecordedHistory,
        since: datetime,
        now: datetime,
    ) -> Trial:
        directory = self._directory()
        turns = self._turns(since, now)
        before = play(history.facts, turns, directory, now)
        after = play(history.facts, [(turns[0][0], policy)], directory, now)
        differences = compare(before, after)
        said = _ChangeTeller(wording, Names(directory), zone, now)
        by_case: dict[str, list[Change]] = {}
        for change in differences.changes:
            by_case.setdefault(change.case, []).append(change)
        outcomes = {str(case): outcome for side in (before, after) for case, outcome in side.cases.items()}
        # The newest first: ids of cases begin with their time; those of watches and ledgers stand last.
        newest = sorted(by_case, key=lambda case: (outcomes[case].unit != "", case), reverse=True)
        cases = tuple(said.case(outcomes[case], by_case[case]) for case in newest[:MOST_CASES])
        return Trial(days, history, differences, cases)


@dataclass(frozen=True)
class _ChangeTeller:
    wording: PolicyWording
    names: Names
    zone: ZoneInfo
    now: datetime

    def case(self, outcome: CaseOutcome, changes: list[Change]) -> ChangedCase:
        words = self.wording.words
        shown = tuple(self._changes(changes[:MOST_CHANGES]))
        unit = words.name(self.names.unit(outcome.unit))
        return ChangedCase(outcome.case, outcome.summary, unit, shown, len(changes) - len(shown))

    def _changes(self, changes: list[Change]) -> Iterator[ChangeInWords]:
        words = self.wording.words
        for change in changes:
            about = self.wording.title(change.duty) if change.duty else ""
            if change.purpose is not None:
                about = words.label("purpose", change.purpose)
            who = words.name(self.names.person(change.person)) if change.person else ""
            yield ChangeInWords(words.of(WHAT[change.what]), who, about, *self._sides(change))

    def _sides(self, change: Change) -> tuple[str, str]:
        words = self.wording.words
        if change.times is not None:
            before, after = (words.of(N_("%(count)s times"), count=count) for count in change.times)
        elif change.moments is not None:
            before, after = (self._moment(at) for at in change.moments)
        elif change.what == "measure":
            before, after = (
                self.wording.measure(side) if side else "" for side in (change.before, change.after)
            )
        else:
            before, after = (
                words.label("cause", side) if side else "" for side in (change.before, change.after)
            )
        return before, after

    def _moment(self, at: datetime | None) -> str:
        return times.clock(at, self.zone, self.now) if at is not None else ""
