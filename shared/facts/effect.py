"""What an effect of a decision says: the one thing that is now so, why, about what, and the line of the policy.

Invariant: whatever a reader counts or compares is a field here; `note` is words for people alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.facts.authors import Author
from shared.facts.harm import HarmCount
from shared.facts.value import Value
from shared.ids import CaseId, DutyId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Level


@dataclass(frozen=True, slots=True)
class PolicyLine:
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
    """A contact of the fallback chain answered: the chain stops; what it settles is the policy's."""
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

    REPORT_FOUND = "report_found"
    """A report that was in time turned up after an omission had been confirmed: nothing is left against the unit."""


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
    """One thing that is now so. `why` is a named reason (`dark_after_wait`), never free text: see
    shared.facts.reason.
    """

    kind: EffectKind
    why: str
    duty: DutyId | None = None
    duty_rule: str | None = None
    """The rule of the policy that laid the duty."""
    task: TaskId | None = None
    person: PersonId | None = None
    people: tuple[PersonId, ...] = ()
    """Told: those who hear of it by one rule of the policy."""
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
    level: Level | None = None
    """Regraded: from now on."""
    harm: HarmCount | None = None
    """Noted: the harm as it is known now, and as it was before."""
    harm_was: HarmCount | None = None
    excuses: tuple[Excuse, ...] = ()
    """Lapsed: what speaks for whoever let the limit pass."""
    outage: Outage | None = None
    """Lapsed: when we were away ourselves."""
    case: CaseId | None = None
    """Raised, merged, matched: the other case."""
    item: int | None = None
    """Noted: the number of the item that was registered, or made whole."""
    likeness: float | None = None
    """Matched: from 0 to 1."""
    ground: str | None = None
    """Suspected: why it is that unit's to report, a reason as `why` is."""
    measure: str | None = None
    """Proposed or decided: the step of the ladder."""
    approvals: int | None = None
    """Of a public notice: given by now, of `approvals_needed`."""
    approvals_needed: int | None = None
    via: str | None = None
    """Discharged: the channel of the answer, or what was done."""
    was_state: str | None = None
    """Owed again: how the duty stood before."""
    note: str | None = None
    """Words for people. Nothing is ever read back out of it."""
    rule: PolicyLine | None = None
