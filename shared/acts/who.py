"""Who acts: the roles, and what must tie the actor to the case beside the role.

Invariant: a role alone is never enough. An act names for each role that may do it the one tie it asks for;
whether that tie holds between an actor and a case is worked out in shared.territory.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from shared.vocabulary import Role


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
    APPROVER = "approver"
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
    Where.APPROVER: "standing, or is the one who is asked to approve it now",
    Where.ACCOUNTABILITY: "the case holds somebody to account: a lapse, a suspicion, a measure, an order, a notice",
}

WhoMay = Mapping[Role, Where]
"""Role → the tie it needs. A role that does not stand there may not do it at all."""
OFFICES = frozenset({Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR})
PEOPLE = OFFICES | {Role.REPORTER}
"""Among them those of the unit that has the matter in hand: the petition office's supervisor is one of its people."""
ABOVE = frozenset({Role.LEADER, Role.SUPERVISOR})
ORGAN: WhoMay = {Role.DISCIPLINE: Where.ACCOUNTABILITY}
"""The discipline organ, of what holds somebody to account."""


def who(roles: Iterable[Role], where: Where, more: WhoMay | None = None) -> WhoMay:
    """All of these roles by one tie, and what stands in `more`."""
    return {**dict.fromkeys(sorted(roles), where), **(more or {})}
