"""What the escalator decided: one fact in, one decision out, with a named reason and the policy line for each
effect.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from shared.facts.authors import Author
from shared.facts.bounds import PLAIN_NAME
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

    zh: Annotated[str, PLAIN_NAME]
    en: Annotated[str, PLAIN_NAME]


class EffectKind(StrEnum):
    OPENED = "opened"
    LIT = "lit"
    REMINDED = "reminded"
    DISCHARGED = "discharged"
    LAPSED = "lapsed"
    TAKEN = "taken"
    """A contact of the fallback chain answered: the chain stops, the duty stays open."""
    DARK = "dark"
    """A contact whom a call has reached did not answer in time: the next is lit."""
    UNREACHED = "unreached"
    """No call has reached a contact: that is no silence of theirs. The next is lit all the same."""
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
    """A limit moved: regrading, extension, pause, an earlier clock. `was` and `due_at` say from where to
    where.
    """
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
    WAITS = "waits"
    """The act waits for a second person; until then nothing changes by it."""
    OWED_AGAIN = "owed_again"
    """It was held for done by a logged call; the person says that there was no such call."""
    LEFT_OUT = "left_out"
    """This part could not be decided on; everything beside it was. `why` says what, `note` which and how it
    failed.
    """


ACT_SET_ASIDE = "act_set_aside"
"""Why an act was refused that could not be decided on by a fault of ours: nobody is to blame for it but the
machine.
"""


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


class Excuse(StrEnum):
    """What speaks for whoever let a limit pass, as the record has it; a person weighs it."""

    SYSTEM_AWAY = "system_away"
    """The limit passed while we were away."""
    NOTHING_DELIVERED = "nothing_delivered"
    """No call to the person had been handed over to any channel."""
    INTAKE_UNREACHABLE = "intake_unreachable"
    """The unit tried to report in time, and our own record says that intake was away then."""
    EVERY_CHANNEL_FAILED = "every_channel_failed"
    NO_CHANNEL_DELIVERED = "no_channel_delivered"
    """In records of before: some channels had failed and none had delivered."""
    STOOD_IN = "stood_in"
    TRANSFER_PENDING = "transfer_pending"
    SNOOZED = "snoozed"
    """Put off by themselves: named, and no excuse."""
    CALL_CONTESTED = "call_contested"
    """Held for told by a call that they say never was: until then nobody rang them. Word against word, so a
    person judges.
    """


OUR_FAILURES = frozenset({Excuse.SYSTEM_AWAY, Excuse.NOTHING_DELIVERED, Excuse.INTAKE_UNREACHABLE})
"""A lapse with one of these is not referred by itself."""
EXCUSES = frozenset(Excuse) - {Excuse.SNOOZED}
"""What on the record speaks for whoever let a limit pass: such a lapse is counted apart. To have put the
reminder off does not.
"""


class Outage(Value, frozen=True, kw_only=True):
    """We were away, by the broker's time; both ends included."""

    of: Author
    since: datetime
    until: datetime | None = None
    """None: still away."""

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at <= self.until)


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
    """How long after the limit a person did it: of what was discharged late, and of a report that came late.
    A clock's own lateness is nobody's, and is not told here.
    """
    cause: LapseCause | None = None
    stood_in: PersonId | None = None
    """Lapsed: who of the fallback chain had taken it by then."""
    excuses: tuple[Excuse, ...] = ()
    """Lapsed: what speaks for whoever let the limit pass."""
    outage: Outage | None = None
    """Lapsed: when we were away ourselves."""
    case: CaseId | None = None
    """Raised, merged, matched: the other case."""
    note: str | None = None
    rule: Rule | None = None


class Touch(StrEnum):
    """In what way a change of the directory touches a person."""

    ABSENT = "absent"
    """Counts as absent from `since` until `until`."""
    PRESENT = "present"
    """No longer counts as absent then."""
    ON_SHIFT = "on_shift"
    """Stands in on the roster `about`, for `other`."""
    OFF_SHIFT = "off_shift"
    """`other` stands in for this person on the roster `about`."""
    ROSTER = "roster"
    """The rotation of the roster `about`, in which this person stands, is another one."""
    HOLDS = "holds"
    """Holds the post `about`; `other` held it before."""
    HOLDS_NO_MORE = "holds_no_more"
    """`other` holds the post `about` now; nobody where the post is gone."""
    DEPUTY = "deputy"
    DEPUTY_NO_MORE = "deputy_no_more"
    ADDRESSES = "addresses"
    """Numbers and addresses, or their order, are others."""
    ROLES = "roles"
    """May do other things here."""
    UNIT = "unit"
    """Belongs to the unit `about`."""
    REMOVED = "removed"
    """Is not in the directory any more."""


@dataclass(frozen=True, slots=True)
class PersonalChange:
    """One thing that is different for one person."""

    what: Touch
    about: Name | None = None
    """The post, the roster or the unit."""
    other: Name | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who did it, in words that the person told can check: name, unit, post."""

    name: Name
    unit: Name | None = None
    post: Name | None = None


class ChangeState(StrEnum):
    IN_FORCE = "in_force"
    PROPOSED = "proposed"
    """Nothing has changed yet: a second person decides."""
    REFUSED = "refused"
    """Was proposed, and does not come about."""


class DirectoryNote(Value, frozen=True, kw_only=True):
    """What the directory says otherwise of the person told, and who has it so."""

    state: ChangeState
    changes: tuple[PersonalChange, ...]
    by: Signature
    approved_by: Signature | None = None
    """The second person who approved, or refused."""
    why: str = ""


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
    CHANGED = "changed"
    """Somebody else has changed what the directory says of this person."""
    ENDED = "ended"
    """The emergency has ended, or was graded down, before everybody had answered."""
    SECOND = "second"
    """This person is asked to decide whether an emergency ends early."""
    CALLED = "called"
    """It was written down that this person was told by telephone."""
    UNDECIDED = "undecided"
    """A report was accepted and could not be worked out, or nobody is called by it: this person is asked to
    see to it by hand.
    """


class EarlyEnd(Value, frozen=True, kw_only=True):
    """An emergency ends early, or is graded down: who asked for it, why, and who agreed."""

    kind: Kind
    """`withdrawn`, `closed`, `merged` or `regraded`."""
    by: Name
    by_unit: Name | None = None
    by_source: bool = False
    """A system that reported it withdraws it; no person does."""
    why: str | None = None
    seconded_by: Name | None = None
    """None: nobody has agreed yet, and everything goes on as it was."""
    level: Level | None = None
    """Graded down: the level from now on."""
    sensitive: bool = False
    was_level: Level | None = None
    was_sensitive: bool = False
    owes: bool = False
    """The reader still owes an answer, or something else, all the same."""


class CallMade(Value, frozen=True, kw_only=True):
    """A call to the reader that somebody has written down."""

    by: Name
    by_unit: Name | None = None
    at: datetime
    number: str | None = None
    """Masked."""
    listed: bool = False
    said: str | None = None


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
    directory: DirectoryNote | None = None
    """Changed: what is different for the person told."""
    ending: EarlyEnd | None = None
    called: CallMade | None = None
    reported_by: Name | None = None
    """Undecided: who handed the report in."""


class Notice(Value, frozen=True, kw_only=True):
    """One message to one person, bundling all duties it is about; the notifier sends it over every channel
    named.
    """

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
    addresses_at: int | None = None
    """Sequence in the bucket DIRECTORY of the directory with the addresses to use: those before a change.
    None: those of now.
    """
    held: str | None = None
    """`exercise`, or `suppressed:<plan>`: kept on record, sent to nobody."""


class Clock(Value, frozen=True, kw_only=True):
    """The case's one clock: armed for `at` (first of all for `duty`), or taken away where `at` is absent."""

    at: datetime | None = None
    duty: DutyId | None = None


class Outgoing(Value, frozen=True, kw_only=True):
    """A fact about another case that follows from this decision; published with it, under
    `<case>:<sequence>:<number>`.
    """

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
    directory: int = 0
    """The revision of the directory it was made by. Absent: not told, as in earlier versions, or before the
    directory was stored.
    """
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    clock: Clock | None = None
    """Absent: the clock stays as it was."""
    sends: tuple[Outgoing, ...] = ()
    late_since: datetime | None = None
    """A clock that struck late, because we were away: the moment it was set for. What it tells people is late
    by our fault.
    """

    @property
    def is_empty(self) -> bool:
        """Nothing anyone needs to hear of: not published."""
        return not (self.effects or self.notices or self.clock or self.sends)


def read_decision(data: dict[str, Any]) -> Decision:
    """The data of a `decided` fact. Raises msgspec.ValidationError, a ValueError, for data that is no
    decision.
    """
    return msgspec.convert(data, Decision)
