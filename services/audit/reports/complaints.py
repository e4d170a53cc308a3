"""Where people complain, day by day: every complaint on the day it came in, whatever became of it. Pure.

Invariant: a complaint counts once, with a form or without. How many households are concerned is known only of those
that came with a form which says so (its field `households`), and is never guessed for the others.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.audit.reports.area_asked import AskedArea
from services.audit.reports.complaint_rows import COLUMN, TABLE, WITHIN, from_the_top
from services.audit.reports.figures import ANY, NONE, SEPARATOR, Figure
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Counted, Reports
from services.audit.reports.views import Answer, Traced
from shared.vocabulary import ReportKind

HOUSEHOLDS = "households"


class ComplaintCount(Traced):
    complaints: int
    with_form: int = 0
    """Of them: with a form that says how many households."""
    households: int = 0
    """As these say."""
    said_in: tuple[int, ...] = ()
    """The records that say it."""


class ComplaintCell(ComplaintCount):
    area: str
    day: str


class ComplaintArea(ComplaintCount):
    area: str


class ComplaintTopic(Traced):
    topic: str
    complaints: int


class Complaints(Answer):
    topic: str | None = None
    area: str | None = None
    whole: ComplaintCount
    areas: tuple[ComplaintArea, ...] = ()
    """The most complaints first: each county, or each part right below the area that was asked for."""
    topics: tuple[ComplaintTopic, ...] = ()
    """The most complaints first."""
    cells: tuple[ComplaintCell, ...] = ()
    """By day, then by area."""
    cut: bool = False
    """More forms were filled in than are kept: the earliest are not among the households."""


class _SaidHouseholds(NamedTuple):
    """What a complaint says by its form, on the day it said so first."""

    day: str
    area: str
    record: int
    households: int


@dataclass(slots=True)
class _Sum:
    complaints: int = 0
    records: "array[int]" = field(default_factory=lambda: array("I"))
    """Those that the complaints are counted from."""
    said: list[_SaidHouseholds] = field(default_factory=list[_SaidHouseholds])

    def add(self, figure: Figure) -> None:
        self.complaints += figure.count
        self.records.extend(figure.indexes)

    def fields(self) -> dict[str, Any]:
        return {
            "complaints": self.complaints,
            "with_form": len(self.said),
            "households": sum(one.households for one in self.said),
            "said_in": tuple(sorted(one.record for one in self.said)),
        }


async def complaints(reports: Reports, question: ReportQuestion) -> Complaints:
    counted = await reports.counted(question.window)
    asked = AskedArea(reports.directory, question.area)
    return _Adding(counted, question, asked, reports).answer()


class _Adding:
    """One question's complaints, added up by day and area."""

    def __init__(
        self, counted: Counted, question: ReportQuestion, asked: AskedArea, reports: Reports
    ) -> None:
        self._counted, self._question, self._asked, self._zone = counted, question, asked, reports.zone
        self._whole, self._topics = _Sum(), defaultdict[str, _Sum](_Sum)
        self._areas, self._cells = defaultdict[str, _Sum](_Sum), defaultdict[tuple[str, str], _Sum](_Sum)
        self._add_counts()
        self._add_households()

    def _add_counts(self) -> None:
        figures = self._counted.counting.figures
        for row in figures.rows(TABLE):
            topic, path, day = row.split(":")
            area = path.removesuffix(WITHIN).rpartition(WITHIN)[2]
            if self._question.topic in (None, topic) and self._asked.holds((area,)):
                at, figure = self._asked.counted_at(area), figures.of(TABLE, row, COLUMN)
                for one in (self._whole, self._topics[topic], self._areas[at], self._cells[day, at]):
                    one.add(figure)

    def _add_households(self) -> None:
        for said in self._said():
            at = self._asked.counted_at(said.area)
            for one in (self._whole, self._areas[at], self._cells[said.day, at]):
                one.said.append(said)

    def _said(self) -> Iterable[_SaidHouseholds]:
        """The last that each case has said, at the day it did so first."""
        cases: dict[str, _SaidHouseholds] = {}
        for block in self._counted.counting.blocks:
            households = block.values.get(HOUSEHOLDS)
            counts = block.in_cohort and block.kind == ReportKind.COMPLAINT
            area = block.area or NONE
            if not counts or self._question.topic not in (None, block.topic):
                continue
            if not isinstance(households, int) or not self._asked.holds((area,)):
                continue
            if not self._question.window.asks_for(block.case_unit):
                continue
            before = cases.get(block.case)
            day = before.day if before is not None else block.at.astimezone(self._zone).date().isoformat()
            cases[block.case] = _SaidHouseholds(day, area, block.index, households)
        return cases.values()

    def answer(self) -> Complaints:
        return Complaints(
            **self._counted.heading(),
            topic=self._question.topic,
            area=self._question.area,
            whole=ComplaintCount(**self._whole.fields(), **self._traced(self._whole, self._whole_area)),
            areas=tuple(
                ComplaintArea(area=area, **one.fields(), **self._traced(one, self._at(area)))
                for area, one in sorted(self._areas.items(), key=lambda line: (-line[1].complaints, line[0]))
            ),
            topics=tuple(
                ComplaintTopic(
                    topic=topic,
                    complaints=one.complaints,
                    **self._traced(one, self._whole_area, topic=topic),
                )
                for topic, one in sorted(
                    self._topics.items(), key=lambda line: (-line[1].complaints, line[0])
                )
            ),
            cells=tuple(
                ComplaintCell(area=area, day=day, **one.fields(), **self._traced(one, self._at(area), day))
                for (day, area), one in sorted(self._cells.items())
            ),
            cut=self._counted.counting.blocks.cut,
        )

    @property
    def _whole_area(self) -> str:
        area = self._question.area
        return f"{from_the_top(self._asked.path_to(area)) if area is not None else ''}{ANY}"

    def _at(self, area: str) -> str:
        path = from_the_top(self._asked.path_to(area))
        return path if self._asked.is_alone(area) else f"{path}{ANY}"

    def _traced(self, one: _Sum, areas: str, day: str = ANY, *, topic: str | None = None) -> dict[str, Any]:
        """The figure of all rows of these areas, of that day and topic."""
        rows = f"{topic or self._question.topic or ANY}:{areas}:{day}"
        traced: dict[str, Any] = {"figure": f"{TABLE}{SEPARATOR}{rows}"}
        if self._question.records:
            # Gathered while they were added up: to look for the rows of each line again would be quadratic.
            traced["records"] = {COLUMN: tuple(sorted(one.records))} if one.records else {}
        return traced
