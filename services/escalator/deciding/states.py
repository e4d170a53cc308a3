"""What can become of a duty, a task and a case: every move the escalator makes goes through these tables.

Invariant: a move that is not in a table does not happen; the diagrams in docs/ are drawn from the tables.
"""

from collections.abc import Mapping
from typing import TypeVar

from shared.case import CaseStatus, DutyState, TaskState

State = TypeVar("State", DutyState, TaskState, CaseStatus)

DUTY: Mapping[tuple[DutyState, str], DutyState] = {
    (DutyState.OPEN, "discharge"): DutyState.DISCHARGED,
    (DutyState.OPEN, "lapse"): DutyState.LAPSED,
    (DutyState.LAPSED, "discharge"): DutyState.LAPSED_DISCHARGED,
    (DutyState.OPEN, "cancel"): DutyState.CANCELLED,
    (DutyState.LAPSED, "cancel"): DutyState.CANCELLED,
    # An omission that was suspected, and that a person has confirmed.
    (DutyState.CANCELLED, "confirm"): DutyState.LAPSED,
    # It was held for done by a call that never was.
    (DutyState.DISCHARGED, "contest"): DutyState.OPEN,
    (DutyState.LAPSED_DISCHARGED, "contest"): DutyState.LAPSED,
}

TASK: Mapping[tuple[TaskState, str], TaskState] = {
    (TaskState.WAITING, "turn_comes"): TaskState.ASSIGNED,
    (TaskState.ASSIGNED, "accepted"): TaskState.ACCEPTED,
    (TaskState.ASSIGNED, "transferred"): TaskState.ASSIGNED,
    (TaskState.ACCEPTED, "transferred"): TaskState.ASSIGNED,
    (TaskState.ASSIGNED, "imposed"): TaskState.ACCEPTED,
    (TaskState.ACCEPTED, "imposed"): TaskState.ACCEPTED,
    (TaskState.ASSIGNED, "completed"): TaskState.COMPLETED,
    (TaskState.ACCEPTED, "completed"): TaskState.COMPLETED,
    (TaskState.COMPLETED, "returned"): TaskState.ACCEPTED,
    (TaskState.COMPLETED, "verified"): TaskState.VERIFIED,
    (TaskState.WAITING, "cancel"): TaskState.CANCELLED,
    (TaskState.ASSIGNED, "cancel"): TaskState.CANCELLED,
    (TaskState.ACCEPTED, "cancel"): TaskState.CANCELLED,
    (TaskState.COMPLETED, "cancel"): TaskState.CANCELLED,
}

CASE: Mapping[tuple[CaseStatus, str], CaseStatus] = {
    (CaseStatus.OPEN, "resolved"): CaseStatus.RESOLVED,
    (CaseStatus.OPEN, "closed"): CaseStatus.CLOSED,
    (CaseStatus.RESOLVED, "closed"): CaseStatus.CLOSED,
    (CaseStatus.OPEN, "withdrawn"): CaseStatus.WITHDRAWN,
    (CaseStatus.RESOLVED, "withdrawn"): CaseStatus.WITHDRAWN,
    (CaseStatus.OPEN, "merged"): CaseStatus.MERGED,
    (CaseStatus.RESOLVED, "merged"): CaseStatus.MERGED,
    (CaseStatus.RESOLVED, "reopened"): CaseStatus.OPEN,
    (CaseStatus.CLOSED, "reopened"): CaseStatus.OPEN,
    # A duplicate merged into a case that has ended meanwhile brings its clocks: the case lives again rather
    # than lose them.
    (CaseStatus.CLOSED, "absorbed"): CaseStatus.OPEN,
    (CaseStatus.WITHDRAWN, "absorbed"): CaseStatus.OPEN,
    (CaseStatus.MERGED, "absorbed"): CaseStatus.OPEN,
    (CaseStatus.OPEN, "absorbed"): CaseStatus.OPEN,
    (CaseStatus.RESOLVED, "absorbed"): CaseStatus.RESOLVED,
}


class ImpossibleError(ValueError):
    """A move no table has."""


def move(table: Mapping[tuple[State, str], State], state: State, by: str) -> State:
    """Raises ImpossibleError naming the state and the move."""
    try:
        return table[state, by]
    except KeyError:
        raise ImpossibleError(f"{state} can't be {by}") from None
