"""What is asked of a report: a window of the trail, and for some what in it."""

from dataclasses import dataclass

from services.audit.reports.window import Window


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    window: Window
    records: bool = False
    """Each figure with the records it was counted from."""
    form: str | None = None
    kind: str | None = None
    """Of the case."""
    topic: str | None = None
    area: str | None = None
    """That area, and all within it."""
