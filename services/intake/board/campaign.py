"""A campaign 排查 as a matrix: which unit has handed in its list, which a nil report, which is late. Pure.

Invariant: every unit that was addressed stands there once for each task it has, with exactly one state; how many
have answered is counted from the same rows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from shared.case import Case, Duty, Item, Task, TaskState
from shared.ids import TaskId, UnitId

NIL_FILED = "filed.nil_report"


class SubmissionState(StrEnum):
    """What a unit has handed in; what somebody has to see to first."""

    LATE = "late"
    """The limit has passed, and nothing is in."""
    RETURNED = "returned"
    """What was in was not enough."""
    OWED = "owed"
    SUBMITTED = "submitted"
    NIL = "nil"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


ANSWERED = frozenset({SubmissionState.SUBMITTED, SubmissionState.NIL, SubmissionState.VERIFIED})


@dataclass(frozen=True, slots=True)
class MatrixRow:
    unit: UnitId
    task: Task
    state: SubmissionState
    nil: bool
    was_late: bool
    """It came after the limit, or has not come yet."""
    items: int
    lacking: int
    """Items without measure, owner or date: these count as nothing."""
    cases: int
    """Items that go on as cases of their own."""


@dataclass(frozen=True)
class CampaignMatrix:
    rows: tuple[MatrixRow, ...]
    items: tuple[Item, ...]

    @cached_property
    def counts(self) -> dict[SubmissionState, int]:
        """Of each state, in its order; those that nobody is in as well."""
        counted = Counter(row.state for row in self.rows)
        return {state: counted[state] for state in SubmissionState}

    @property
    def asked(self) -> int:
        return sum(row.state is not SubmissionState.CANCELLED for row in self.rows)

    @property
    def answered(self) -> int:
        return sum(row.state in ANSWERED for row in self.rows)


def matrix_of(case: Case, now: datetime) -> CampaignMatrix:
    by_unit: dict[UnitId, list[Item]] = {}
    for item in case.items:
        by_unit.setdefault(item.unit, []).append(item)
    duties: dict[TaskId, list[Duty]] = {}
    for duty in case.duties:
        if duty.task is not None:
            duties.setdefault(duty.task, []).append(duty)
    rows = tuple(_row(task, duties.get(task.id, ()), by_unit.get(task.unit, []), now) for task in case.tasks)
    return CampaignMatrix(rows, case.items)


def _row(task: Task, duties: Sequence[Duty], items: Sequence[Item], now: datetime) -> MatrixRow:
    filed_nil = any(duty.discharged_via == NIL_FILED for duty in duties)
    nil = (task.nil or filed_nil) and not items
    state = _state(task, now, nil=nil, answered=filed_nil)
    return MatrixRow(
        unit=task.unit,
        task=task,
        state=state,
        nil=nil,
        was_late=state is SubmissionState.LATE or any(duty.lapse is not None for duty in duties),
        items=len(items),
        lacking=sum(bool(item.lacks) for item in items),
        cases=sum(item.case is not None for item in items),
    )


def _state(task: Task, now: datetime, *, nil: bool, answered: bool) -> SubmissionState:
    """`answered`: beside the task, as it was possible before."""
    match task.state:
        case TaskState.CANCELLED:
            return SubmissionState.CANCELLED
        case TaskState.VERIFIED:
            return SubmissionState.VERIFIED
        case TaskState.COMPLETED:
            return SubmissionState.NIL if nil else SubmissionState.SUBMITTED
        case _ if answered and not task.reworks:
            return SubmissionState.NIL if nil else SubmissionState.SUBMITTED
        case _ if now > task.due_at:
            return SubmissionState.LATE
        case _:
            return SubmissionState.RETURNED if task.reworks else SubmissionState.OWED
