"""What the escalator decided: one fact in, one decision out, with a named reason and the policy line for each effect."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.facts.value import Value
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Category, Kind, Language, Level, ReportKind


@dataclass(frozen=True, slots=True)
class Rule:
    """Where in the policy a decision comes from: `half_hour.fallback.after`, line 14."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Name:
    """The same name in both languages."""

    zh: str
    en: str


class EffectKind(StrEnum):
    OPENED = "opened"
    LIT = "lit"
    REMINDED = "reminded"
    DISCHARGED = "discharged"
    LAPSED = "lapsed"
    TAKEN = "taken"
    """A contact of the fallback chain answered: the chain stops, the duty stays open."""
    DARK = "dark"
    """A contact did not answer in time, or could not be reached: the next is lit."""
    CHAIN_ENDED = "chain_ended"
    CANCELLED = "cancelled"
    NOTED = "noted"
    REFUSED = "refused"
    STATUS = "status"
    HOLDER = "holder"
    SLIPPED = "slipped"
    """A slip 督办单 turned blue, yellow or red."""
    TOLD = "told"
    """Somebody who owes nothing here was told: overdue, a gap, a withdrawal."""
    REGRADED = "regraded"
    MOVED = "moved"
    """A limit moved: regrading, extension, pause, an earlier clock. `was` and `due_at` say from where to where."""
    PAUSED = "paused"
    RESUMED = "resumed"
    SNOOZED = "snoozed"
    UNACKNOWLEDGED = "unacknowledged"
    """An acknowledged case went quiet and is raised again."""
    HELD = "held"
    """Nobody is rung: an exercise, or a suppression by plan. Clocks and lapses go on."""
    TASK = "task"
    SUSPECTED = "suspected"
    """A suspected omission, against the competent unit."""
    MATCHED = "matched"
    REFERRED = "referred"
    PROPOSED = "proposed"
    """A measure was proposed; only the organ decides."""
    RAISED = "raised"
    """Another case was opened, or told, because of this one."""
    GAP = "gap"
    COMMAND = "command"


class LapseCause(StrEnum):
    REPORTED_LATE = "reported_late"
    """The unit's report itself came in after the limit."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """The report was in time; the person it is owed to had not answered by the limit."""
    NOT_DONE = "not_done"
    """What was owed was not done by the limit."""
    OMITTED = "omitted"
    """An outside source knew and no unit had reported: suspected until a person confirms it."""
    SILENT = "silent"
    """A source gave no sign of life."""
    ABSENT = "absent"
    """Nobody signed in for the shift."""


class Effect(Value, frozen=True, kw_only=True):
    """One thing that is now so. `why` is a named reason (`dark_after_wait`), never free text."""

    kind: EffectKind
    why: str
    duty: DutyId | None = None
    task: TaskId | None = None
    person: PersonId | None = None
    post: PostId | None = None
    unit: UnitId | None = None
    due_at: datetime | None = None
    was: datetime | None = None
    """Moved: the limit before."""
    late_by_seconds: float | None = None
    """Discharged or lapsed after the limit: how long after."""
    cause: LapseCause | None = None
    stood_in: PersonId | None = None
    """Lapsed: who of the fallback chain had taken it by then."""
    case: CaseId | None = None
    """Raised, merged, matched: the other case."""
    note: str | None = None
    rule: Rule | None = None


class Purpose(StrEnum):
    REPORT = "report"
    """A report is owed to this person, and here it is."""
    DUTY = "duty"
    """This person owes something from now on."""
    REMINDER = "reminder"
    FALLBACK = "fallback"
    OVERDUE = "overdue"
    """A limit has passed: whoever must know of it."""
    AGAIN = "again"
    """It was acknowledged, and nothing has been heard since; or it is not settled yet."""
    INFORM = "inform"
    WITHDRAWN = "withdrawn"


class Brief(Value, frozen=True, kw_only=True):
    """What a person must know at three in the morning; enough to write the message without asking anyone."""

    kind: ReportKind
    category: Category | None = None
    level: Level | None = None
    sensitive: bool = False
    exercise: bool = False
    unit: UnitId
    unit_name: Name
    area: AreaCode
    area_name: Name
    summary: str
    occurred_at: datetime
    learned_at: datetime
    reported_at: datetime
    due_at: datetime | None = None
    """The earliest limit among the notice's duties: the true time, also when it has passed."""
    owes: tuple[Name, ...] = ()
    """What is owed: the titles of the notice's duties."""
    knowing: bool = False
    """Acknowledging settles all of it; otherwise something is still to be done."""
    owed_by: Name | None = None
    """The unit that owes it, where that is not the reader's own."""
    dark: tuple[Name, ...] = ()
    """Fallback: who should have been told and has not answered."""


class Notice(Value, frozen=True, kw_only=True):
    """One message to one person, bundling all duties it is about; the notifier sends it over every channel named."""

    id: NoticeId
    person: PersonId
    post: PostId
    purpose: Purpose
    duties: tuple[DutyId, ...]
    channels: tuple[str, ...]
    """Empty: nobody is rung, `held` says why."""
    language: Language
    brief: Brief
    why: str
    held: str | None = None
    """`exercise`, or `suppressed:<plan>`: kept on record, sent to nobody."""


class Clock(Value, frozen=True, kw_only=True):
    """The case's one clock: armed for `at` (first of all for `duty`), or taken away where `at` is absent."""

    at: datetime | None = None
    duty: DutyId | None = None


class Outgoing(Value, frozen=True, kw_only=True):
    """A fact about another case that follows from this decision; published with it, under `<case>:<sequence>:<number>`."""

    kind: Kind
    case: CaseId
    data: dict[str, Any]


class About(Value, frozen=True, kw_only=True):
    """The fact that was decided on."""

    id: str
    kind: str
    sequence: int
    time: datetime
    """The broker's time of that fact: the `now` of the decision."""


class Decision(Value, frozen=True, kw_only=True):
    """The data of `decided`."""

    case: CaseId
    about: About
    policy: str
    """Version and digest of the policy the case began under: `2026-11-01 sha256:9f…`."""
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    clock: Clock | None = None
    """Absent: the clock stays as it was."""
    sends: tuple[Outgoing, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing anyone needs to hear of: not published."""
        return not (self.effects or self.notices or self.clock or self.sends)


def read_decision(data: dict[str, Any]) -> Decision:
    """The data of a `decided` fact. Raises msgspec.ValidationError, a ValueError, for data that is no decision."""
    return msgspec.convert(data, Decision)
