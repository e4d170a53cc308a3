"""What the reports answer: plain frozen values. Times are in seconds; a share is between 0 and 1, None of
nothing.

Invariant: every answer names the checkpoint it holds up to and what it leaves out, and each line the figures
it is made of: under
`figure`, with a column behind it (`unit/water_bureau` + `/late`), `GET /api/v1/reports/records` has their
records.
"""

from typing import Annotated

from pydantic import Field

from services.audit.reading.views import CheckpointView
from shared.facts import EXCUSES, Frozen, Instant

Records = dict[str, tuple[int, ...]]


class Traced(Frozen):
    figure: str
    """The line's name: with `/` and a field of it, the name of a figure."""
    records: Records | None = None
    """Field → records it was counted from; only where `records=true` was asked."""


class DutyLine(Traced):
    """How duties stood to their limits. Each duty whose fate was decided in the window is either `in_time` or
    `lapsed`.
    """

    duties: int
    """Opened in the window."""
    in_time: int
    late: int
    """Done after their limit without an excuse; their lapse may lie before the window."""
    lapsed: int
    """Not done by their limit; some of them were done late."""
    reported_late: int
    """Of the lapsed: the unit's own report came after the limit."""
    not_answered: int = 0
    """Of the lapsed: the report was there in time, and the person it is owed to did not answer."""
    logged_calls: int = 0
    """Of those done, in time or late: by a call that somebody wrote down."""
    contested: int = 0
    """Of the logged calls: the person called says that there was none. What they had answered is owed again,
    and counts as lapsed if so.
    """
    excused: int = 0
    """Of the lapsed: the record names what speaks for whoever let it happen. Counted apart from the share."""
    held_against: int = 0
    """Of the lapsed: those without an excuse; for a unit also without those a leader did not answer."""
    share_in_time: float | None = None
    """In time, of those in time and those lapsed without an excuse; for a unit also without those a leader
    did not answer. What a contested call had answered in time is not in time.
    """
    median_seconds: float | None = None
    """From a duty's opening until it was done, in time or late."""
    worst_seconds: float | None = None
    median_late_seconds: float | None = None
    worst_late_seconds: float | None = None


class UnitTimeliness(DutyLine):
    unit: str
    cases: int
    """Matters it reported."""


class LeaderTimeliness(DutyLine):
    person: str


class RowTimeliness(DutyLine):
    """By level, category, area, duty rule, or the channel over which the call first got through (`none`: over
    none).
    """

    row: str


class Answer(Frozen):
    checkpoint: CheckpointView
    since: Instant | None = None
    until: Instant | None = None
    asked_units: tuple[str, ...] | None = None
    """Only what these owe or answer for; None for all."""
    exercises_left_out: int = 0
    """Matters of the window that were exercises: they count nowhere."""
    facts: int = 0
    """Facts of the window that were looked at."""


class Timeliness(Answer):
    units: tuple[UnitTimeliness, ...]
    leaders: tuple[LeaderTimeliness, ...] = ()
    """Only what is owed to a person as a report, and what they answered."""
    levels: tuple[RowTimeliness, ...] = ()
    categories: tuple[RowTimeliness, ...] = ()
    areas: tuple[RowTimeliness, ...] = ()
    rules: tuple[RowTimeliness, ...] = ()
    channels: tuple[RowTimeliness, ...] = ()
    whole: RowTimeliness | None = None


class LapseStep(Frozen):
    """Something said about a lapse later, with its record."""

    index: int
    at: Instant
    what: str
    """`stated`, `proposed`, `decided`, `review_asked`, `upheld`, `set_aside`, `corrected`, `confirmed`,
    `refuted`.
    """
    measure: str | None = None
    by: str | None = None


class LapseLine(Frozen):
    index: int
    case: str | None
    unit: str | None
    duty: str
    person: str | None
    cause: str | None
    due_at: str | None
    late_by_seconds: float | None
    """How late the report came in. Of what else has lapsed, `done_late_by_seconds` says it once it is
    done.
    """
    stood_in: str | None
    found_at: Instant
    rule: str = ""
    area: str | None = None
    level: str | None = None
    category: str | None = None
    answerable: str | None = None
    """The unit whose ledger it was referred to; where it was not, the one that owed it."""
    referred: int | None = None
    """The record by which it was referred."""
    excuses: tuple[str, ...] = ()
    done_index: int | None = None
    done_late_by_seconds: float | None = None
    accountability: str | None = None
    """The case it was pursued in."""
    measure: str | None = None
    """The measure in force: decided and not set aside. Proposed ones stand in `steps`."""
    steps: tuple[LapseStep, ...] = ()
    """Up to the checkpoint, whether or not in the window."""

    @property
    def is_excused(self) -> bool:
        return not EXCUSES.isdisjoint(self.excuses)

    @property
    def outcome(self) -> str:
        """`open`, `proposed`, `decided`, `upheld`, `set_aside`, `corrected`, `refuted`, `not_referred`: how
        it stands.
        """
        said = [step.what for step in self.steps if step.what in _OUTCOMES]
        if said:
            return said[-1]
        return "open" if self.accountability is not None or self.referred is not None else "not_referred"


_OUTCOMES = ("proposed", "decided", "upheld", "set_aside", "corrected", "refuted")


class Lapses(Answer):
    lapses: tuple[LapseLine, ...]
    cut: bool = False
    """There are more than are listed."""


class HolderLine(Traced):
    unit: str
    matters: int
    """Stretches of holding a matter that lie in the window, whole or in part."""
    still: int
    """Held at its end."""
    held_seconds: float
    """The part of them that lies in the window."""
    median_seconds: float | None = None
    longest_seconds: float | None = None


class HeldLine(Frozen):
    unit: str
    since: Instant
    until: Instant | None
    how: str
    index: int
    """The record by which it took it."""


class ChainLine(Frozen):
    """A matter, or a task of one, that went from hand to hand, or was held longest."""

    case: str
    task: str | None
    kind: str | None
    level: str | None
    summary: str | None
    chain: tuple[HeldLine, ...]


class Holding(Answer):
    units: tuple[HolderLine, ...]
    tasks: tuple[HolderLine, ...] = ()
    chains: tuple[ChainLine, ...] = ()
    """Those that changed hands, the most often handed over first; 200 at most."""


class ReachLine(Traced):
    """Messages to a person, or hand-overs to a channel."""

    row: str
    sent: int
    delivered: int
    """Handed over to a gateway, as the facts of that name say."""
    arrived: int = 0
    """Of those: the gateway said later that the telephone has it. Not every gateway says so."""
    opened: int = 0
    """Of those sent: the link was opened, by the person or by a mail scanner."""
    unreached: int
    """Failed for good, at once or as the gateway said later: over this channel, or for a person over every one."""
    share_delivered: float | None = None
    median_delivery_seconds: float | None = None
    asked: int = 0
    """Of those sent: that ask for an answer."""
    answered: int = 0
    share_answered: float | None = None
    median_answer_seconds: float | None = None
    worst_answer_seconds: float | None = None


class Reachability(Answer):
    whole: ReachLine
    channels: tuple[ReachLine, ...] = ()
    people: tuple[ReachLine, ...] = ()
    held: int = 0
    """Messages kept on record and sent to nobody."""


class MatterLine(Traced):
    row: str
    reports: int
    """Reported in the window."""
    responded: int
    """Of them: somebody answered, took or worked on it within the window."""
    median_response_seconds: float | None = None
    worst_response_seconds: float | None = None
    resolved: int = 0
    """Resolved in the window, whenever reported."""
    median_resolution_seconds: float | None = None
    worst_resolution_seconds: float | None = None
    closed: int = 0
    reopened: int = 0
    withdrawn: int = 0
    merged: int = 0
    open: int = 0
    """Neither closed nor withdrawn nor merged at the window's end."""
    overdue: int = 0
    """Of the open: with something owed whose limit has passed."""
    satisfaction: float | None = None
    """The mean of what those who reported or complained said when asked, 5 best; None where nobody was
    asked.
    """
    satisfaction_said: int = 0


class Resolution(Answer):
    whole: MatterLine
    kinds: tuple[MatterLine, ...] = ()
    levels: tuple[MatterLine, ...] = ()
    categories: tuple[MatterLine, ...] = ()
    areas: tuple[MatterLine, ...] = ()
    units: tuple[MatterLine, ...] = ()


class TrendLine(Traced):
    day: str
    reports: int
    by_category: dict[str, int]
    by_level: dict[str, int]
    by_area: dict[str, int]
    by_kind: Annotated[dict[str, int], Field(default_factory=dict)]
    harm: Annotated[dict[str, int], Field(default_factory=dict)]
    """`deaths`, `injuries` …: of what was reported that day, as it was last said; without those that are nought."""


class CountLine(Traced):
    row: str
    reports: int
    lapsed: int = 0
    harm: Annotated[dict[str, int], Field(default_factory=dict)]
    """As of a day."""


class Trend(Answer):
    days: tuple[TrendLine, ...]
    hours: tuple[CountLine, ...] = ()
    """By the hour of the day, 00 to 23, where something happened."""
    weekdays: tuple[CountLine, ...] = ()
    """1 is Monday."""
    places: tuple[CountLine, ...] = ()
    """`area:category`, the most reports first."""
    topics: tuple[CountLine, ...] = ()
    """`topic:area`, the most reports first."""
    units: tuple[CountLine, ...] = ()
    """By the unit that reported, the most reports first."""


class FigureRecords(Answer):
    """The records a figure was counted from."""

    figure: str
    count: int
    """What the figure says; several things may stand in one record."""
    indexes: tuple[int, ...]
