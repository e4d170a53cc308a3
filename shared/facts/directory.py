"""What is changed in the directory at run time: the data of `directory_changed`, which is about no case.

Invariant: a change is applied as a whole or not at all, to the revision named `base`; applied in their order, the changes on record
make the directory as it is. Imported by its own name: it knows the directory's models, which the other facts do not.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.directory.people import Absence, Person, Post
from shared.directory.plans import ContingencyPlan, Suppression
from shared.directory.roster import Override, Roster
from shared.directory.units import Area, Source, Unit
from shared.facts.acts import Actor
from shared.facts.envelope import Frozen, Instant


class PutArea(Frozen):
    """Added, or put in place of the one with the same code; so for all that are put."""

    op: Literal["put_area"] = "put_area"
    area: Area


class PutUnit(Frozen):
    op: Literal["put_unit"] = "put_unit"
    unit: Unit


class PutPerson(Frozen):
    op: Literal["put_person"] = "put_person"
    person: Person


class PutPost(Frozen):
    op: Literal["put_post"] = "put_post"
    post: Post


class PutRoster(Frozen):
    op: Literal["put_roster"] = "put_roster"
    roster: Roster


class PutSource(Frozen):
    op: Literal["put_source"] = "put_source"
    source: Source


class PutPlan(Frozen):
    op: Literal["put_plan"] = "put_plan"
    plan: ContingencyPlan


class PutSuppression(Frozen):
    op: Literal["put_suppression"] = "put_suppression"
    suppression: Suppression


class Remove(Frozen):
    op: Literal["remove"] = "remove"
    what: Literal["area", "unit", "person", "post", "roster", "source", "plan", "suppression"]
    id: str


class SetHolder(Frozen):
    op: Literal["set_holder"] = "set_holder"
    post: str
    holder: str
    deputies: tuple[str, ...] | None = None
    """None: they stay as they are."""


class SetAbsence(Frozen):
    """Added; put in place of one that begins at the same moment."""

    op: Literal["set_absence"] = "set_absence"
    person: str
    absence: Absence


class EndAbsence(Frozen):
    """The person is back: the absence that covers `at` ends then; one that begins later is taken away where it begins at `at`."""

    op: Literal["end_absence"] = "end_absence"
    person: str
    at: Instant


class OverrideRoster(Frozen):
    """Added; put in place of one that begins at the same moment."""

    op: Literal["override_roster"] = "override_roster"
    roster: str
    override: Override


Change = Annotated[
    PutArea
    | PutUnit
    | PutPerson
    | PutPost
    | PutRoster
    | PutSource
    | PutPlan
    | PutSuppression
    | Remove
    | SetHolder
    | SetAbsence
    | EndAbsence
    | OverrideRoster,
    Field(discriminator="op"),
]


class DirectoryChange(Frozen):
    """The data of `directory_changed`."""

    by: Actor
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    version: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """The directory's version from now on."""
    base: Annotated[int, Field(ge=0)]
    """The revision it was applied to, 0 for none; the next one is `base` + 1."""
    file: str | None = None
    """SHA-256 (hex) of the directory file it came from, where it came from one."""
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
