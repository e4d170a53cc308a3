"""Contingency plans with the steps they are run by, and suppressions: what is planned, so that nobody is
woken for it.
"""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.directory.span import AreaRef, Id, OwnPlanId, SourceRef, Span, UnitRef
from shared.facts import Frozen, Name
from shared.facts.bounds import PLAIN_LINE, Day, Term, at_most
from shared.message import N_, said
from shared.vocabulary import Category, Level, ReportKind

Positive = Annotated[Term, Field(gt=timedelta(0))]
MANY = at_most(500)
"""Units, areas, sources named in one place."""


class PlanScope(Frozen):
    """What a plan is for: all that matches every list given. An empty list asks nothing."""

    kinds: tuple[ReportKind, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: Annotated[tuple[Id, ...], MANY] = ()
    levels: tuple[Level, ...] = ()
    areas: Annotated[tuple[AreaRef, ...], MANY] = ()
    """These and all below them."""


class PlanStep(Frozen):
    """One task of a plan, for `unit`; `within` counts from the start of the plan, or from the end of step
    `after` (from 1).
    """

    title: Name
    unit: UnitRef
    within: Positive
    after: Annotated[int, Field(ge=1)] | None = None


class ContingencyPlan(Frozen):
    """An entry of the plan library (预案). `unit` owns it: keeps it current and drills it."""

    id: OwnPlanId
    name: Name
    unit: UnitRef
    version: Annotated[str, StringConstraints(min_length=1, max_length=40), PLAIN_LINE]
    review_by: Day
    drill_every: Positive | None = None
    when: PlanScope = PlanScope()
    steps: Annotated[tuple[PlanStep, ...], Field(min_length=1), at_most(100)]

    @model_validator(mode="after")
    def steps_follow_earlier_ones(self) -> Self:
        for number, step in enumerate(self.steps, start=1):
            if step.after is not None and step.after >= number:
                raise ValueError(
                    said(
                        N_(
                            "step %(number)s comes after step %(after)s, which is not before it: name an earlier one (from 1)"
                        ),
                        number=number,
                        after=step.after,
                    )
                )
        return self


class Suppression(Span):
    """Reports that match every list given were planned (a test alarm, announced works): taken and kept, but
    nobody is woken.

    Never of a lapse: a duty that is open stays owed.
    """

    id: Id
    units: Annotated[tuple[UnitRef, ...], MANY] = ()
    areas: Annotated[tuple[AreaRef, ...], MANY] = ()
    sources: Annotated[tuple[SourceRef, ...], MANY] = ()
    categories: tuple[Category, ...] = ()
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), PLAIN_LINE]
    by: Annotated[str, StringConstraints(min_length=1, max_length=100), PLAIN_LINE]

    @model_validator(mode="after")
    def is_about_something(self) -> Self:
        if not (self.units or self.areas or self.sources or self.categories):
            raise ValueError(N_("would suppress everything: name units, areas, sources or categories"))
        return self
