"""Who may do what: one table, and the two rules that go beyond the role.

Invariant: what is not in the table is refused. A reporter whose token names a unit speaks for that unit alone; a system may
act only on what it reported itself.
"""

from services.intake.board import Card
from shared.facts import ReportForm
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import CASE_ACTS, Kind, Role

_REPORTER, _OFFICER, _LEADER, _SUPERVISOR, _PUBLISHER = (
    Role.REPORTER,
    Role.DUTY_OFFICER,
    Role.LEADER,
    Role.SUPERVISOR,
    Role.PUBLISHER,
)

MAY: dict[Kind, frozenset[Role]] = {
    Kind.REPORTED: frozenset({_REPORTER, _OFFICER, _LEADER, _SUPERVISOR, _PUBLISHER}),
    Kind.ACKNOWLEDGED: frozenset({_OFFICER, _LEADER, _SUPERVISOR}),
    Kind.FOLLOWED_UP: frozenset({_REPORTER, _OFFICER, _LEADER, _SUPERVISOR}),
    Kind.TRANSFERRED: frozenset({_REPORTER, _OFFICER, _LEADER}),
    Kind.ACCEPTED: frozenset({_REPORTER, _OFFICER, _LEADER}),
    Kind.OBJECTED: frozenset({_REPORTER, _OFFICER, _LEADER}),
    Kind.PROGRESSED: frozenset({_REPORTER, _OFFICER, _LEADER, _SUPERVISOR}),
    Kind.RESOLVED: frozenset({_REPORTER, _OFFICER, _LEADER}),
    Kind.CLOSED: frozenset({_OFFICER, _LEADER, _SUPERVISOR}),
    Kind.WITHDRAWN: frozenset({_REPORTER, _OFFICER, _SUPERVISOR}),
    Kind.MERGED: frozenset({_OFFICER, _SUPERVISOR}),
}
MAY_LOG_A_CALL = frozenset({_OFFICER})
"""Who may write down that somebody else was told by telephone."""
MAY_LOOK = frozenset({_REPORTER, _OFFICER, _LEADER, _SUPERVISOR, Role.DISCIPLINE, Role.AUDITOR, Role.OPERATOR})


def forbidden(detail: str) -> Problem:
    return Problem(403, "Forbidden", detail)


def _in_role(principal: Principal, kind: Kind) -> None:
    if principal.role not in MAY[kind]:
        raise forbidden(f"Your role is {principal.role}; `{kind}` needs one of: {', '.join(sorted(MAY[kind]))}.")


def may_report(principal: Principal, form: ReportForm) -> None:
    _in_role(principal, Kind.REPORTED)
    if principal.role is Role.REPORTER and principal.unit and form.unit != principal.unit:
        raise forbidden(f"Your token reports for {principal.unit}, not for {form.unit}: have that unit report, or the duty officer.")


def may_act(principal: Principal, kind: Kind, card: Card) -> None:
    _in_role(principal, kind)
    if principal.role is Role.REPORTER and principal.unit and not card.concerns(principal.unit):
        raise forbidden(f"Your unit {principal.unit} neither reported this case nor holds it: ask {card.holder}, or the duty officer.")


def may_look(principal: Principal, card: Card) -> bool:
    return principal.role is not Role.REPORTER or principal.unit is None or card.concerns(principal.unit)


def allowed(principal: Principal, card: Card) -> frozenset[Kind]:
    """Every act this principal may do to this case."""
    if principal.role is Role.REPORTER and not may_look(principal, card):
        return frozenset()
    return frozenset(kind for kind in (Kind.ACKNOWLEDGED, *CASE_ACTS) if principal.role in MAY[kind])
