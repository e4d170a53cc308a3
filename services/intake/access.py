"""Who may do what: one table, and the two rules that go beyond the role.

Invariant: what is not in the table is refused. A reporter whose token names a unit speaks for that unit alone; a system may
act only on what it reported itself.
"""

from services.intake.acts_table import ACTS
from services.intake.card import Card
from shared.case import Case, Task
from shared.facts import ReportForm
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import CASE_ACTS, Kind, ReportKind, Role

_REPORTER, _OFFICER, _LEADER, _SUPERVISOR, _DISCIPLINE, _PUBLISHER = (
    Role.REPORTER,
    Role.DUTY_OFFICER,
    Role.LEADER,
    Role.SUPERVISOR,
    Role.DISCIPLINE,
    Role.PUBLISHER,
)
_OFFICES = frozenset({_OFFICER, _LEADER, _SUPERVISOR})
_EVERYONE = _OFFICES | {_REPORTER, _PUBLISHER}
MAY_OPEN: dict[ReportKind, frozenset[Role]] = {
    ReportKind.INCIDENT: _EVERYONE,
    ReportKind.OPINION: _EVERYONE,
    ReportKind.DISPUTE: _EVERYONE,
    ReportKind.HAZARD: _EVERYONE,
    ReportKind.PETITION: _EVERYONE,
    ReportKind.COMPLAINT: _EVERYONE,
    ReportKind.TASK: _OFFICES,
    ReportKind.CAMPAIGN: _OFFICES,
    ReportKind.SUPERVISION_ORDER: _OFFICES,
    ReportKind.PUBLICATION: _OFFICES,
    ReportKind.VISIT: _OFFICES,
    # Raised by the system from a lapse; by hand only by the organ that decides on it.
    ReportKind.ACCOUNTABILITY: frozenset({_DISCIPLINE}),
    ReportKind.STANDING: frozenset(),
}
"""Who may open a case of which kind by hand."""
MAY: dict[Kind, frozenset[Role]] = {
    Kind.REPORTED: frozenset[Role]().union(*MAY_OPEN.values()),
    Kind.ACKNOWLEDGED: _OFFICES | {_REPORTER},
    **{kind: act.roles for kind, act in ACTS.items()},
}
THE_ORGANS_ALONE = frozenset({Kind.REVIEWED, Kind.CORRECTED})
"""In an accountability case for the discipline organ alone; a petition's review is for the unit above."""
FOR_WHO_WAS_CALLED = frozenset({Kind.ACKNOWLEDGED, Kind.SNOOZED})
"""A reporter says so only where they themselves were called: the head of a unit whom a duty fell to."""
MAY_LOG_A_CALL = frozenset({_OFFICER})
"""Who may write down that somebody else was told by telephone."""
MAY_LOOK = frozenset({_REPORTER, _OFFICER, _LEADER, _SUPERVISOR, _DISCIPLINE, Role.AUDITOR, Role.OPERATOR})


def forbidden(detail: str) -> Problem:
    return Problem(403, "Forbidden", detail)


def _in_role(principal: Principal, kind: Kind) -> None:
    if principal.role not in MAY[kind]:
        raise forbidden(f"Your role is {principal.role}; `{kind}` needs one of: {', '.join(sorted(MAY[kind]))}.")


def may_report(principal: Principal, form: ReportForm) -> None:
    _in_role(principal, Kind.REPORTED)
    allowed = MAY_OPEN[form.kind]
    if principal.role not in allowed:
        who = f"it is opened by: {', '.join(sorted(allowed))}" if allowed else "it is opened by the system alone, never by hand"
        raise forbidden(f"Your role is {principal.role}; a case of kind {form.kind} is not yours to open: {who}.")
    if principal.role is Role.REPORTER and principal.unit and form.unit != principal.unit:
        raise forbidden(f"Your token reports for {principal.unit}, not for {form.unit}: have that unit report, or the duty officer.")


def may_act(principal: Principal, kind: Kind, card: Card) -> None:
    _in_role(principal, kind)
    if kind in THE_ORGANS_ALONE and card.kind is ReportKind.ACCOUNTABILITY and principal.role is not _DISCIPLINE:
        raise forbidden("In an accountability case this is for the discipline organ alone: ask for a review instead.")
    if principal.role is not Role.REPORTER:
        return
    if kind in FOR_WHO_WAS_CALLED:
        if not _was_called(principal, card):
            raise forbidden("Nobody called you about this case, so that there is nothing of yours to acknowledge or to put off.")
    elif principal.unit and not card.concerns(principal.unit):
        raise forbidden(f"Your unit {principal.unit} has no part in this case: ask {card.holder}, or the duty officer.")


def _was_called(principal: Principal, card: Card) -> bool:
    """Now or earlier: who answers twice is no stranger."""
    who = principal.person
    if who is None:
        return False
    return who in card.people or any(who == duty.bearer or any(who == lit.person for lit in duty.lit) for duty in card.whole.duties)


def may_act_on(principal: Principal, kind: Kind, task: Task) -> None:
    """A reporter acts on the tasks of their own unit, and decides on those it assigned."""
    if principal.role is not Role.REPORTER or not principal.unit:
        return
    if ACTS[kind].by_assigner:
        if principal.unit != task.assigner:
            raise forbidden(f"Task {task.id} was assigned by {task.assigner}, not by your unit {principal.unit}: it is for them to decide.")
    elif principal.unit not in (task.unit, task.transfer.to_unit if task.transfer else None):
        raise forbidden(f"Task {task.id} is with {task.unit}, not with your unit {principal.unit}.")


def tasks_for(principal: Principal, kind: Kind, case: Case) -> tuple[Task, ...]:
    """The case's tasks that the principal may do this to, as far as the unit decides it."""

    def is_theirs(task: Task) -> bool:
        try:
            may_act_on(principal, kind, task)
        except Problem:
            return False
        return True

    return tuple(task for task in case.tasks if is_theirs(task))


def may_look(principal: Principal, card: Card) -> bool:
    return principal.role is not Role.REPORTER or principal.unit is None or card.concerns(principal.unit) or principal.person in card.people


def allowed(principal: Principal, card: Card) -> frozenset[Kind]:
    """Every act this principal may do to this case."""
    if not may_look(principal, card):
        return frozenset()
    barred = frozenset[Kind]()
    if card.kind is ReportKind.ACCOUNTABILITY and principal.role is not _DISCIPLINE:
        barred |= THE_ORGANS_ALONE
    if principal.role is Role.REPORTER and principal.person not in card.people:
        barred |= FOR_WHO_WAS_CALLED
    return frozenset(kind for kind in (Kind.ACKNOWLEDGED, *CASE_ACTS) if principal.role in MAY[kind] and kind not in barred)
