"""The table: kind of act → role → where, and which kind of case who may open.

Invariant: what does not stand here is refused, at intake before it is stored and by the escalator before it
is decided.
"""

from collections.abc import Mapping

from shared.acts import ACTS
from shared.acts.who import OFFICES, PEOPLE, Where, WhoMay, who
from shared.vocabulary import Kind, ReportKind, Role

EVERYONE = PEOPLE | {Role.PUBLISHER}

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
    ReportKind.ACCOUNTABILITY: frozenset({Role.DISCIPLINE}),
    ReportKind.STANDING: frozenset(),
}
"""Who may open a case of which kind by hand."""
WITNESSED = frozenset(kind for kind, roles in MAY_OPEN.items() if Role.PUBLISHER in roles)
"""What anybody may report, also of another unit: as its witness. The other kinds lay work on people, in one's
own name alone.
"""
MAY_LOG_A_CALL = frozenset({Role.DUTY_OFFICER})
"""Who may write down that somebody else was told by telephone, put that person's call off, or write down what
a unit reported by it.
"""

MAY: Mapping[Kind, WhoMay] = {
    Kind.ACKNOWLEDGED: who(OFFICES, Where.PART, {Role.REPORTER: Where.CALLED}),
    **{kind: act.who_may for kind, act in ACTS.items()},
}
"""Act → role → where."""
MAY_ASSIGN = frozenset(MAY[Kind.ASSIGNED])
"""Who may lay tasks on units, in a report or on a case."""
