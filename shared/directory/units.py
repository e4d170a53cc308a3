"""Areas within areas, units above units, what a unit is competent for, and the systems that report for it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.directory.span import Id
from shared.facts import Frozen, Name
from shared.vocabulary import Category, ReportKind


class Area(Frozen):
    """A division by its national code (GB/T 2260); `within` is the area above it."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    name: Name
    within: str | None = None


class Competence(Frozen):
    """What a unit is competent for: all that matches every list given, in `area` and all below. An empty list asks nothing."""

    kinds: tuple[ReportKind, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: tuple[Id, ...] = ()
    """`heating`, `water`, `mine` …: the policy's and the sources' own words."""
    area: str | None = None
    """Default: the unit's own."""


class Unit(Frozen):
    id: Id
    name: Name
    area: str
    superior: str | None = None
    head: str | None = None
    """The post that answers for the unit."""
    duty_post: str | None = None
    """The post that is rung at night; default the head."""
    competence: tuple[Competence, ...] = ()

    @property
    def rung_at_night(self) -> str | None:
        return self.duty_post or self.head


class Source(Frozen):
    """A system that publishes: what it sends is taken for a report of `unit`, in `area` where it names none we know."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    name: Name
    unit: str
    area: str
    formats: tuple[str, ...]
    silent_after: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    """A source that says nothing for so long is itself an incident. None: it speaks only when something happens."""
    tell: str | None = None
    """The post told when it is silent; default the one its unit is rung at."""
    outside: bool = False
    """It knows of events independently of the units that owe the report (media, hotline, sensors): it can witness an omission."""
