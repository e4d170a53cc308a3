"""What runs beside the duties of a case: command, accountability, a public notice, a second person's
decision, calls that were written down, a suspected omission.

Invariant: each names who has decided or said what, so that the desk shows it without asking the trail.
"""

from datetime import datetime

from shared.facts import Outage, Value
from shared.ids import AreaCode, CaseId, DutyId, PersonId, PostId, SourceId, UnitId
from shared.vocabulary import Kind, Level, Role

COMPILATION = "compilation"
"""The topic of a task that compiles what was done for a special case: its details are a text that is approved and shown
to everybody as a public notice is, though it names nobody.
"""


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
    owed_to: tuple[PostId, ...] = ()
    """All whom the same failure concerned, by their posts."""
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    stated: bool = False
    reviewed: str | None = None
    corrected: str | None = None


class NoticeCorrection(Value, frozen=True, kw_only=True):
    """What was put right in a public notice after it was published."""

    text: str
    at: datetime


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
    organ: UnitId | None = None
    """Whose notice it is: the unit of whoever drafted it, else of whoever published it."""
    number: int | None = None
    """In its reference 文号: the sequence of the fact that published it, so that no two notices share one. None
    before it is published, and of one published by an earlier version.
    """
    corrections: tuple[NoticeCorrection, ...] = ()


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
    """Why it is this unit's to report: a reason (`competent_for_the_topic`); of an earlier version a sentence."""
    area: AreaCode | None = None
    """That the unit is competent for."""
    source: SourceId | None = None
    matched: CaseId | None = None
    matched_score: float | None = None
    suspected_at: datetime | None = None
    confirmed: bool | None = None
    by: str | None = None
    excuses: tuple[str, ...] = ()
    """What speaks for the unit, as it was when the limit passed."""
    outage: Outage | None = None
    statement: str | None = None
    """What the unit says to it."""
    stated_by: str | None = None
    stated_at: datetime | None = None
    withdrawn_at: datetime | None = None
    """A report that was in time has been found: nothing is left against the unit."""

    @property
    def is_to_judge(self) -> bool:
        return self.suspected_at is not None and self.confirmed is None and self.withdrawn_at is None
