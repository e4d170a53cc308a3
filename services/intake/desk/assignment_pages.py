"""The tasks of a case as a document 交办通知 to print and hand round: to whom, what, by when, under a reference and a date.

Invariant: it says what the case says now of each task that is not cancelled, and nothing that the reader may not see there.
"""

from fastapi import APIRouter, Request, Response

from services.intake.desk.act_fields import ROWS
from services.intake.desk.here import READERS, DeskPages
from shared.case import TaskState
from shared.language.catalogue import N_
from shared.language.notice_head import date_of
from shared.language.words import Words
from shared.problems import Problem

NO_TASKS = N_("This case has no tasks: there is nothing to hand round.")
REFERENCE = N_("%(organ)s, assignment %(year)s-%(number)s")
"""文号: `市委办公室交办〔2026〕1834号`."""


def add_assignments(router: APIRouter, here: DeskPages) -> None:
    @router.get("/cases/{case}/assignment")
    async def assignment(request: Request, case: str) -> Response:
        principal = here.pages.admit(request, *READERS)
        whole = (await here.find(case, principal)).whole
        tasks = [task for task in whole.tasks if task.state is not TaskState.CANCELLED]
        if not tasks:
            raise Problem(404, N_("Not Found"), NO_TASKS)
        words, zone, names = Words(here.pages.language(request)), here.desk.zone, here.names
        organ = words.name(names.unit(tasks[0].assigner))
        at = min(task.assigned_at for task in tasks)
        return here.show(
            request,
            "assignment.html",
            principal,
            case=whole,
            tasks=tasks[:ROWS],
            count=len(tasks),
            organ=organ,
            addressees=words.names(names.unit(unit) for unit in dict.fromkeys(task.unit for task in tasks)),
            reference=words.of(
                REFERENCE, organ=organ, year=at.astimezone(zone).year, number=whole.report_sequence
            ),
            date=date_of(words, at, zone),
        )
