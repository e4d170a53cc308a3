"""A matter as the reports follow it: what is owed in it, who was told, who held it from when to when, how it
ended.

Invariant: it is made of the decided effects alone; nothing is worked out again from times or from a policy.
What has ended is let go, so that a matter costs no more than what is still open in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from services.audit.reports.reading import Seen
from shared.facts import EXCUSES
from shared.vocabulary import Kind, ReportKind

_NOTICES_KEPT = 64
ENDED = frozenset({"closed", "withdrawn", "merged"})
Json = dict[str, Any]


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
    unit: str | None
    person: str | None
    opened_at: datetime | None
    due_at: str | None
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
class Told:
    """A notice that was sent to somebody."""

    id: str
    person: str
    at: datetime
    duties: tuple[str, ...]
    channels: tuple[str, ...]
    asks: bool
    """It asks for an answer, or for something to be done."""
    counted: bool
    delivered: bool = False
    failed: int = 0
    answered: bool = False


@dataclass(slots=True)
class Held:
    unit: str
    since: datetime
    how: str
    index: int
    until: datetime | None = None


@dataclass(slots=True)
class Matter:
    case: str
    kind: str | None = None
    exercise: bool = False
    unit: str | None = None
    area: str | None = None
    level: str | None = None
    category: str | None = None
    summary: str | None = None
    index: int | None = None
    """The record of its report."""
    reported_at: datetime | None = None
    in_cohort: bool = False
    """Its report lies in the window."""
    responded: bool = False
    status: str = "open"
    last_heard: datetime | None = None
    last_index: int | None = None
    duties: dict[str, Owed] = field(default_factory=dict[str, Owed])
    notices: dict[str, Told] = field(default_factory=dict[str, Told])
    held: list[Held] = field(default_factory=list[Held])
    tasks: dict[str, list[Held]] = field(default_factory=dict[str, list[Held]])

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
        return self.held[-1].unit if self.held else self.unit

    def begin(self, seen: Seen, *, in_cohort: bool) -> None:
        """Its report, or the fact a standing watch began with. Reported again is reported once."""
        data = seen.data
        self.kind = (
            str(data.get("kind") or ReportKind.INCIDENT)
            if seen.kind == Kind.REPORTED
            else ReportKind.STANDING.value
        )
        self.exercise = bool(data.get("exercise"))
        self.unit, self.area = _word(data.get("unit")) or seen.unit, _word(data.get("area")) or seen.area
        self.level, self.category = (
            _word(data.get("level")) or seen.level,
            _word(data.get("category")) or seen.category,
        )
        self.summary = _word(data.get("summary")) or _word(data.get("title"))
        self.index, self.reported_at, self.in_cohort = seen.index, seen.at, in_cohort
        if self.unit is not None and not self.held:
            self.held.append(Held(self.unit, seen.at, "reported", seen.index))

    def tell(self, told: Told) -> None:
        self.notices[told.id] = told
        while len(self.notices) > _NOTICES_KEPT:
            del self.notices[next(iter(self.notices))]

    def hand_over(self, unit: str, at: datetime, how: str, index: int, task: str | None) -> None:
        chain = self.held if task is None else self.tasks.setdefault(task, [])
        if chain:
            chain[-1].until = at
        chain.append(Held(unit, at, how, index))

    def end_holding(self, at: datetime, task: str | None = None) -> None:
        chain = self.held if task is None else self.tasks.get(task, [])
        if chain and chain[-1].until is None:
            chain[-1].until = at

    def close(self, at: datetime, status: str) -> None:
        self.status = status
        for task in (None, *self.tasks):
            self.end_holding(at, task)

    def reopen(self, at: datetime) -> None:
        """The unit that held it last holds it again from then on."""
        if self.held and self.held[-1].until is not None:
            self.held.append(Held(self.held[-1].unit, at, "reopened", self.last_index or 0))
        self.status = "open"


def rule_of(duty: str) -> str:
    """`first_report` of `first_report-gov_main`: the duty rule of the policy."""
    return duty.partition("-")[0]


def effects_of(data: Mapping[str, Any]) -> list[Json]:
    return objects(data.get("effects"))


def objects(value: object) -> list[Json]:
    return (
        [cast(Json, one) for one in cast(list[Any], value) if isinstance(one, dict)]
        if isinstance(value, list)
        else []
    )


def words(value: object) -> tuple[str, ...]:
    return (
        tuple(one for one in cast(list[Any], value) if isinstance(one, str))
        if isinstance(value, list)
        else ()
    )


def word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


_word = word


def instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def between(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else max(at - since, timedelta(0)).total_seconds()
