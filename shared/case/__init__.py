"""A case as it stands: `case` is the whole of it, the rest its parts."""

from shared.case.case import (
    ENDED,
    Applied,
    Case,
    CaseStatus,
    Entry,
    LeftOut,
    Matter,
    Standing,
    read_case,
    write_case,
)
from shared.case.duty import Duty, DutyState, Extension, Lapse, Lit, Opening, Overdue, Plan, Reminder, Slip
from shared.case.proceedings import Commander, Ending, LoggedCall, Measure, PublicNotice, Suspicion
from shared.case.task import Held, Item, Task, TaskState, Transfer

__all__ = [
    "ENDED",
    "Applied",
    "Case",
    "CaseStatus",
    "Commander",
    "Duty",
    "DutyState",
    "Ending",
    "Entry",
    "Extension",
    "Held",
    "Item",
    "Lapse",
    "LeftOut",
    "Lit",
    "LoggedCall",
    "Matter",
    "Measure",
    "Opening",
    "Overdue",
    "Plan",
    "PublicNotice",
    "Reminder",
    "Slip",
    "Standing",
    "Suspicion",
    "Task",
    "TaskState",
    "Transfer",
    "read_case",
    "write_case",
]
