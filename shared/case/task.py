"""A task of a case, who held it or the case from when to when, and the rows of an inventory's ledger.

Invariant: at any moment one unit answers for a task, and whoever assigned it verifies it.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.case.duty import Extension, Slip
from shared.facts import Value
from shared.ids import CaseId, PersonId, TaskId, UnitId


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


class ItemForm(Value, frozen=True, kw_only=True):
    """What an item has of its form, as the facts so far have it: sector, grade, place and whatever else is
    declared.
    """

    id: str
    version: int = 1
    fields: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    personal: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    missing: tuple[str, ...] = ()
    """What is lacking before the form counts as complete."""

    @property
    def values(self) -> dict[str, Any]:
        return {**self.fields, **self.personal}


class Item(Value, frozen=True, kw_only=True):
    """A row of an inventory campaign's ledger 台账; without a measure, an owner and a date it does not count as
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
    form: ItemForm | None = None
    case: CaseId | None = None
    """The dispute, hazard or petition that it has become."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing before it counts as processed."""
        own = {"measure": self.measure, "owner": self.owner, "due": self.due_at}
        asked = self.form.missing if self.form is not None else ()
        return (
            *(name for name, value in own.items() if value is None),
            *(name for name in asked if name not in own),
        )
