"""A complaint as a figure: its topic, where it is, and the day it came in. Pure.

Invariant: each complaint of the window counts once; its row has the whole path to its area, so that every county adds
up what lies within it.
"""

from collections.abc import Callable, Iterable
from datetime import tzinfo

from services.audit.reports.figures import NONE, Figures
from services.audit.reports.matters import ReportedCase
from services.audit.reports.reading import ReportedFact
from shared.vocabulary import ReportKind

TABLE, COLUMN = "complaint", "complaints"
WITHIN = ">"
"""Behind each area of a path from the top: no path begins as another does that is not within it."""
AreaPath = Callable[[str], tuple[str, ...]]
"""From an area upwards."""


def count_complaint(
    figures: Figures, matter: ReportedCase, fact: ReportedFact, zone: tzinfo, area_path: AreaPath
) -> None:
    """A report of the window."""
    if matter.kind == ReportKind.COMPLAINT:
        day = fact.at.astimezone(zone).date().isoformat()
        figures.add(TABLE, _row(matter.topic, area_path(matter.area or NONE), day), COLUMN, fact.index)


def _row(topic: str | None, path: Iterable[str], day: str) -> str:
    return f"{topic or NONE}:{from_the_top(path)}:{day}"


def from_the_top(path: Iterable[str]) -> str:
    """`path`: from an area upwards."""
    return "".join(area + WITHIN for area in reversed(tuple(path)))
