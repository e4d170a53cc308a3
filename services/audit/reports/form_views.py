"""What the report over forms answers: rows, totals, a map, series, and what is still owed.

Invariant: a value stands as it was filled in, under the name of its field; `declared` has the words and measures.
Every line names the records it was made of.
"""

from typing import Annotated, Any

from pydantic import Field

from services.audit.reports.views import Answer, Traced
from shared.facts import Frozen, Instant, Name
from shared.forms import DeclaredForm

FieldValue = str | bool | float | None


class FormCount(Frozen):
    """A form, and how often it was filled in."""

    form: str
    title: Name
    blocks: int


class FormRow(Frozen):
    """One case, document or thing that a form was filled in for, as it stands at the window's end."""

    index: int
    """The record of the last block."""
    case: str
    at: Instant
    unit: str | None
    """Whose people filled it in last."""
    kind: str | None
    topic: str | None
    area: str | None
    """Of the case."""
    values: dict[str, Any]
    missing: tuple[str, ...] = ()
    """What is lacking before it counts as complete."""
    blocks: int = 1
    """How often it was filled in."""
    records: tuple[int, ...] = ()


class FormSum(Frozen):
    """One number of a form over several rows."""

    field: str
    count: int
    total: float | None
    """None where a sum means nothing."""
    least: float
    most: float
    mean: float


class FormTotal(Frozen):
    """The rows that have one value of a field in common."""

    value: FieldValue
    rows: int
    sums: tuple[FormSum, ...] = ()
    shares: Annotated[dict[str, float], Field(default_factory=dict[str, float])]
    """Field → its share of what it is a part of."""
    records: tuple[int, ...] = ()


class FormTotals(Frozen):
    field: str
    """`service`; `items.item` for a column of a table, whose rows are counted then; `case.area` for the area of the
    case, where the form has none.
    """
    totals: tuple[FormTotal, ...]
    """The most rows first."""
    cut: bool = False


class MapCell(Frozen):
    value: FieldValue
    across: FieldValue
    rows: int
    total: float
    """The sum of `measure`; the number of rows where there is none."""
    records: tuple[int, ...] = ()


class FormMap(Frozen):
    """Where it happened, and to whom: areas by units or choices."""

    field: str
    across: str
    measure: str | None
    cells: tuple[MapCell, ...]


class SeriesPoint(Frozen):
    day: str
    value: float
    index: int
    """The record it was filled in with."""


class FormLine(Frozen):
    """One number over the days, of one thing."""

    of: dict[str, FieldValue]
    """What it is of: field → value."""
    points: tuple[SeriesPoint, ...]


class FormSeries(Frozen):
    field: str
    lines: tuple[FormLine, ...]
    cut: bool = False


class OwedLine(Traced):
    """What one unit owed by one rule that this form is handed in for."""

    rule: str
    unit: str
    opened: int
    in_time: int
    late: int
    lapsed: int
    missing: int
    """Owed in the window and not there at its end."""


class FilledForms(Answer):
    forms: tuple[FormCount, ...]
    """All that were filled in; by `form` one is asked for."""
    declared: DeclaredForm | None = None
    """The form as it is declared now; None where none is asked for, or where it is declared no more."""
    form: str | None = None
    kind: str | None = None
    topic: str | None = None
    area: str | None = None
    rows: tuple[FormRow, ...] = ()
    """The newest first."""
    totals: tuple[FormTotals, ...] = ()
    map: FormMap | None = None
    series: tuple[FormSeries, ...] = ()
    owed: tuple[OwedLine, ...] = ()
    """Those that owe most first."""
    cut: bool = False
    """More was filled in than is kept of one window: the earliest are left out. Ask for a shorter one."""
