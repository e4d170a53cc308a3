"""Who held a matter how long: the chain of holders of each matter, and of each of its tasks. Pure.

Invariant: a matter has one holder at a time; what is counted for a unit is the part that lies in the window,
so that the times of all units add up to the time the matters were open.
"""

from datetime import datetime

from services.audit.reports.figures import Figures
from services.audit.reports.matters import HolderPeriod, ReportedCase
from services.audit.reports.window import Window


def count_holding(figures: Figures, matter: ReportedCase, window: Window, end: datetime | None) -> None:
    """`end`: the end of the window, for what is held still."""
    if matter.is_standing:
        return
    for held in matter.held:
        _count(figures, "holder", held, window, end)
    for chain in matter.tasks.values():
        for held in chain:
            _count(figures, "task_holder", held, window, end)


def _count(figures: Figures, table: str, held: HolderPeriod, window: Window, end: datetime | None) -> None:
    span = within(held, window, end)
    if span is None or not window.asks_for(held.unit):
        return
    figures.add(table, held.unit, "held", held.index, span)
    if held.until is None or (end is not None and held.until > end):
        figures.add(table, held.unit, "still", held.index, span)


def within(held: HolderPeriod, window: Window, end: datetime | None) -> float | None:
    """Seconds of it that lie in the window; None where none do."""
    since = max(held.since, window.start)
    until = held.until if held.until is not None else end
    if until is None:
        return None
    until = until if window.until is None else min(until, window.until)
    return (until - since).total_seconds() if until >= since else None
