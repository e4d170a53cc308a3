"""Areas within areas, units above units, what a unit is competent for, and the systems that report for it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.directory.span import AreaRef, Id, OwnUnitId, PostRef, UnitRef
from shared.facts import Frozen, Name
from shared.facts.bounds import Term, at_most
from shared.ids import AreaCode, SourceId
from shared.vocabulary import Category, ReportKind

AREA_CODE = r"\d{6}(\d{3}(\d{3})?)?"
"""Six digits down to the county (GB/T 2260); nine for a township, twelve for a village, as statistics count them."""


class Area(Frozen):
    """A division by its national code; `within` is the area above it."""

    code: Annotated[AreaCode, StringConstraints(pattern=rf"^{AREA_CODE}$")]
    name: Name
    within: AreaRef | None = None


class Competence(Frozen):
    """What a unit is competent for: all that matches every list given, in `area` and all below. An empty list
    asks nothing.
    """

    kinds: tuple[ReportKind, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: Annotated[tuple[Id, ...], at_most(100)] = ()
    """`heating`, `water`, `mine` …: the policy's and the sources' own words."""
    area: AreaRef | None = None
    """Default: the unit's own."""


class Unit(Frozen):
    id: OwnUnitId
    name: Name
    area: AreaRef
    superior: UnitRef | None = None
    head: PostRef | None = None
    """The post that answers for the unit."""
    duty_post: PostRef | None = None
    """The post that is rung at night; default the head."""
    competence: Annotated[tuple[Competence, ...], at_most(50)] = ()
    whole_city: bool = False
    """Its people have every case of the city: the emergency office, the Two Offices."""
    exercises: bool = False
    """Its people have agreed to be rung in exercises, where they don't say otherwise."""


class Source(Frozen):
    """A system that publishes: what it sends is taken for a report of `unit`, in `area` where it names none
    we know.
    """

    id: Annotated[SourceId, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    name: Name
    unit: UnitRef
    area: AreaRef
    also_for: Annotated[tuple[UnitRef, ...], at_most(500)] = ()
    """Other units it may report for: a system that several share. It reports for none else."""
    formats: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")], ...], at_most(20)
    ]
    silent_after: Annotated[Term, Field(gt=timedelta(0))] | None = None
    """A source that says nothing for so long is itself an incident. None: it speaks only when something
    happens.
    """
    tell: PostRef | None = None
    """The post told when it is silent; default the one its unit is rung at."""
    outside: bool = False
    """It knows of events independently of the units that owe the report (media, hotline, sensors): it can
    witness an omission.
    """

    @property
    def principal(self) -> str:
        """Who hands in, on record and in the subject of its tokens."""
        return f"source:{self.id}"

    @property
    def reports_for(self) -> tuple[str, ...]:
        return (self.unit, *self.also_for)
