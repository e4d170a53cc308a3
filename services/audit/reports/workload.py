"""How much was laid on whom, week by week: duties and calls by person. Pure.

Invariant: what counts is what was decided in the window: each duty that was opened, done or lapsed under the
name of whoever had to move then, and each message that rang somebody. Weeks are those of ISO 8601, by the
office's zone.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from services.audit.reports.figures import SEPARATOR, Figures
from services.audit.reports.matters import ReportedCase
from services.audit.reports.reading import ReportedFact
from services.audit.reports.views import Answer, Traced
from services.audit.reports.window import Window
from shared.facts import EffectKind

_TABLE = "workload"
_COLUMNS: dict[str, str] = {
    EffectKind.OPENED: "duties",
    EffectKind.DISCHARGED: "done",
    EffectKind.LAPSED: "lapsed",
}
COUNTED = (*_COLUMNS.values(), "calls")


class WorkloadLine(Traced):
    week: str
    """`2026-W41`."""
    person: str
    duties: int
    """Opened in that week."""
    done: int
    """In time or late, whenever opened."""
    lapsed: int
    calls: int
    """Messages that were sent to the person; those that were held rang nobody."""


class Workload(Answer):
    weeks: tuple[WorkloadLine, ...]
    """A line for each person and week, in the order of the weeks; the most duties and calls first."""


def count_workload(
    figures: Figures, matter: ReportedCase, fact: ReportedFact, window: Window, zone: tzinfo
) -> None:
    """What a decision of the window lays on people, and whom it calls; asked before its messages are told."""
    week = f"{fact.at.astimezone(zone):%G-W%V}"
    for effect in fact.data.effects:
        column = _COLUMNS.get(effect.kind)
        if column and effect.duty and effect.person and window.asks_for(effect.unit or matter.unit):
            figures.add(_TABLE, week + SEPARATOR + effect.person, column, fact.index)
    for notice in fact.data.parts("notices"):
        person = notice.text("person")
        is_told = notice.text("id") in matter.notices or not notice.texts("channels")
        if person and not is_told and window.asks_for(matter.unit):
            figures.add(_TABLE, week + SEPARATOR + person, "calls", fact.index)


def workload(
    figures: Figures, traced: Callable[[str, str, tuple[str, ...]], dict[str, Any]]
) -> tuple[WorkloadLine, ...]:
    lines: list[WorkloadLine] = []
    for row in figures.rows(_TABLE):
        week, _, person = row.partition(SEPARATOR)
        counts: dict[str, Any] = {column: figures.count(_TABLE, row, column) for column in COUNTED}
        lines.append(WorkloadLine(week=week, person=person, **traced(_TABLE, row, COUNTED), **counts))
    return tuple(sorted(lines, key=lambda line: (line.week, -line.duties - line.calls, line.person)))
