"""A case as it stands: the value under its id in the KV bucket CASES, written by the escalator alone, read by the desk.

Invariant: a case is exactly what its facts, applied in the order of FACTS, make of it; `applied` is the last of them, and
`decision` what was decided then, so that a redelivered fact repeats that decision instead of making a second one.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.facts import Decision, Frozen, Instant, LapseCause, Report, Rule
from shared.ids import CaseId, DutyId, NoticeId, PersonId, PostId, UnitId
from shared.vocabulary import Kind


class DutyState(StrEnum):
    OPEN = "open"
    DISCHARGED = "discharged"
    """In time."""
    LAPSED = "lapsed"
    """The limit passed; the duty is still owed and still chased."""
    LAPSED_DISCHARGED = "lapsed_discharged"
    """Done, but late. The lapse stays."""
    CANCELLED = "cancelled"


class CaseStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Lit(Frozen):
    """A person who was told about a duty: the one it is owed to, or a contact of its fallback chain."""

    person: PersonId
    post: PostId
    notice: NoticeId
    at: Instant
    dark_at: Instant | None = None
    """When the wait for an answer ended, or every channel had failed."""
    answered_at: Instant | None = None
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Plan(Frozen):
    """What the policy in force when the case began says of one duty, so that a later policy changes nothing about it."""

    limit: Rule
    remind: tuple[Instant, ...] = ()
    """Reminders still to come."""
    remind_rule: Rule | None = None
    discharged_by: tuple[str, ...] = ()
    """`acknowledged`, `logged_call`: what ends this duty; a message merely sent ends nothing."""
    channels: tuple[str, ...] = ()
    chain: tuple[PostId, ...] = ()
    """Posts of the fallback chain not lit yet."""
    wait: timedelta | None = None
    """How long the person the duty is owed to may stay dark."""
    step: timedelta | None = None
    """How long each contact of the chain may stay dark."""
    chain_rule: Rule | None = None


class Lapse(Frozen):
    """On record for good: the duty was not done by its limit."""

    at: Instant
    """The limit that passed."""
    found_at: Instant
    cause: LapseCause
    stood_in: PersonId | None = None


class Duty(Frozen):
    """Unit `owed_by` owes act `act` to `owed_to` by `due_at`; on or before is in time."""

    id: DutyId
    act: str
    owed_by: UnitId
    owed_to: PersonId
    posts: tuple[PostId, ...]
    """All posts through which this person is owed it: one duty a person, however many posts they hold."""
    starts_at: Instant
    opened_at: Instant
    due_at: Instant
    state: DutyState
    plan: Plan
    lit: tuple[Lit, ...] = ()
    next_link_at: Instant | None = None
    """When the chain moves on if nobody answers."""
    taken_by: PersonId | None = None
    taken_at: Instant | None = None
    discharged_at: Instant | None = None
    discharged_via: str | None = None
    lapse: Lapse | None = None
    cancelled_why: str | None = None
    clock_at: Instant | None = None
    """The one clock armed for this duty."""

    @property
    def is_owed(self) -> bool:
        return self.state in (DutyState.OPEN, DutyState.LAPSED)


class Entry(Frozen):
    """One act in the case's short log, for the desk; the trail has them all."""

    sequence: int
    at: Instant
    kind: Kind
    by: str
    text: str | None = None


class Transfer(Frozen):
    """A hand-over that waits to be accepted: until then the sender answers for the case."""

    from_unit: UnitId
    to_unit: UnitId
    at: Instant
    by: str
    reason: str


class Applied(Frozen):
    """The last fact this case has taken in."""

    id: str
    sequence: int
    at: Instant


class Case(Frozen):
    id: CaseId
    status: CaseStatus
    report: Report
    report_sequence: int
    opened_at: Instant
    holder: UnitId
    """The one unit that answers for the case now."""
    policy: str
    duties: tuple[Duty, ...] = ()
    transfer: Transfer | None = None
    merged_into: CaseId | None = None
    log: tuple[Entry, ...] = ()
    """The last twenty acts."""
    applied: Applied
    decision: Decision

    @property
    def next_due(self) -> datetime | None:
        """The earliest limit still ahead or passed among the duties still owed."""
        return min((duty.due_at for duty in self.duties if duty.is_owed), default=None)
