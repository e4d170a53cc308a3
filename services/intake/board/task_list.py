"""Tasks across all cases: the reddest slip first, then by limit; the same for the API and the desk.

Invariant: a task past its limit is red, whether or not the clock that says so has struck yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.intake.board.card import TASK_OPEN, Card
from shared.case import Case, Slip, Task, TaskState
from shared.ids import CaseId

URGENCY = {Slip.RED: 0, Slip.YELLOW: 1, Slip.BLUE: 2, None: 3}


@dataclass(frozen=True, slots=True)
class ListedTask:
    case: CaseId
    summary: str
    task: Task
    slip: Slip | None


def listed_tasks(cards: Iterable[Card], now: datetime, *, closed: bool = False) -> list[ListedTask]:
    """Open tasks, or the closed ones of cases still on the board."""
    listed = [task for card in cards if card.has_tasks or closed for task in tasks_in(card.lean, now)]
    return sorted(
        (task for task in listed if (task.task.state in TASK_OPEN) is not closed),
        key=lambda task: (URGENCY[task.slip], task.task.due_at, task.case, task.task.id),
    )


def tasks_in(case: Case, now: datetime) -> list[ListedTask]:
    return [ListedTask(case.id, case.report.summary, task, slip_of(task, now)) for task in case.tasks]


def slip_of(task: Task, now: datetime) -> Slip | None:
    if task.state in (TaskState.ASSIGNED, TaskState.ACCEPTED) and task.due_at < now:
        return Slip.RED
    return task.slip
