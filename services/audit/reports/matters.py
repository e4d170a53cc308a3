"""A matter as the reports follow it: what is owed in it, who was told, who held it from when to when, how it
ended.

Invariant: it is made of the decided effects alone; nothing is worked out again from times or from a policy.
What has ended is let go, so that a matter costs no more than what is still open in it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.audit.reports.reading import ReportedFact
from shared.case import ENDED
from shared.facts import EXCUSES, HarmCount, Reason
from shared.vocabulary import Kind, ReportKind

_NOTICES_KEPT = 64
_ROLL_CALLS_KEPT = 4_096
ORGAN: dict[str, str] = {
    Reason.MEASURE_AS_PROPOSED: "decided",
    Reason.MEASURE_OTHER_THAN_PROPOSED: "decided",
    Reason.MEASURE_UPHELD: "upheld",
    Reason.MEASURE_SET_ASIDE: "set_aside",
    Reason.CORRECTED: "corrected",
}
"""What the discipline organ has done, by the reason of the effect that says so."""


@dataclass(slots=True)
class LapseSeen:
    """A lapse and what the record holds about it. Indexes are of records."""

    index: int
    at: datetime
    case: str
    duty: str
    rule: str
    unit: str | None
    person: str | None
    area: str | None
    level: str | None
    category: str | None
    cause: str | None
    due_at: str | None
    late_by: float | None
    stood_in: str | None
    by_recipient: bool
    answerable: str | None = None
    """The unit whose ledger it was referred to."""
    referred: int | None = None
    excuses: tuple[str, ...] = ()
    done: int | None = None
    done_late_by: float | None = None

    @property
    def is_excused(self) -> bool:
        """Counted apart: nobody is held to it by a figure."""
        return not EXCUSES.isdisjoint(self.excuses)


@dataclass(slots=True)
class Owed:
    duty: str
    rule: str
    unit: str | None
    person: str | None
    opened_at: datetime | None
    by_recipient: bool
    index: int
    called: bool = False
    """The person who has to move was called for it."""
    channel: str | None = None
    """Over which the call first got through to them."""
    lapse: LapseSeen | None = None

    @property
    def is_overdue(self) -> bool:
        """Owed past its limit, and nothing excuses that."""
        return self.lapse is not None and not self.lapse.is_excused


@dataclass(slots=True)
class SentNotice:
    """A notice that was sent to somebody."""

    id: str
    person: str
    at: datetime
    duties: tuple[str, ...]
    channels: tuple[str, ...]
    asks: bool
    """It asks for an answer, or for something to be done."""
    counted: bool
    handed_over: set[str] = field(default_factory=set[str])
    """Channels whose gateway took it and has not said since that it did not arrive."""
    lost: set[str] = field(default_factory=set[str])
    """Channels that did not get it to the person."""
    was_handed_over: bool = False
    arrived: bool = False
    opened: bool = False
    unreached: bool = False
    answered: bool = False


@dataclass(slots=True)
class HolderPeriod:
    unit: str
    since: datetime
    how: str
    index: int
    until: datetime | None = None


@dataclass(slots=True)
class ReportedCase:
    case: str
    kind: str | None = None
    exercise: bool = False
    unit: str | None = None
    area: str | None = None
    level: str | None = None
    category: str | None = None
    topic: str | None = None
    watch: str | None = None
    """What a standing case watches."""
    roll_called: dict[str, None] = field(default_factory=dict[str, None])
    """Notices of roll calls, the last of them."""
    summary: str | None = None
    index: int | None = None
    """The record of its report."""
    reported_at: datetime | None = None
    in_cohort: bool = False
    """Its report lies in the window."""
    responded: bool = False
    status: str = "open"
    harm: HarmCount | None = None
    """As it was last said."""
    harm_index: int = 0
    """The record that says it."""
    last_index: int | None = None
    duties: dict[str, Owed] = field(default_factory=dict[str, Owed])
    notices: dict[str, SentNotice] = field(default_factory=dict[str, SentNotice])
    holders: list[HolderPeriod] = field(default_factory=list[HolderPeriod])
    tasks: dict[str, list[HolderPeriod]] = field(default_factory=dict[str, list[HolderPeriod]])

    @property
    def is_standing(self) -> bool:
        return self.kind == ReportKind.STANDING

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_follow_on(self) -> bool:
        """Nothing that happened: what is watched, or pursued because of another matter's lapse."""
        return self.kind in (ReportKind.STANDING, ReportKind.ACCOUNTABILITY)

    @property
    def holder(self) -> str | None:
        return self.holders[-1].unit if self.holders else self.unit

    @property
    def overdue(self) -> int:
        """How many of its duties are owed past their limit."""
        return sum(owed.is_overdue for owed in self.duties.values())

    def begin(self, fact: ReportedFact, *, in_cohort: bool) -> None:
        """Its report, or the fact a standing watch began with. Reported again is reported once."""
        data = fact.data
        self.kind = (
            data.text("kind") or ReportKind.INCIDENT.value
            if fact.kind == Kind.REPORTED
            else ReportKind.STANDING.value
        )
        self.exercise = bool(data.fields.get("exercise"))
        self.unit, self.area = data.text("unit") or fact.unit, data.text("area") or fact.area
        self.level, self.category = (
            data.text("level") or fact.level,
            data.text("category") or fact.category,
        )
        self.topic, self.watch = data.text("topic"), data.text("watch")
        self.summary = data.text("summary") or data.text("title")
        self.index, self.reported_at, self.in_cohort = fact.index, fact.at, in_cohort
        self.hurt(data.harm("harm"), fact.index)
        if self.unit is not None and not self.holders:
            self.holders.append(HolderPeriod(self.unit, fact.at, "reported", fact.index))

    def hurt(self, harm: HarmCount | None, index: int) -> None:
        """So much by now, as this record says."""
        if harm is not None:
            self.harm, self.harm_index = harm, index

    def tell(self, notice: SentNotice) -> None:
        self.notices[notice.id] = notice
        while len(self.notices) > _NOTICES_KEPT:
            del self.notices[next(iter(self.notices))]

    def call_the_roll(self, notice: str) -> None:
        self.roll_called[notice] = None
        while len(self.roll_called) > _ROLL_CALLS_KEPT:
            del self.roll_called[next(iter(self.roll_called))]

    def hand_over(self, unit: str, at: datetime, how: str, index: int, task: str | None) -> None:
        chain = self.holders if task is None else self.tasks.setdefault(task, [])
        if chain:
            chain[-1].until = at
        chain.append(HolderPeriod(unit, at, how, index))

    def end_holding(self, at: datetime, task: str | None = None) -> None:
        chain = self.holders if task is None else self.tasks.get(task, [])
        if chain and chain[-1].until is None:
            chain[-1].until = at

    def close(self, at: datetime, status: str) -> None:
        self.status = status
        for task in (None, *self.tasks):
            self.end_holding(at, task)

    def reopen(self, at: datetime) -> None:
        """The unit that held it last holds it again from then on."""
        if self.holders and self.holders[-1].until is not None:
            self.holders.append(HolderPeriod(self.holders[-1].unit, at, "reopened", self.last_index or 0))
        self.status = "open"


def between(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else max(at - since, timedelta(0)).total_seconds()
