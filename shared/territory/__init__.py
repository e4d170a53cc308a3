"""Who may do what to which case.

Invariant: a role alone is never enough: the case, the task or the call must lie with the actor's unit or
under it. A unit that the directory marks `whole_city` (the emergency office, the Two Offices) has every case
of the city, and still speaks in no other unit's name. Intake asks here before it stores, the escalator before
it decides; docs/roles.md prints the same table.
"""

from datetime import datetime

from shared.acts.who import Where
from shared.case import Case
from shared.directory import Directory
from shared.facts import BY_REPLY, Acknowledgement, Actor, Reason, Via
from shared.ids import DutyId, PersonId, TaskId
from shared.territory.claim import Claim
from shared.territory.reach import has_whole_city, speaks_for, unit_of
from shared.territory.refusal import Refusal
from shared.territory.reports import is_witness, may_assign, report_faults, reporter_of
from shared.territory.reserved import reserved
from shared.territory.table import MAY, MAY_ASSIGN, MAY_LOG_A_CALL, MAY_OPEN, WITNESSED
from shared.vocabulary import Kind

__all__ = [
    "MAY",
    "MAY_ASSIGN",
    "MAY_LOG_A_CALL",
    "MAY_OPEN",
    "WITNESSED",
    "Claim",
    "Refusal",
    "allowed",
    "has_whole_city",
    "is_witness",
    "may",
    "may_acknowledge",
    "may_assign",
    "report_faults",
    "reporter_of",
    "speaks_for",
    "unit_of",
]


def may(
    actor: Actor,
    kind: Kind,
    case: Case,
    directory: Directory,
    at: datetime,
    *,
    task: TaskId | None = None,
    duty: DutyId | None = None,
    person: PersonId | None = None,
) -> Refusal | None:
    """None where `actor` may do `kind` to the case at `at`. `person`: whose call it is, where that is
    somebody else's.

    A task or duty that the case does not have is for the act itself to refuse.
    """
    where = MAY[kind].get(actor.role)
    if where is None:
        return Refusal(Reason.ROLE_MAY_NOT, roles=tuple(sorted(MAY[kind])))
    claim = Claim(actor, case, directory, at, task, duty)
    if where is Where.CALLED and person is not None and person != actor.who:
        return Refusal(Reason.FOR_THEMSELF_ALONE) if kind is Kind.CONTESTED else claim.for_another()
    if not claim.holds(where):
        return claim.refusal(where)
    return reserved(actor, kind, case, directory, at)


def may_acknowledge(
    acknowledgement: Acknowledgement, case: Case, directory: Directory, at: datetime
) -> Refusal | None:
    """For oneself, whoever was told of it: the link of a message proves that. For somebody else, as the duty
    officer who rang them.
    """
    actor = acknowledgement.by
    if acknowledgement.person != actor.who:
        return Claim(actor, case, directory, at).for_another()
    is_bound = acknowledgement.via is Via.LINK or acknowledgement.via in BY_REPLY
    return None if is_bound else may(actor, Kind.ACKNOWLEDGED, case, directory, at)


def allowed(actor: Actor, case: Case, directory: Directory, at: datetime) -> frozenset[Kind]:
    """Every act the actor may do to the case, to one of its tasks, or for a person who was called."""
    claim = Claim(actor, case, directory, at, whatever=True)
    ties = {where for where in Where if claim.holds(where)}
    logs_calls = actor.role in MAY_LOG_A_CALL and Where.STANDING in ties
    kinds = {
        kind
        for kind, roles in MAY.items()
        if roles.get(actor.role) in ties and reserved(actor, kind, case, directory, at) is None
    }
    return frozenset(kinds | {Kind.ACKNOWLEDGED, Kind.SNOOZED} if logs_calls else kinds)
