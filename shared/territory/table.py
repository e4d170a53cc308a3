"""The table: kind of act → role → where, and which kind of case who may open.

Invariant: what does not stand here is refused, at intake before it is stored and by the escalator before it
is decided.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from shared.vocabulary import Kind, ReportKind, Role


class Where(StrEnum):
    """What ties the actor to the case, beside the role; what each means stands in `MEANING`."""

    STANDING = "standing"
    PART = "part"
    REPORTED = "reported"
    OWN_REPORT = "own_report"
    HOLDER = "holder"
    ASKED = "asked"
    SUPERIOR = "superior"
    TASK = "task"
    ASSIGNER = "assigner"
    OWES = "owes"
    CALLED = "called"
    UNIT = "unit"
    NAMED = "named"
    WATCH = "watch"
    JUDGE = "judge"
    REVIEWER = "reviewer"
    COMPETENT = "competent"
    ACCOUNTABILITY = "accountability"


MEANING: Mapping[Where, str] = {
    Where.STANDING: "the case's unit, holder or area, or the recipient of what it owes, lies with the actor's unit or under it; "
    "or the actor has the whole city",
    Where.PART: "standing, or a part in it: owes something, holds or assigned a task, was asked, called, suspected, named; or reported it",
    Where.REPORTED: "standing, or the actor handed in the report",
    Where.OWN_REPORT: "the actor handed in the report",
    Where.HOLDER: "holds the case or the task, or is owed what the case owes, or has the whole city",
    Where.ASKED: "was offered the transfer, or was assigned the task",
    Where.SUPERIOR: "stands above who holds it, or was asked to say who leads",
    Where.TASK: "holds the task, or owns it",
    Where.ASSIGNER: "assigned the task; of a case's own duty, the unit that reported",
    Where.OWES: "owes the duty, or holds the task",
    Where.CALLED: "was called about it",
    Where.UNIT: "is the unit that the case is about",
    Where.NAMED: "is the unit that the public notice names",
    Where.WATCH: "has the roster, or is on it",
    Where.JUDGE: "stands above the unit suspected, or has the whole city",
    Where.REVIEWER: "of a petition: stands above who handled it, or is owed its duties; of accountability nobody",
    Where.COMPETENT: "stands above who holds it, or has the whole city",
    Where.ACCOUNTABILITY: "the case holds somebody to account: a lapse, a suspicion, a measure, an order, a notice",
}
R, O, L, S, D, P = (  # noqa: E741 - columns
    Role.REPORTER,
    Role.DUTY_OFFICER,
    Role.LEADER,
    Role.SUPERVISOR,
    Role.DISCIPLINE,
    Role.PUBLISHER,
)
OFFICES = frozenset({O, L, S})
PEOPLE = OFFICES | {R}
EVERYONE = PEOPLE | {P}

MAY_OPEN: Mapping[ReportKind, frozenset[Role]] = {
    ReportKind.INCIDENT: EVERYONE,
    ReportKind.OPINION: EVERYONE,
    ReportKind.DISPUTE: EVERYONE,
    ReportKind.HAZARD: EVERYONE,
    ReportKind.PETITION: EVERYONE,
    ReportKind.COMPLAINT: EVERYONE,
    ReportKind.TASK: OFFICES,
    ReportKind.CAMPAIGN: OFFICES,
    ReportKind.SUPERVISION_ORDER: OFFICES,
    ReportKind.PUBLICATION: OFFICES,
    ReportKind.VISIT: OFFICES,
    # Raised by the system from a lapse; by hand only by the organ that decides on it.
    ReportKind.ACCOUNTABILITY: frozenset({D}),
    ReportKind.STANDING: frozenset(),
}
"""Who may open a case of which kind by hand."""
WITNESSED = frozenset(kind for kind, roles in MAY_OPEN.items() if P in roles)
"""What anybody may report, also of another unit: as its witness. The other kinds lay work on people, in one's
own name alone.
"""
MAY_ASSIGN = OFFICES
"""Who may lay tasks on units, in a report or on a case."""
MAY_LOG_A_CALL = frozenset({O})
"""Who may write down that somebody else was told by telephone, put that person's call off, or write down what
a unit reported by it.
"""


def _all(roles: Iterable[Role], where: Where) -> dict[Role, Where]:
    return dict.fromkeys(roles, where)


_ORGAN = {D: Where.ACCOUNTABILITY}
MAY: Mapping[Kind, Mapping[Role, Where]] = {
    Kind.ACKNOWLEDGED: _all((O, L, S), Where.PART) | {R: Where.CALLED},
    Kind.FOLLOWED_UP: _all(PEOPLE, Where.PART) | _ORGAN | {P: Where.OWN_REPORT},
    Kind.FILED: _all(PEOPLE, Where.PART) | _ORGAN,
    Kind.PROGRESSED: _all(PEOPLE, Where.PART),
    Kind.REGRADED: _all(OFFICES, Where.STANDING),
    Kind.WITHDRAWN: _all((R, O, S), Where.REPORTED) | {P: Where.OWN_REPORT},
    Kind.MERGED: _all(OFFICES, Where.STANDING),
    Kind.SPLIT: _all(OFFICES, Where.STANDING),
    Kind.SECONDED: _all(OFFICES, Where.COMPETENT),
    Kind.CONTESTED: _all(PEOPLE, Where.CALLED),
    Kind.TRANSFERRED: _all((R, O, L), Where.HOLDER),
    Kind.ACCEPTED: _all((R, O, L), Where.ASKED),
    Kind.OBJECTED: _all((R, O, L), Where.ASKED),
    Kind.IMPOSED: _all((L, S), Where.SUPERIOR),
    Kind.PLAN_INVOKED: _all(OFFICES, Where.STANDING),
    Kind.COMMAND_TAKEN: _all(OFFICES, Where.STANDING),
    Kind.SIGNED_IN: _all((R, O, L), Where.WATCH),
    Kind.HANDED_OVER: _all((R, O, L), Where.WATCH),
    Kind.RESOLVED: _all((R, O, L), Where.STANDING),
    Kind.CLOSED: _all(OFFICES, Where.STANDING),
    Kind.REOPENED: _all(OFFICES, Where.STANDING),
    Kind.ASSIGNED: _all(MAY_ASSIGN, Where.STANDING),
    Kind.COMPLETED: _all(PEOPLE, Where.TASK),
    Kind.VERIFIED: _all(PEOPLE, Where.ASSIGNER),
    Kind.RETURNED: _all(PEOPLE, Where.ASSIGNER),
    Kind.EXTENSION_ASKED: _all((R, O, L), Where.OWES),
    Kind.EXTENSION_DECIDED: _all(PEOPLE, Where.ASSIGNER),
    Kind.REGISTERED: _all(PEOPLE, Where.PART),
    Kind.SNOOZED: _all(PEOPLE, Where.CALLED),
    Kind.PAUSED: _all((L, S), Where.STANDING),
    Kind.RESUMED: _all((L, S), Where.STANDING),
    Kind.REASSIGNED: _all(OFFICES, Where.STANDING),
    Kind.ESCALATED: _all(OFFICES, Where.STANDING),
    Kind.CONFIRMED: {S: Where.JUDGE} | _ORGAN,
    Kind.REFUTED: {S: Where.JUDGE} | _ORGAN,
    Kind.STATED: _all(PEOPLE, Where.UNIT),
    Kind.MEASURE_DECIDED: _ORGAN,
    Kind.REVIEW_ASKED: _all(PEOPLE, Where.PART),
    Kind.REVIEWED: _all(PEOPLE, Where.REVIEWER) | _ORGAN,
    Kind.CORRECTED: _ORGAN,
    Kind.NOTICE_DRAFTED: {S: Where.STANDING} | _ORGAN,
    Kind.NOTICE_APPROVED: {L: Where.STANDING} | _ORGAN,
    Kind.NOTICE_REPLIED: _all(PEOPLE, Where.NAMED),
    Kind.NOTICE_PUBLISHED: {S: Where.STANDING} | _ORGAN,
}
"""Act → role → where. A role that does not stand there may not do it at all."""
