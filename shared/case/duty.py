"""A duty as its case keeps it: who owes what to whom by when, who was told, and what became of it.

Invariant: a lapse stays on its duty whatever becomes of the duty afterwards.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from shared.facts import OUR_FAILURES, LapseCause, Name, Outage, PolicyLine, Value
from shared.ids import CaseId, DutyId, NoticeId, PersonId, PostId, TaskId, UnitId

APPROVER = "approver"
"""`by` of a duty to approve: whoever is next to be asked, a person of any unit."""
ROLL_CALL = "roll_call"
"""The watch of a case that asks everybody of a unit whether they can be reached."""
UNANSWERED = "roll_call.unanswered"
"""What happens to such a case where the time to answer is over and somebody has not."""


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


class Slip(StrEnum):
    """The colour of a slip 督办单: half the term gone, four fifths, overdue."""

    BLUE = "blue"
    YELLOW = "yellow"
    RED = "red"


class StandIn(StrEnum):
    """What the answer of a contact of the chain means for a duty to report."""

    SETTLES = "settles"
    """Whoever on the chain answers has taken the report: the unit has done its duty."""
    KEEPS_OPEN = "keeps_open"
    """The chain stops; the duty stays open until the person whom it is owed to answers."""


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
    passed_at: datetime | None = None
    """When they said that they can't, and the next was to be called."""
    delivered: tuple[str, ...] = ()
    """Channels whose gateway has taken the message; those that took back their word later are not there."""
    failed: tuple[str, ...] = ()
    """Channels that did not get it to the person, whether at once or as their gateway said later."""
    channels: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()
    """Channels whose gateway says that the telephone has it."""
    undelivered: tuple[str, ...] = ()
    """Channels whose gateway had taken it and said later that it did not arrive."""
    spared: tuple[str, ...] = ()
    """Channels that were not tried any more: it was answered or over before their turn came."""
    arrived_at: datetime | None = None
    """When the first of them arrived."""
    opened_at: datetime | None = None
    """When its link was first opened, by the person or by a mail scanner."""

    @property
    def is_reached(self) -> bool:
        """A call has got through to a channel: only then can its silence be the person's."""
        return self.handed_over_at is not None or bool(self.delivered)


class DutyTerms(Value, frozen=True, kw_only=True):
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
    limit: PolicyLine
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
    chain_rule: PolicyLine | None = None
    remind_rule: PolicyLine | None = None
    nag: timedelta | None = None
    """Called again at this interval after the limit, until it is done."""
    overdue_rule: PolicyLine | None = None
    refers: bool = False
    """A lapse is referred for accountability."""
    refers_together: bool = False
    """Lapses of one case are one list for the organ, which refers each or lets it off."""
    cause: LapseCause = LapseCause.NOT_DONE
    """What a lapse of it is called."""
    again: bool = False
    """Opens anew when done: follow-ups, heartbeats."""
    reserves: tuple[str, ...] = ()
    """Acts that only whoever owes it, or somebody above, may do to the case while it is owed."""
    stand_in: StandIn = StandIn.SETTLES

    @property
    def is_roll_call(self) -> bool:
        """It only tries whether people can be reached: nobody answers for silence."""
        return f"established.{ROLL_CALL}" in self.on

    @property
    def is_settled_by_stand_in(self) -> bool:
        return self.by_recipient and self.stand_in is StandIn.SETTLES


def desk_post(plans: Iterable[DutyTerms]) -> PostId | None:
    """The last post of the case's chain, which is manned round the clock."""
    return next((plan.chain[-1] for plan in plans if plan.chain), None)


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
    unit: UnitId | None = None
    """Who answers for it where that is not the unit that owed it: the unit whose duty roster stayed silent."""
    refuted: str | None = None
    """A suspected omission that a person refuted, with the reason; the lapse itself stays."""
    listed: bool = False
    """One of the organ's list: it is referred once the organ says so."""
    let_off: str | None = None
    """The organ has said that nobody answers for it, and why; the lapse itself stays."""
    found: CaseId | None = None
    """The report that was in time and turned up after the judgement: nothing is left against the unit; the lapse itself
    stays.
    """

    @property
    def is_ours(self) -> bool:
        """A failure of ours excuses it."""
        return not OUR_FAILURES.isdisjoint(self.excuses)

    @property
    def is_pursued(self) -> bool:
        """Somebody is held to it: no failure of ours excuses it, or a person has referred it all the same."""
        return not self.is_cleared and (not self.is_ours or self.referred_by is not None)

    @property
    def is_cleared(self) -> bool:
        """Nobody answers for it, and nobody is to be asked any more."""
        return self.let_off is not None or self.found is not None

    @property
    def awaits_the_organ(self) -> bool:
        """The organ has not said yet who answers for it."""
        return self.listed and self.referred_by is None and not self.is_cleared


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
    held_until: datetime | None = None
    """Its limit has passed and nothing follows yet: it is still being matched. Then the clock strikes again."""
    extension: Extension | None = None

    @property
    def is_owed(self) -> bool:
        return self.state is DutyState.OPEN or self.state is DutyState.LAPSED

    @property
    def is_stood_in(self) -> bool:
        """A contact of the chain has answered, and the person whom it is owed to has not."""
        return self.taken_by is not None and not any(
            lit.person == self.bearer and lit.answered_at is not None for lit in self.lit
        )


class Opening(Value, frozen=True, kw_only=True):
    """A duty that opens by itself at `at`: the next follow-up, the next shift, the next month's analysis."""

    rule: str
    at: datetime
    key: str
    """What tells this round's duty from the last one's: its number, shift or month."""
