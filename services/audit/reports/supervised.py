"""Matters under supervision 督办: what was ordered of which unit, taken on, fed back, closed, and what is past its limit.
Pure.

Invariant: a step is one that was decided, with its record; past its limit is what lapsed and was not fed back since it
was last asked for, unless something on record excuses the lapse: nobody is named for a failure of ours.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.audit.reports.figures import Figures
from services.audit.reports.matters import LapseSeen, ReportedCase
from services.audit.reports.reading import ReportedFact
from services.audit.reports.views import Answer, Traced
from services.audit.reports.window import Window
from shared.case import TaskState
from shared.facts import EffectKind, Frozen, Instant, LapseCause, Reason
from shared.facts.body import EffectBody
from shared.facts.bounds import LATEST
from shared.vocabulary import Document, Kind, ReportKind

SUPERVISED = "supervised"
"""The table of its figures; a row is a unit."""
OVERDUE = "overdue"
MOST_LISTED = 2_000


class SupervisionStep(StrEnum):
    ORDERED = "ordered"
    TAKEN_ON = "taken_on"
    FED_BACK = "fed_back"
    RETURNED = "returned"
    CLOSED = "closed"
    CANCELLED = "cancelled"


SUPERVISED_COLUMNS = (
    SupervisionStep.ORDERED,
    SupervisionStep.TAKEN_ON,
    SupervisionStep.FED_BACK,
    SupervisionStep.RETURNED,
    SupervisionStep.CLOSED,
    OVERDUE,
)
_STEPS: dict[str, SupervisionStep] = {
    TaskState.ASSIGNED: SupervisionStep.ORDERED,
    Reason.ACCEPTED: SupervisionStep.TAKEN_ON,
    Reason.COMPLETED: SupervisionStep.FED_BACK,
    Reason.NIL_REPORT: SupervisionStep.FED_BACK,
    Reason.RETURNED: SupervisionStep.RETURNED,
    Reason.VERIFIED: SupervisionStep.CLOSED,
    TaskState.CANCELLED: SupervisionStep.CANCELLED,
}
"""By the reason of the effect that says so."""
_OWES = frozenset({SupervisionStep.ORDERED, SupervisionStep.TAKEN_ON, SupervisionStep.RETURNED})
"""The unit has to move."""


class SupervisedUnit(Traced):
    """What happened in the window, by unit; one task may come to a step more than once."""

    unit: str
    ordered: int
    taken_on: int
    fed_back: int
    returned: int
    closed: int
    overdue: int
    """Past its limit at the end of the window, without an excuse."""


class StepSeen(Frozen):
    step: SupervisionStep
    at: Instant
    index: int


class SupervisedTask(Frozen):
    """One thing that was ordered of one unit."""

    case: str
    summary: str | None
    title: str | None
    unit: str
    due_at: Instant | None
    stands: SupervisionStep
    overdue: bool
    overdue_index: int | None = None
    """The record of the lapse."""
    index: int
    """The record that laid it on the unit."""
    steps: tuple[StepSeen, ...] = ()
    """The last of each, in order."""


class Supervised(Answer):
    units: tuple[SupervisedUnit, ...]
    """The most past their limit first."""
    tasks: tuple[SupervisedTask, ...]
    """Of which something was heard in the window, or that were open at its end: past their limit first, then by it."""
    count: int
    """Of them all, listed or not."""
    cases: int
    """Orders that they belong to."""
    cut: bool = False
    """There were more than are listed."""


@dataclass(slots=True)
class OrderedTask:
    summary: str | None
    title: str | None
    unit: str
    due_at: datetime | None
    index: int
    steps: dict[SupervisionStep, tuple[datetime, int]] = field(
        default_factory=dict[SupervisionStep, tuple[datetime, int]]
    )
    """When it came to each the last time, and the record that says so; in the order in which it did."""
    lapses: list[LapseSeen] = field(default_factory=list[LapseSeen])
    heard_of: bool = False
    """Something happened to it in the window."""

    @property
    def stands(self) -> SupervisionStep:
        return next(reversed(self.steps), SupervisionStep.ORDERED)

    def come_to(self, step: SupervisionStep, at: datetime, index: int) -> None:
        self.steps.pop(step, None)
        self.steps[step] = (at, index)

    @property
    def overdue(self) -> LapseSeen | None:
        if self.stands not in _OWES:
            return None
        _, asked = self.steps.get(SupervisionStep.RETURNED, (None, -1))
        standing = [lapse for lapse in self.lapses if lapse.index > asked and not lapse.is_excused]
        return standing[-1] if standing else None


class SupervisionWatch:
    """Follows the tasks of supervision orders through the count."""

    def __init__(self, window: Window, figures: Figures, matters: Mapping[str, ReportedCase]) -> None:
        self._window, self._figures, self._matters = window, figures, matters
        self._tasks: defaultdict[str, dict[str, OrderedTask]] = defaultdict(dict[str, OrderedTask])
        """By case."""
        self._feedback: dict[str, str | None] = {}
        """Feedback in writing that waits to be decided on: its fact's id, and the task it names."""

    def act(self, matter: ReportedCase, fact: ReportedFact) -> None:
        is_feedback = fact.kind == Kind.FILED and fact.data.text("document") == Document.FEEDBACK
        if is_feedback and matter.kind == ReportKind.SUPERVISION_ORDER:
            self._feedback[fact.id] = fact.data.text("task")

    def decided(self, matter: ReportedCase, fact: ReportedFact, moment: datetime, *, inside: bool) -> None:
        """Asked when what became of the matter's duties is known."""
        if matter.kind != ReportKind.SUPERVISION_ORDER:
            return
        about, effects = fact.about.text("id") or "", fact.data.effects
        if about in self._feedback:
            task = self._feedback.pop(about)
            if not any(effect.kind == EffectKind.REFUSED for effect in effects):
                for waiting in self._waiting(matter.case, task):
                    self._step(waiting, SupervisionStep.FED_BACK, moment, fact.index, inside=inside)
        for effect in effects:
            task = effect.text("task")
            if task is not None and effect.kind == EffectKind.TASK:
                self._moved(matter, task, effect, moment, fact.index, inside=inside)
            elif task is not None and effect.kind == EffectKind.LAPSED:
                self._lapsed(matter, task, effect.duty or "")

    def _waiting(self, case: str, task: str | None) -> list[OrderedTask]:
        """That task; where none is named all of the case of which the unit has to move."""
        return [
            ordered
            for name, ordered in self._tasks[case].items()
            if task in (None, name) and ordered.stands in _OWES
        ]

    def _moved(
        self,
        matter: ReportedCase,
        task: str,
        effect: EffectBody,
        moment: datetime,
        index: int,
        *,
        inside: bool,
    ) -> None:
        tasks, step, due_at = self._tasks[matter.case], _STEPS.get(effect.why), effect.at("due_at")
        if step is SupervisionStep.ORDERED and effect.unit is not None:
            tasks.setdefault(
                task, OrderedTask(matter.summary, effect.text("note"), effect.unit, due_at, index)
            )
        if step is not None and (ordered := tasks.get(task)) is not None:
            ordered.due_at = due_at or ordered.due_at
            self._step(ordered, step, moment, index, inside=inside)

    def _step(
        self, task: OrderedTask, step: SupervisionStep, moment: datetime, index: int, *, inside: bool
    ) -> None:
        task.come_to(step, moment, index)
        task.heard_of = task.heard_of or inside
        if inside and self._window.asks_for(task.unit):
            self._figures.add(SUPERVISED, task.unit, step, index)

    def _lapsed(self, matter: ReportedCase, task: str, duty: str) -> None:
        """To have taken it on late is another thing; so is what whoever ordered it owes."""
        ordered, owed = self._tasks[matter.case].get(task), matter.duties.get(duty)
        lapse = owed.lapse if owed is not None else None
        if ordered is None or lapse is None or lapse.unit != ordered.unit:
            return
        if lapse.cause != LapseCause.NOT_ACKNOWLEDGED:
            ordered.lapses.append(lapse)

    def finish(self) -> None:
        """The window ends here: what is past its limit then."""
        for case, task in self._all():
            lapse = self._overdue(case, task)
            if lapse is not None and self._window.asks_for(task.unit):
                self._figures.add(SUPERVISED, task.unit, OVERDUE, lapse.index)

    def _all(self) -> Iterator[tuple[str, OrderedTask]]:
        return ((case, task) for case, tasks in self._tasks.items() for task in tasks.values())

    def _has_ended(self, case: str) -> bool:
        """What is followed no more ended long ago."""
        matter = self._matters.get(case)
        return matter is None or matter.has_ended

    def _overdue(self, case: str, task: OrderedTask) -> LapseSeen | None:
        return None if self._has_ended(case) else task.overdue

    def listed(self) -> list[SupervisedTask]:
        lines: list[SupervisedTask] = []
        for case, task in self._all():
            over = self._has_ended(case) or task.stands in (SupervisionStep.CLOSED, SupervisionStep.CANCELLED)
            if self._window.asks_for(task.unit) and (task.heard_of or not over):
                lines.append(_line(case, task, self._overdue(case, task)))
        return sorted(lines, key=lambda line: (not line.overdue, line.due_at or LATEST, line.case))


def _line(case: str, task: OrderedTask, lapse: LapseSeen | None) -> SupervisedTask:
    return SupervisedTask(
        case=case,
        summary=task.summary,
        title=task.title,
        unit=task.unit,
        due_at=task.due_at,
        stands=task.stands,
        overdue=lapse is not None,
        overdue_index=lapse.index if lapse is not None else None,
        index=task.index,
        steps=tuple(StepSeen(step=step, at=at, index=index) for step, (at, index) in task.steps.items()),
    )
