"""What `shared.territory` says, as answers over HTTP: who is let in, and in what words somebody is refused.

Invariant: nothing is decided here. Whoever may look sees a case whole; a reporter sees those in which their
unit has a part.
"""

from datetime import datetime

from services.intake.board.card import Card
from shared import territory
from shared.case import Case
from shared.directory import Directory
from shared.facts import Acknowledgement, Name, Reason, Report, ReportForm
from shared.ids import DutyId, PersonId, TaskId
from shared.language.reasons import in_words
from shared.message import N_, Said, Sayable, listed
from shared.problems import Problem
from shared.territory import MAY, MAY_OPEN, Refusal
from shared.tokens import Principal
from shared.vocabulary import Kind, Role

MAY_REPORT = frozenset[Role]().union(*MAY_OPEN.values())
MAY_LOOK = frozenset(
    {
        Role.REPORTER,
        Role.DUTY_OFFICER,
        Role.LEADER,
        Role.SUPERVISOR,
        Role.DISCIPLINE,
        Role.AUDITOR,
        Role.OPERATOR,
    },
)


def in_both(words: Name) -> Said:
    """As a message: in English, and in Chinese for whoever reads Chinese."""
    return listed([words])


def forbidden(detail: Sayable) -> Problem:
    return Problem(403, N_("Forbidden"), detail)


def refused(refusal: Refusal, directory: Directory) -> Problem:
    """403 that says what is missing and who has it, in both languages."""
    words = in_words(refusal, directory)
    return Problem(403, N_("Forbidden"), in_both(words), why=refusal.why, zh=words.zh)


def check_role(principal: Principal, kind: Kind, directory: Directory) -> None:
    if principal.role not in MAY[kind]:
        raise refused(Refusal(Reason.ROLE_MAY_NOT, roles=tuple(sorted(MAY[kind]))), directory)


def check_act(
    principal: Principal,
    kind: Kind,
    case: Case,
    directory: Directory,
    at: datetime,
    *,
    task: TaskId | None = None,
    duty: DutyId | None = None,
    person: PersonId | None = None,
) -> None:
    """Raises Problem 403."""
    refusal = territory.may(principal.actor(), kind, case, directory, at, task=task, duty=duty, person=person)
    if refusal is not None:
        raise refused(refusal, directory)


def check_acknowledgement(
    acknowledgement: Acknowledgement, case: Case, directory: Directory, at: datetime
) -> None:
    """Raises Problem 403."""
    refusal = territory.may_acknowledge(acknowledgement, case, directory, at)
    if refusal is not None:
        raise refused(refusal, directory)


def check_report(principal: Principal, form: ReportForm, directory: Directory) -> None:
    """Raises Problem 403 that names each field at fault."""
    faults = list(territory.report_faults(principal.actor(), form, directory))
    if faults:
        words = in_words(faults[0][1], directory)
        named = [(field, in_both(in_words(refusal, directory))) for field, refusal in faults]
        raise Problem(403, N_("Forbidden"), in_both(words), errors=named, why=faults[0][1].why, zh=words.zh)


def may_look(principal: Principal, card: Card) -> bool:
    return (
        principal.role is not Role.REPORTER
        or principal.unit is None
        or card.concerns(principal.unit)
        or principal.person in card.people
    )


def may_look_at_report(principal: Principal, report: Report) -> bool:
    """The same of a report that is no case yet."""
    if principal.role is not Role.REPORTER or principal.unit is None:
        return True
    handed_in_by = report.by.unit if report.by is not None else None
    return principal.unit in (report.unit, handed_in_by) or principal.person == (report.person or "")
