"""A case as it stands: the value under its id in the KV bucket CASES, written by the escalator alone, read by
the desk.

Invariant: a case is exactly what its facts, applied in the order of FACTS, make of it; `applied` is the last
of them, and
`decision` what was decided then, so that a redelivered fact repeats that decision instead of making a second
one.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from shared.facts import OUR_FAILURES, Decision, LapseCause, Name, Outage, Rule, Value
from shared.formats import refuse_newer_bytes
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, SourceId, TaskId, UnitId
from shared.vocabulary import Category, Kind, Level, ReportKind, Role


class DutyState(StrEnum):
    OPEN = "open"
    DISCHARGED = "discharged"
    """In time."""
    LAPSED = "lapsed"
    """The limit passed; the duty is still owed and still chased."""
    LAPSED_DISCHARGED = "lapsed_discharged"
    """Done, but late. The lapse stays."""
    CANCELLED = "cancelled"
    """Ended with a reason (`cancelled_why`). A lapse that is on record stays there."""


class CaseStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Slip(StrEnum):
    """The colour of a slip 督办单: half the term gone, four fifths, overdue."""

    BLUE = "blue"
    YELLOW = "yellow"
    RED = "red"


class Lit(Value, frozen=True, kw_only=True):
    """A person who was told about a duty: the one it is owed to, or a contact of its fallback chain."""

    person: PersonId
    post: PostId
    notice: NoticeId
    at: datetime
    dark_at: datetime | None = None
    """When the wait for an answer ended, or every channel had failed."""
    handed_over_at: datetime | None = None
    """When the last call to this person about the duty was handed over to a channel."""
    answered_at: datetime | None = None
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def is_reached(self) -> bool:
        """A call has got through to a channel: only then can its silence be the person's."""
        return self.handed_over_at is not None or bool(self.delivered)


class Plan(Value, frozen=True, kw_only=True):
    """What the policy the case began under says of one kind of duty; `Case.plans` keeps each, so that no
    later policy changes it.
    """

    rule: str
    """The duty rule's name in the policy."""
    title: Name
    by: str = ""
    """Who owes it, as the policy says: `recipient`, `unit`, `holder`, `assignee` …; a `holder`'s duties go
    with the case.
    """
    on: tuple[str, ...] = ()
    """What opened it: `reported`, `assigned` …"""
    limit: Rule
    """The line that sets the term."""
    by_recipient: bool = False
    """The person it is owed to must answer (a report); otherwise the unit that owes it must act."""
    any_answers: bool = False
    """One answers for all; otherwise everyone must answer."""
    discharged_by: tuple[str, ...] = ()
    """`acknowledged`, `logged_call`, or acts: `filed.final_report`, `progressed` … A message merely sent ends
    nothing.
    """
    until: tuple[str, ...] = ()
    """Acts that end it with nothing more owed: `resolved`, `closed` …"""
    channels: tuple[str, ...] = ()
    chain: tuple[PostId, ...] = ()
    """The whole fallback chain, in order."""
    wait: timedelta | None = None
    """How long the person called first may stay dark, from when a call was handed over to a channel; and how
    long that may take.
    """
    step: timedelta | None = None
    """The same for each contact of the chain."""
    chain_rule: Rule | None = None
    remind_rule: Rule | None = None
    nag: timedelta | None = None
    """Called again at this interval after the limit, until it is done."""
    overdue_rule: Rule | None = None
    refers: bool = False
    """A lapse is referred for accountability."""
    cause: LapseCause = LapseCause.NOT_DONE
    """What a lapse of it is called."""
    again: bool = False
    """Opens anew when done: follow-ups, heartbeats."""


class Lapse(Value, frozen=True, kw_only=True):
    """On record for good: the duty was not done by its limit."""

    at: datetime
    """The limit that passed."""
    found_at: datetime
    cause: LapseCause
    stood_in: PersonId | None = None
    excuses: tuple[str, ...] = ()
    """What weighs for the one who lapsed, by the names of `Excuse`; a person judges it."""
    outage: Outage | None = None
    """When we were away ourselves."""
    referred_by: str | None = None
    """Our own failure had excused it, and a person has referred it all the same."""
    refuted: str | None = None
    """A suspected omission that a person refuted, with the reason; the lapse itself stays."""

    @property
    def is_ours(self) -> bool:
        """A failure of ours excuses it."""
        return not OUR_FAILURES.isdisjoint(self.excuses)

    @property
    def is_pursued(self) -> bool:
        """Somebody is held to it: no failure of ours excuses it, or a person has referred it all the same."""
        return not self.is_ours or self.referred_by is not None


class Reminder(Value, frozen=True, kw_only=True):
    at: datetime
    slip: Slip | None = None


class Overdue(Value, frozen=True, kw_only=True):
    """What follows at `at` if it is still not done: whom to tell, or what to raise."""

    at: datetime
    tell: tuple[str, ...]
    """Posts, audiences of the policy (`owner`, `unit_head` …) or actions (`supervision_order` …), as the
    policy writes them.
    """


class Extension(Value, frozen=True, kw_only=True):
    asked_by: str
    asked_at: datetime
    due_at: datetime
    reason: str
    granted: bool | None = None
    decided_by: str | None = None


class Duty(Value, frozen=True, kw_only=True):
    """Unit `owed_by` owes act `act` to `owed_to` by `due_at`; on or before is in time. `bearer` is who has to
    move, and is called.
    """

    id: DutyId
    rule: str
    """Key of `Case.plans`, and the duty rule's name in the policy."""
    act: str
    owed_by: UnitId
    owed_to: PersonId
    posts: tuple[PostId, ...]
    """All posts through which this person is owed it: one duty a person, however many posts they hold."""
    bearer: PersonId
    bearer_post: PostId
    task: TaskId | None = None
    starts_at: datetime
    opened_at: datetime
    due_at: datetime
    state: DutyState = DutyState.OPEN
    first_due_at: datetime | None = None
    """The limit before it moved, for the record."""
    granted: timedelta = timedelta(0)
    """How much later people have made the limit (pauses, extensions): regrading does not take it away."""
    reminders: tuple[Reminder, ...] = ()
    """Still to come."""
    overdue: tuple[Overdue, ...] = ()
    """Still to come."""
    nag_at: datetime | None = None
    slip: Slip | None = None
    lit: tuple[Lit, ...] = ()
    chain: tuple[PostId, ...] = ()
    """Posts of the fallback chain not lit yet."""
    next_link_at: datetime | None = None
    """When the chain moves on if nobody answers."""
    taken_by: PersonId | None = None
    taken_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozes: int = 0
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    paused_why: str | None = None
    discharged_at: datetime | None = None
    discharged_via: str | None = None
    discharged_by: str | None = None
    """The principal whose act it was."""
    lapse: Lapse | None = None
    cancelled_why: str | None = None
    extension: Extension | None = None

    @property
    def is_owed(self) -> bool:
        return self.state is DutyState.OPEN or self.state is DutyState.LAPSED


class Opening(Value, frozen=True, kw_only=True):
    """A duty that opens by itself at `at`: the next follow-up, the next shift, the next month's analysis."""

    rule: str
    at: datetime
    key: str
    """What tells this round's duty from the last one's: its number, shift or month."""


class Held(Value, frozen=True, kw_only=True):
    """Who answered for it, from when to when: the chain of holders is part of the case."""

    unit: UnitId
    since: datetime
    until: datetime | None = None
    how: str = "reported"
    """`reported`, `assigned`, `accepted`, `imposed` …"""


class Transfer(Value, frozen=True, kw_only=True):
    """A hand-over that waits to be accepted: until then the sender answers for the case."""

    from_unit: UnitId
    to_unit: UnitId
    at: datetime
    by: str
    reason: str
    answer_by: datetime | None = None
    """Until when the unit asked may refuse with a reason."""
    superior: UnitId | None = None
    """Set when the bounce limit is reached: this unit is asked to impose the lead."""


class TaskState(StrEnum):
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    """The result is in and waits to be verified."""
    VERIFIED = "verified"
    """Closed 销号."""
    WAITING = "waiting"
    """Another task must be done first."""
    CANCELLED = "cancelled"


class Task(Value, frozen=True, kw_only=True):
    """A task within its case: one unit holds it, the assigner verifies it."""

    id: TaskId
    title: str
    unit: UnitId
    """Who answers for it now."""
    owner: PersonId | None = None
    assigner: UnitId
    assigned_at: datetime
    due_at: datetime
    first_due_at: datetime | None = None
    state: TaskState = TaskState.ASSIGNED
    lead: bool = False
    after: TaskId | None = None
    span: timedelta | None = None
    """The term of a task that waits for another, from when its turn comes."""
    nil: bool = False
    """Answered with a nil report 零报告."""
    result: str | None = None
    reworks: int = 0
    slip: Slip | None = None
    transfer: Transfer | None = None
    held: tuple[Held, ...] = ()
    bounces: int = 0
    extension: Extension | None = None


class Item(Value, frozen=True, kw_only=True):
    """A row of an inventory campaign's ledger 台账; without a measure and an owner it does not count as
    processed.
    """

    number: int
    unit: UnitId
    summary: str
    measure: str | None = None
    owner: PersonId | None = None
    due_at: datetime | None = None
    at: datetime
    by: str


class Commander(Value, frozen=True, kw_only=True):
    person: PersonId
    acting: bool
    since: datetime
    until: datetime | None = None
    by: str


class Measure(Value, frozen=True, kw_only=True):
    """Accountability: proposed by the ladder in force, decided by the organ."""

    proposed: str
    why: tuple[str, ...]
    """What weighed: `third_lapse_in_a_year`, `late_by_2h`, `every_channel_failed` …"""
    about: CaseId
    duty: DutyId
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    stated: bool = False
    reviewed: str | None = None
    corrected: str | None = None


class PublicNotice(Value, frozen=True, kw_only=True):
    """A public notice 通报: approvals by different people, a window to reply, then publication."""

    text: str
    unit: UnitId
    """The unit it names."""
    drafted_by: str
    drafted_at: datetime
    reply_by: datetime
    approvals: tuple[str, ...] = ()
    approvals_needed: int = 2
    """As the policy said when it was drafted."""
    replies: tuple[str, ...] = ()
    published_at: datetime | None = None


class Ending(Value, frozen=True, kw_only=True):
    """An act that would end an emergency early, or grade it down: it waits for a second person, and nothing
    has changed by it yet.
    """

    kind: Kind
    """`withdrawn`, `closed`, `merged` or `regraded`."""
    by: str
    """The person who asks, or the principal where it is no person."""
    role: Role
    unit: UnitId | None = None
    at: datetime
    sequence: int
    """Of the fact that asks for it."""
    text: str | None = None
    into: CaseId | None = None
    level: Level | None = None
    sensitive: bool | None = None
    was_level: Level | None = None
    """As the case was graded when it was asked for."""
    was_sensitive: bool = False


class LoggedCall(Value, frozen=True, kw_only=True):
    """Somebody wrote down that this person was told by telephone; the person may say that it is not so."""

    sequence: int
    person: PersonId
    by: str
    """Who rang and wrote it down."""
    at: datetime
    """When it was written down."""
    called_at: datetime
    number: str | None = None
    """Masked."""
    listed: bool = False
    """The number is the person's own in the directory; otherwise it is as given."""
    said: str | None = None
    duties: tuple[DutyId, ...] = ()
    """What the call has answered."""
    answered_at: datetime | None = None
    """When the person themself answered after it."""
    contested_at: datetime | None = None
    contested_why: str | None = None


class Suspicion(Value, frozen=True, kw_only=True):
    """The cross-check on what an outside source knew."""

    unit: UnitId
    why: str
    source: SourceId | None = None
    matched: CaseId | None = None
    matched_score: float | None = None
    suspected_at: datetime | None = None
    confirmed: bool | None = None
    by: str | None = None


class Standing(Value, frozen=True, kw_only=True):
    """What a standing case watches."""

    watch: str
    subject: str
    lapses: tuple[datetime, ...] = ()
    """Ledger: when the unit's lapses of the last year were found."""


class Entry(Value, frozen=True, kw_only=True):
    """One act in the case's short log, for the desk; the trail has them all."""

    sequence: int
    at: datetime
    kind: Kind
    by: str
    text: str | None = None


class LeftOut(Value, frozen=True, kw_only=True):
    """What could not be decided on: a part of the report, an act, what a clock was to do."""

    sequence: int
    """Of the fact that it was part of."""
    at: datetime
    kind: str
    """Of that fact."""
    why: str
    note: str | None = None


class Applied(Value, frozen=True, kw_only=True):
    """The last fact this case has taken in."""

    id: str
    sequence: int
    at: datetime


class Matter(Value, frozen=True, kw_only=True):
    """What was reported: the fields of the `reported` fact that the case needs; as given, whatever was
    regraded since.
    """

    kind: ReportKind
    category: Category | None = None
    topic: str | None = None
    level: Level | None = None
    sensitive: bool = False
    unit: UnitId
    area: AreaCode
    occurred_at: datetime
    learned_at: datetime
    received_at: datetime
    handed_in_at: datetime | None = None
    summary: str
    tried_at: tuple[datetime, ...] = ()
    """When the unit says that it tried to report before, in vain."""
    details: str | None = None
    exercise: bool = False
    deaths: int = 0
    injuries: int = 0
    loss: int = 0
    parent: CaseId | None = None
    reported_by: str
    person: PersonId | None = None
    source: SourceId | None = None
    """The system it came from."""
    latitude: float | None = None
    longitude: float | None = None
    witness: bool = False
    """Another than the unit reports it, and the unit itself has not said anything yet."""
    by_telephone: bool = False
    """A duty office wrote down what the unit reported by telephone."""

    @property
    def is_first_hand(self) -> bool:
        """The unit itself handed in when it learned of it; otherwise that is a claim, and its clocks start
        when it was told.
        """
        return not (self.witness or self.by_telephone)


class Case(Value, frozen=True, kw_only=True):
    id: CaseId
    status: CaseStatus = CaseStatus.OPEN
    report: Matter
    report_sequence: int
    opened_at: datetime
    starts_at: datetime
    """Where the duties' clocks start: the earliest of this case and of all that were merged into it."""
    level: Level | None = None
    """As graded now."""
    sensitive: bool = False
    holder: UnitId
    """The one unit that answers for the case now."""
    held: tuple[Held, ...] = ()
    bounces: int = 0
    policy: str
    plans: dict[str, Plan] = {}  # noqa: RUF012 - msgspec copies it
    duties: tuple[Duty, ...] = ()
    openings: tuple[Opening, ...] = ()
    tasks: tuple[Task, ...] = ()
    items: tuple[Item, ...] = ()
    transfer: Transfer | None = None
    merged_into: CaseId | None = None
    merged_from: tuple[CaseId, ...] = ()
    split_from: CaseId | None = None
    command: tuple[Commander, ...] = ()
    suspicion: Suspicion | None = None
    measure: Measure | None = None
    notice: PublicNotice | None = None
    ending: Ending | None = None
    """What waits for a second person."""
    calls: tuple[LoggedCall, ...] = ()
    standing: Standing | None = None
    clock_at: datetime | None = None
    """The one clock armed for this case."""
    clock_duty: DutyId | None = None
    ended_at: datetime | None = None
    """When it was closed, withdrawn or merged."""
    log: tuple[Entry, ...] = ()
    """The last twenty acts."""
    left_out: tuple[LeftOut, ...] = ()
    """The last twenty things that could not be decided on: a person sees to them."""
    taken: tuple[str, ...] = ()
    """Digests of the ids of the facts it has taken in, the last of them: a fact stored again under its id
    changes nothing.
    """
    applied: Applied
    decision: Decision

    @property
    def next_due(self) -> datetime | None:
        """The earliest limit still ahead or passed among the duties still owed."""
        return min((duty.due_at for duty in self.duties if duty.is_owed), default=None)

    def plan_of(self, duty: Duty) -> Plan:
        return self.plans[duty.rule]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Case)


def write_case(case: Case) -> bytes:
    return _encoder.encode(case)


def read_case(raw: bytes) -> Case:
    """Raises msgspec.ValidationError, or msgspec.DecodeError, for bytes that are no case; NewerError for a
    case of a newer format.
    """
    refuse_newer_bytes(raw)
    return _decoder.decode(raw)
