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
    tasks = [("task_holder", period) for chain in matter.tasks.values() for period in chain]
    for table, period in (*(("holder", period) for period in matter.holders), *tasks):
        _count(figures, table, period, window, end)


def _count(figures: Figures, table: str, period: HolderPeriod, window: Window, end: datetime | None) -> None:
    span = within(period, window, end)
    if span is None or not window.asks_for(period.unit):
        return
    figures.add(table, period.unit, "held", period.index, span)
    if period.until is None or (end is not None and period.until > end):
        figures.add(table, period.unit, "still", period.index, span)


def within(period: HolderPeriod, window: Window, end: datetime | None) -> float | None:
    """Seconds of it that lie in the window; None where none do."""
    since = max(period.since, window.start)
    until = period.until if period.until is not None else end
    if until is None:
        return None
    until = until if window.until is None else min(until, window.until)
    return (until - since).total_seconds() if until >= since else None
