"""Who may report what for which unit, and on whom a report may lay tasks.

Invariant: an emergency may be reported by anybody, of any unit: who reports for another is its witness, and
no lapse of that unit follows from what a witness says of when it learned. Whatever lays work or blame on
people is opened in one's own name, by a role that may.
"""

from collections.abc import Iterator

from shared.directory import Directory, Source
from shared.facts import Actor, Reason, Report
from shared.facts.report import Reported
from shared.ids import SourceId, UnitId
from shared.territory.reach import has_whole_city, speaks_for, unit_of
from shared.territory.refusal import Refusal
from shared.territory.table import MAY_ASSIGN, MAY_LOG_A_CALL, MAY_OPEN, WITNESSED
from shared.vocabulary import ReportKind, Role

SOURCE = "source:"
"""How the principal of a system begins; its id in the directory follows."""


def report_faults(by: Actor, form: Reported, directory: Directory) -> Iterator[tuple[str, Refusal]]:
    """(field, why it may not stand there), of a report that `by` hands in."""
    roles = MAY_OPEN[form.kind]
    if by.role not in roles:
        yield "kind", Refusal(Reason.MAY_NOT_OPEN_THAT_KIND, roles=tuple(sorted(roles)))
        return
    if by.role is Role.PUBLISHER and not _is_declared_for(by, form.unit, directory):
        yield "unit", Refusal(Reason.NOT_DECLARED_TO_REPORT_FOR_IT, unit=form.unit)
    own_name = speaks_for(directory, unit_of(by, directory), form.unit)
    whole_city = has_whole_city(directory, unit_of(by, directory))
    if not (own_name or whole_city or form.kind in WITNESSED or form.kind is ReportKind.ACCOUNTABILITY):
        yield "unit", Refusal(Reason.NOT_IN_ANOTHER_UNITS_NAME, unit=unit_of(by, directory))
    if form.by_telephone and not (by.role in MAY_LOG_A_CALL and (whole_city or own_name)):
        yield "by_telephone", Refusal(Reason.NO_STANDING, roles=tuple(sorted(MAY_LOG_A_CALL)))
    for place, task in enumerate(form.tasks):
        for unit in (task.unit, *task.units):
            if unit is not None and not may_assign(by, unit, directory):
                yield (
                    f"tasks.{place}.unit",
                    Refusal(
                        Reason.MAY_NOT_ASSIGN_TO_THAT_UNIT,
                        roles=tuple(sorted(MAY_ASSIGN)),
                        unit=_superior_of(unit, directory),
                    ),
                )


def _source(principal: str, directory: Directory) -> Source | None:
    return (
        directory.sources_by_id.get(SourceId(principal.removeprefix(SOURCE)))
        if principal.startswith(SOURCE)
        else None
    )


def _is_declared_for(by: Actor, unit: UnitId, directory: Directory) -> bool:
    """A system reports for its own unit, and for those it is declared to report for (`also_for`)."""
    source = _source(by.principal, directory)
    return source is not None and unit in source.reports_for


def may_assign(by: Actor, unit: UnitId, directory: Directory) -> bool:
    """Whether the actor may lay a task on `unit` by a report of its own: a unit under theirs, or in the area
    they are competent in.
    """
    own = unit_of(by, directory)
    if by.role not in MAY_ASSIGN or own is None:
        return False
    if speaks_for(directory, own, unit) or has_whole_city(directory, own):
        return True
    giver, taker = directory.units_by_id.get(own), directory.units_by_id.get(unit)
    if giver is None or taker is None or directory.is_above(unit, own):
        return False
    return any(directory.in_area(taker.area, field.area or giver.area) for field in giver.competence)


def _superior_of(unit: UnitId, directory: Directory) -> UnitId | None:
    """Who may lay a task on the unit at any time."""
    return next(iter(directory.superiors.get(unit, ())), None)


def reporter_of(report: Report, directory: Directory) -> Actor | None:
    """Who handed it in; of a report of before what its principal says; None where that says nothing."""
    if report.by is not None:
        return report.by
    if not report.reported_by.startswith(SOURCE):
        return None
    source = _source(report.reported_by, directory)
    return Actor(principal=report.reported_by, role=Role.PUBLISHER, unit=source.unit if source else None)


def is_witness(report: Report, directory: Directory) -> bool:
    """Whether who reports speaks neither for the unit nor for one above it, nor writes down what the unit
    itself said by telephone.

    What is split off is no report of anybody: it goes on from the one it was part of.
    """
    by = reporter_of(report, directory)
    if by is None or report.by_telephone or report.starts_at is not None or report.kind not in WITNESSED:
        return False
    return not (
        speaks_for(directory, unit_of(by, directory), report.unit)
        or _is_declared_for(by, report.unit, directory)
    )
