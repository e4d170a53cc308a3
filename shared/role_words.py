"""What each role is called. It stands alone, so that whoever refuses somebody can say for whom it is."""

from collections.abc import Iterable

from shared.message import N_, Marked, Said, listed, marked
from shared.vocabulary import Role

ROLES: dict[Role, Marked] = {
    Role.REPORTER: N_("reporter"),
    Role.DUTY_OFFICER: N_("duty officer"),
    Role.LEADER: N_("leader"),
    Role.SUPERVISOR: N_("supervisor"),
    Role.DISCIPLINE: N_("discipline organ"),
    Role.AUDITOR: N_("auditor"),
    Role.OPERATOR: N_("operator"),
    Role.PUBLISHER: N_("publisher"),
    Role.REDACTOR: N_("redactor"),
}


def role_said(role: Role) -> Said:
    return marked(ROLES[role])


def roles_said(roles: Iterable[Role]) -> Said:
    """In the order of the vocabulary, which is that of the house."""
    asked = frozenset(roles)
    return listed(role_said(role) for role in Role if role in asked)
