"""Contingency plans with the steps they are run by, and suppressions: what is planned, so that nobody is woken for it."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.directory.span import Id, Span
from shared.facts import Frozen, Name
from shared.vocabulary import Category, Level, ReportKind

Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class Scope(Frozen):
    """What a plan is for: all that matches every list given. An empty list asks nothing."""

    kinds: tuple[ReportKind, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: tuple[Id, ...] = ()
    levels: tuple[Level, ...] = ()
    areas: tuple[str, ...] = ()
    """These and all below them."""


class PlanStep(Frozen):
    """One task of a plan, for `unit`; `within` counts from the start of the plan, or from the end of step `after` (from 1)."""

    title: Name
    unit: str
    within: Positive
    after: Annotated[int, Field(ge=1)] | None = None


class ContingencyPlan(Frozen):
    """An entry of the plan library (预案). `unit` owns it: keeps it current and drills it."""

    id: Id
    name: Name
    unit: str
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    review_by: date
    drill_every: Positive | None = None
    when: Scope = Scope()
    steps: Annotated[tuple[PlanStep, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def steps_follow_earlier_ones(self) -> Self:
        for number, step in enumerate(self.steps, start=1):
            if step.after is not None and step.after >= number:
                raise ValueError(f"step {number} comes after step {step.after}, which is not before it: name an earlier one (from 1)")
        return self


class Suppression(Span):
    """Reports that match every list given were planned (a test alarm, announced works): taken and kept, but nobody is woken.

    Never of a lapse: a duty that is open stays owed.
    """

    id: Id
    units: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    by: Annotated[str, StringConstraints(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def is_about_something(self) -> Self:
        if not (self.units or self.areas or self.sources or self.categories):
            raise ValueError("would suppress everything: name units, areas, sources or categories")
        return self
