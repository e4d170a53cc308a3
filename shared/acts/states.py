"""In which states of a case an act means something now: the questions that several declarations ask.

Invariant: each is a question about the case alone, so that the desk can offer an act before anybody names a
task or a duty. Nothing is decided here: what an act becomes, the escalator says.
"""

from collections.abc import Iterator

from shared.case import ENDED, ROLL_CALL, Case, Duty, Task, TaskState, Transfer
from shared.facts.report import CATEGORISED
from shared.vocabulary import ReportKind

UNDER_WAY = (TaskState.ASSIGNED, TaskState.ACCEPTED)


def always(_: Case) -> bool:
    return True


def never(_: Case) -> bool:
    """Only where a duty waits for it."""
    return False


def has_not_ended(case: Case) -> bool:
    return case.status not in ENDED


def is_going_on(case: Case) -> bool:
    """A matter that people work on: no standing watch, and not ended."""
    return case.status not in ENDED and case.standing is None


def is_graded(case: Case) -> bool:
    return is_going_on(case) and case.report.kind in CATEGORISED


SMALL_MATTERS = (ReportKind.DISPUTE, ReportKind.HAZARD, ReportKind.PETITION, ReportKind.COMPLAINT)
"""What may become an incident."""


ITEMS_BECOME = (ReportKind.DISPUTE, ReportKind.HAZARD, ReportKind.PETITION)
"""What an item of a campaign's ledger, or what people tell of on a visit, may go on as."""


def may_grow(case: Case) -> bool:
    return is_going_on(case) and case.report.kind in SMALL_MATTERS and case.grown_into is None


def is_a_visit(case: Case) -> bool:
    return is_going_on(case) and case.report.kind is ReportKind.VISIT


def is_a_roster(case: Case) -> bool:
    return has_not_ended(case) and case.standing is not None and case.standing.watch == "roster"


def calls_the_roll(case: Case) -> bool:
    return has_not_ended(case) and case.standing is not None and case.standing.watch == ROLL_CALL


def transfers(case: Case) -> Iterator[Transfer]:
    """Those that wait for an answer, of the case and of its tasks."""
    return (part.transfer for part in (case, *case.tasks) if part.transfer is not None)


def is_under_way(task: Task) -> bool:
    return task.state in UNDER_WAY


def is_offered(task: Task) -> bool:
    """To the unit that it was assigned to, or that was asked to take it over."""
    return task.state is TaskState.ASSIGNED or task.transfer is not None


def is_handed_in(task: Task) -> bool:
    return task.state is TaskState.COMPLETED


def has_a_task_under_way(case: Case) -> bool:
    """A standing watch has tasks too, where a check found something unsound."""
    return has_not_ended(case) and any(map(is_under_way, case.tasks))


def has_a_result(case: Case) -> bool:
    return has_not_ended(case) and any(map(is_handed_in, case.tasks))


def asks_for_time(work: Task | Duty) -> bool:
    return work.extension is not None and work.extension.granted is None


def owed(case: Case) -> tuple[Duty, ...]:
    return tuple(duty for duty in case.duties if duty.is_owed)


def owes_something(case: Case) -> bool:
    return any(duty.is_owed for duty in case.duties)


def may_be_extended(case: Case) -> tuple[Duty, ...]:
    """Duties of the case itself whose limit may be asked to move: a petition's. Whether the policy allows it,
    the escalator says.
    """
    if case.report.kind is not ReportKind.PETITION:
        return ()
    return tuple(duty for duty in owed(case) if duty.task is None and duty.extension is None)


def left_unreferred(case: Case) -> tuple[Duty, ...]:
    """Lapses on the organ's list, and those that a failure of ours excuses and a person may refer all the same."""
    lapsed = ((duty, duty.lapse) for duty in case.duties if case.plan_of(duty).refers)
    return tuple(
        duty
        for duty, lapse in lapsed
        if lapse is not None and not lapse.is_cleared and (lapse.awaits_the_organ or not lapse.is_pursued)
    )


def on_the_list(case: Case) -> tuple[Duty, ...]:
    """Lapses of which the organ has not said yet whether anybody answers for them."""
    return tuple(duty for duty in case.duties if duty.lapse is not None and duty.lapse.awaits_the_organ)


def is_to_judge(case: Case) -> bool:
    """An omission is suspected, and nobody has judged it yet."""
    return case.suspicion is not None and case.suspicion.is_to_judge


def awaits_a_statement(case: Case) -> bool:
    """The unit may say what it has to say: to a measure that is proposed, or to a suspicion."""
    if case.measure is not None:
        return not case.measure.stated
    return is_to_judge(case) and case.suspicion is not None and case.suspicion.statement is None


def has_a_measure(case: Case) -> bool:
    """One that the organ has decided on."""
    return case.measure is not None and case.measure.decided is not None


def awaits_approval(case: Case) -> bool:
    """A public notice lacks an approval."""
    notice = case.notice
    return notice is not None and len(notice.approvals) < notice.approvals_needed


def awaits_release_approval(case: Case) -> bool:
    """The text of a publication lacks an approval."""
    return case.release is not None and case.release.awaits_approval


def may_be_corrected(case: Case) -> bool:
    """A measure was decided, or a public notice is out."""
    return has_a_measure(case) or (case.notice is not None and case.notice.published_at is not None)


def is_named_in_public(case: Case) -> bool:
    """By a public notice that is not out yet."""
    return case.notice is not None and case.notice.published_at is None
