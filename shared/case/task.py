"""A task of a case, who held it or the case from when to when, and the rows of an inventory's ledger.

Invariant: at any moment one unit answers for a task, and whoever assigned it verifies it.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.case.duty import Extension, Slip
from shared.facts import Value
from shared.ids import PersonId, TaskId, UnitId


class HolderTerm(Value, frozen=True, kw_only=True):
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
    held: tuple[HolderTerm, ...] = ()
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
