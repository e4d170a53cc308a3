"""What the escalator decided: one fact in, one decision out, with a named reason and the policy line for each effect."""

from enum import StrEnum

from pydantic import Field

from shared.facts.envelope import Frozen, Instant
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, UnitId
from shared.vocabulary import Category, Language, Level, ReportKind


class Rule(Frozen):
    """Where in the policy a decision comes from: `half_hour.fallback.after`, line 14."""

    path: str
    line: int


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


class LapseCause(StrEnum):
    REPORTED_LATE = "reported_late"
    """The unit's report itself came in after the limit."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """The report was in time; the person it is owed to had not answered by the limit."""


class Effect(Frozen):
    """One thing that is now so. `why` is a named reason (`dark_after_wait`), never free text."""

    kind: EffectKind
    why: str
    duty: DutyId | None = None
    person: PersonId | None = None
    post: PostId | None = None
    unit: UnitId | None = None
    due_at: Instant | None = None
    late_by_seconds: float | None = None
    """Discharged or lapsed after the limit: how long after."""
    cause: LapseCause | None = None
    stood_in: PersonId | None = None
    """Lapsed: who of the fallback chain had taken it by then."""
    note: str | None = None
    rule: Rule | None = None


class Purpose(StrEnum):
    REPORT = "report"
    REMINDER = "reminder"
    FALLBACK = "fallback"
    WITHDRAWN = "withdrawn"


class Name(Frozen):
    """The same name in both languages."""

    zh: str
    en: str


class Brief(Frozen):
    """What a person must know at three in the morning; enough to write the message without asking anyone."""

    kind: ReportKind
    category: Category
    level: Level | None = None
    sensitive: bool
    exercise: bool
    unit: UnitId
    unit_name: Name
    area: AreaCode
    area_name: Name
    summary: str
    occurred_at: Instant
    learned_at: Instant
    reported_at: Instant
    due_at: Instant
    """The earliest limit among the notice's duties: the true time, also when it has passed."""
    dark: tuple[Name, ...] = ()
    """Fallback: who should have been told and has not answered."""


class Notice(Frozen):
    """One message to one person, bundling all duties it is about; the notifier sends it over every channel named."""

    id: NoticeId
    person: PersonId
    post: PostId
    purpose: Purpose
    duties: tuple[DutyId, ...]
    channels: tuple[str, ...]
    language: Language
    brief: Brief
    why: str


class Clock(Frozen):
    """Arm (`at` given) or cancel (`at` None) the one clock of a duty."""

    duty: DutyId
    at: Instant | None = None


class About(Frozen):
    """The fact that was decided on."""

    id: str
    kind: str
    sequence: int
    time: Instant
    """The broker's time of that fact: the `now` of the decision."""


class Decision(Frozen):
    """The data of `decided`."""

    case: CaseId
    about: About
    policy: str
    """Version and digest of the policy the case began under: `2026-11-01 sha256:9f…`."""
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    clocks: tuple[Clock, ...] = Field(default=())

    @property
    def is_empty(self) -> bool:
        """Nothing anyone needs to hear of: not published."""
        return not (self.effects or self.notices or self.clocks)
