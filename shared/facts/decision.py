"""What the escalator decided: one fact in, one decision out, with a named reason and the policy line for each
effect.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.facts.effect import Effect, Excuse
from shared.facts.harm import HarmCount
from shared.facts.name import Name
from shared.facts.suspicion import SuspicionNews
from shared.facts.value import Value
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Category, Kind, Language, Level, ReportKind


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
    NEWS = "news"
    """Something has happened in a case that this person was told of, or hears of by the policy."""
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
    ROLL_CALL = "roll_call"
    """A test: nothing has happened, and this person is asked for one answer."""


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


class AskedTask(Value, frozen=True, kw_only=True):
    """A task that a notice is about: what is to be done, by when, and who assigned it."""

    title: str
    due_at: datetime
    assigner: Name
    id: TaskId | None = None
    """None in a notice of an earlier version."""
    lead: bool = False
    """The reader's unit leads the others."""
    led_by: Name | None = None
    """The unit that leads, where that is another."""


class ChangedLimit(Value, frozen=True, kw_only=True):
    """What another level changes for the reader: a duty of theirs, and its limit from now on."""

    title: Name
    due_at: datetime


class News(Value, frozen=True, kw_only=True):
    """What is new since the reader was last told of the case, and who says so."""

    title: Name
    """What happened, as the policy calls it: 续报, graded up."""
    is_first: bool = False
    """The report itself is what is new to the reader."""
    by: Name | None = None
    """Whoever said or did it; None: nobody, a limit passed."""
    by_unit: Name | None = None
    seconded_by: Name | None = None
    text: str | None = None
    """In their words."""
    harm: HarmCount | None = None
    """Where what is known of the harm has changed: as it is now, and as it was."""
    harm_was: HarmCount | None = None
    regraded: bool = False
    up: bool = False
    was_level: Level | None = None
    was_sensitive: bool = False
    asked: Name | None = None
    """The unit that is asked to take the case over."""
    commander: Name | None = None
    """Who commands from now on."""
    acting: bool = False
    """Until the commander is there."""
    measure: str | None = None
    """What the organ has decided on, a step of the ladder."""
    upheld: bool | None = None
    """Of a review: whether the decision stands."""
    holder: Name | None = None
    """The unit that answers for the case from now on."""
    changes: tuple[ChangedLimit, ...] = ()
    owes: bool = False
    """The reader has not answered the report yet, and still has to."""


class RollCallNews(Value, frozen=True, kw_only=True):
    """How a roll call of a unit has ended."""

    asked: int
    answered: int
    silent: tuple[Name, ...] = ()
    """Those to whom a message got through, and who did not answer."""
    unreachable: tuple[Name, ...] = ()
    """Those to whom none did."""
    not_sent: tuple[Name, ...] = ()
    """Those to whom none went out: the failure is ours."""
    dark_posts: tuple[Name, ...] = ()
    """Of the unit: nobody who answers for them did."""


class AskedNotice(Value, frozen=True, kw_only=True):
    """The draft of a public notice that is to be approved, or replied to; or the text of a publication, to be
    approved or published.
    """

    text: str
    unit: Name | None = None
    """The unit that a public notice names."""
    not_before: datetime | None = None
    """The embargo of a publication's text."""
    approvals: int
    approvals_needed: int


MOST_NAMED = 40
"""Units and tasks that one notice names; the case has all."""


class OwingUnits(Value, frozen=True, kw_only=True):
    """Several units that have not done the same."""

    names: tuple[Name, ...]
    """The first of them, by the order of their duties."""
    count: int


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
    details: str | None = None
    """The beginning of what else the report says: what is being done, what is needed."""
    harm: HarmCount | None = None
    """How many people and how much, as far as it is known; None: nothing is."""
    occurred_at: datetime
    learned_at: datetime
    reported_at: datetime
    due_at: datetime | None = None
    """The earliest limit among the notice's duties: the true time, also when it has passed."""
    owes: tuple[Name, ...] = ()
    """What is owed: the titles of the notice's duties."""
    knowing: bool = False
    """Acknowledging settles all of it; otherwise something is still to be done."""
    tasks: tuple[AskedTask, ...] = ()
    """The first of those that the notice's duties are about, each once."""
    tasks_count: int = 0
    """How many those are, where not all of them are named."""
    desk: PostId | None = None
    """Whom to ring when a link does not open: the post at the end of the case's chain, or of the half hour's."""
    owed_by: Name | None = None
    """The unit that owes it, where that is not the reader's own."""
    owing: OwingUnits | None = None
    """Where several units owe it: overdue, or on the organ's list."""
    unanswered: tuple[Name, ...] = ()
    """Overdue: those who have not answered a report that `owed_by` handed in in time."""
    excuses: tuple[Excuse, ...] = ()
    """Overdue: what stands on record for whoever owed it."""
    dark: tuple[Name, ...] = ()
    """Fallback: who should have been told and has not answered."""
    settled_for: Name | None = None
    """Fallback: the unit whose duty the reader's answer settles. None: the limit stays open."""
    directory: DirectoryNote | None = None
    """Changed: what is different for the person told."""
    ending: EarlyEnd | None = None
    news: News | None = None
    called: CallMade | None = None
    suspicion: SuspicionNews | None = None
    form: Name | None = None
    """The most telling fields of what it is about, in one line."""
    unable: tuple[Name, ...] = ()
    """Who has answered that they can't; of a notice that somebody stood in, the reader."""
    stray: bool = False
    """A reply that belongs to no message: `summary` says from where and what."""
    stood_in: Name | None = None
    """Inform: who of the chain has answered, so that the reader's own answer is not owed any more."""
    reported_by: Name | None = None
    """Who handed the report in, where that is not the unit itself, or is asked for (undecided)."""
    public_notice: AskedNotice | None = None
    """Where the notice's duties are about the draft of a public notice."""
    roll_call: RollCallNews | None = None
    """News: a roll call has ended without everybody's answer."""


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
