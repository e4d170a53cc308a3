"""Of what a reader may do to a case, that which means something now: only these buttons are shown.

Invariant: nothing is decided here; an act that isn't offered may still be done over the interface, and the
escalator says what it makes of it. What a duty that is owed waits for is always offered.
"""

from collections.abc import Iterator

from services.intake.board.card import SETTLED
from shared.case import Case, CaseStatus, Duty, TaskState
from shared.facts.report import CATEGORISED
from shared.ids import PersonId
from shared.vocabulary import CASE_ACTS, Kind, ReportKind

ALWAYS_OF_ENDED = frozenset({Kind.ACKNOWLEDGED, Kind.FOLLOWED_UP})
OF_STANDING = frozenset({Kind.ACKNOWLEDGED, Kind.FOLLOWED_UP, Kind.PROGRESSED})
ABOUT_DUTIES = frozenset({Kind.SNOOZED, Kind.PAUSED, Kind.REASSIGNED, Kind.ESCALATED})
NEED_THEIR_OBJECT = frozenset(
    {
        Kind.ACCEPTED,
        Kind.OBJECTED,
        Kind.IMPOSED,
        Kind.COMPLETED,
        Kind.VERIFIED,
        Kind.RETURNED,
        Kind.EXTENSION_DECIDED,
        Kind.CONFIRMED,
        Kind.REFUTED,
        Kind.NOTICE_PUBLISHED,
    }
)
"""Though a duty waits for it: without a transfer, a task, a suspicion or a notice there is nothing to do it
to.
"""
UNDER_WAY = (TaskState.ASSIGNED, TaskState.ACCEPTED)


def fitting(case: Case, can: frozenset[Kind], person: PersonId | None) -> frozenset[Kind]:
    """`person`: who reads; only who was called can say that they were not."""
    called = any(
        call.person == person and call.contested_at is None and call.answered_at is None
        for call in case.calls
    )
    return can & frozenset((*_meaningful(case), *((Kind.CONTESTED,) if called else ())))


def documents_wanted(case: Case) -> tuple[str, ...]:
    """The documents that duties still owed wait for, the next due first."""
    wanted = (name.partition(".")[2] for name in _waited_for(case) if name.startswith("filed."))
    return tuple(dict.fromkeys(wanted))


def awaited(case: Case) -> frozenset[Kind]:
    """The acts that would end a duty still owed."""
    names = {name.partition(".")[0] for name in _waited_for(case)}
    return frozenset(kind for kind in CASE_ACTS if kind.value in names)


def is_to_judge(case: Case) -> bool:
    """An omission is suspected, and nobody has judged it yet."""
    return (
        case.suspicion is not None
        and case.suspicion.suspected_at is not None
        and case.suspicion.confirmed is None
    )


def left_unreferred(case: Case) -> tuple[Duty, ...]:
    """Lapses that a failure of ours excuses, and that a person may refer all the same."""
    lapsed = ((duty, duty.lapse) for duty in case.duties if case.plan_of(duty).refers)
    return tuple(duty for duty, lapse in lapsed if lapse is not None and not lapse.is_pursued)


def may_be_extended(case: Case) -> tuple[Duty, ...]:
    """Duties of the case itself whose limit may be asked to move: a petition's. Whether the policy allows it,
    the escalator says.
    """
    if case.report.kind is not ReportKind.PETITION:
        return ()
    return tuple(
        duty for duty in case.duties if duty.is_owed and duty.task is None and duty.extension is None
    )


def _waited_for(case: Case) -> Iterator[str]:
    for duty in sorted((duty for duty in case.duties if duty.is_owed), key=lambda duty: duty.due_at):
        yield from case.plan_of(duty).discharged_by


def _meaningful(case: Case) -> Iterator[Kind]:
    yield from awaited(case) - NEED_THEIR_OBJECT
    yield from _about_the_clock(case)
    yield from _about_accountability(case)
    if case.status in SETTLED:
        yield from ALWAYS_OF_ENDED
        if case.status is CaseStatus.CLOSED:
            yield Kind.REOPENED
        return
    if case.standing is not None:
        yield from OF_STANDING
        if case.standing.watch == "roster":
            yield from (Kind.SIGNED_IN, Kind.HANDED_OVER)
        return
    if case.ending is not None:
        yield Kind.SECONDED
    yield from (
        Kind.ACKNOWLEDGED,
        Kind.FOLLOWED_UP,
        Kind.PROGRESSED,
        Kind.ASSIGNED,
        Kind.WITHDRAWN,
        Kind.MERGED,
        Kind.CLOSED,
    )
    yield Kind.RESOLVED if case.status is CaseStatus.OPEN else Kind.REOPENED
    if case.report.kind in CATEGORISED:
        yield from (Kind.REGRADED, Kind.SPLIT, Kind.PLAN_INVOKED)
    if case.report.kind in (ReportKind.INCIDENT, ReportKind.OPINION):
        yield Kind.COMMAND_TAKEN
    yield from _about_holding(case)
    yield from _about_tasks(case)


def _about_holding(case: Case) -> Iterator[Kind]:
    transfers = [one.transfer for one in (case, *case.tasks) if one.transfer is not None]
    if case.transfer is None or any(task.state in UNDER_WAY for task in case.tasks):
        yield Kind.TRANSFERRED
    if transfers:
        yield from (Kind.ACCEPTED, Kind.OBJECTED)
    if transfers or case.bounces or any(task.bounces for task in case.tasks):
        yield Kind.IMPOSED


def _about_tasks(case: Case) -> Iterator[Kind]:
    states = {task.state for task in case.tasks}
    if TaskState.ASSIGNED in states:
        yield from (Kind.ACCEPTED, Kind.OBJECTED)
    if states & set(UNDER_WAY):
        yield from (Kind.COMPLETED, Kind.EXTENSION_ASKED)
    if TaskState.COMPLETED in states:
        yield from (Kind.VERIFIED, Kind.RETURNED)
    if may_be_extended(case):
        yield Kind.EXTENSION_ASKED
    if any(
        one.extension is not None and one.extension.granted is None for one in (*case.tasks, *case.duties)
    ):
        yield Kind.EXTENSION_DECIDED
    if case.report.kind is ReportKind.CAMPAIGN or case.items:
        yield Kind.REGISTERED


def _about_the_clock(case: Case) -> Iterator[Kind]:
    owed = [duty for duty in case.duties if duty.is_owed]
    if owed:
        yield from ABOUT_DUTIES
    if any(duty.paused_at is not None for duty in owed):
        yield Kind.RESUMED


def _about_accountability(case: Case) -> Iterator[Kind]:
    measure, notice = case.measure, case.notice
    if is_to_judge(case):
        yield from (Kind.CONFIRMED, Kind.REFUTED)
    if left_unreferred(case):
        yield Kind.CONFIRMED
    if measure is not None:
        if not measure.stated:
            yield Kind.STATED
        if measure.decided is None:
            yield Kind.MEASURE_DECIDED
        else:
            yield from (Kind.REVIEW_ASKED, Kind.REVIEWED, Kind.CORRECTED)
    if case.report.kind is ReportKind.PETITION:
        yield Kind.REVIEW_ASKED
    if notice is None:
        if case.report.kind in (ReportKind.SUPERVISION_ORDER, ReportKind.ACCOUNTABILITY) or any(
            duty.lapse is not None and duty.lapse.is_pursued for duty in case.duties
        ):
            yield Kind.NOTICE_DRAFTED
    elif notice.published_at is None:
        yield Kind.NOTICE_REPLIED
        yield (
            Kind.NOTICE_APPROVED if len(notice.approvals) < notice.approvals_needed else Kind.NOTICE_PUBLISHED
        )
