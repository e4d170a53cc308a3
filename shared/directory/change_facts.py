"""What is changed in the directory at run time: the data of `directory_changed` and `directory_proposed`.

Both are about the directory's standing case where somebody is to be told, about no case where nobody is.

Invariant: a change is applied as a whole or not at all, to the revision named `base`; applied in their order,
the changes on record make the directory as it is. Imported by its own name: it knows the directory's models,
which the other facts do not.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.directory.people import Absence, Person, Post
from shared.directory.plans import ContingencyPlan, Suppression
from shared.directory.roster import Override, Roster
from shared.directory.span import PersonRef, PostRef, RosterRef
from shared.directory.units import Area, Source, Unit
from shared.facts.acts import Actor
from shared.facts.bounds import PLAIN_ID, Frozen, Instant, at_most
from shared.facts.decision import PersonalChange, Signature
from shared.ids import PersonId
from shared.vocabulary import Language


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
    id: Annotated[str, PLAIN_ID]


class SetHolder(Frozen):
    op: Literal["set_holder"] = "set_holder"
    post: PostRef
    holder: PersonRef
    deputies: Annotated[tuple[PersonRef, ...], at_most(20)] | None = None
    """None: they stay as they are."""


class SetAbsence(Frozen):
    """Added; put in place of one that begins at the same moment."""

    op: Literal["set_absence"] = "set_absence"
    person: PersonRef
    absence: Absence


class EndAbsence(Frozen):
    """The person is back: the absence that covers `at` ends then; one that begins later is taken away where
    it begins at `at`.
    """

    op: Literal["end_absence"] = "end_absence"
    person: PersonRef
    at: Instant


class OverrideRoster(Frozen):
    """Added; put in place of one that begins at the same moment."""

    op: Literal["override_roster"] = "override_roster"
    roster: RosterRef
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


class Told(Frozen):
    """A person whom a change touches, and by what they were reached before it; the addresses stay in the
    directory.
    """

    person: PersonId
    language: Language
    channels: tuple[str, ...]
    """Names of channels, of which the person had an address before the change."""
    changes: tuple[PersonalChange, ...]


class Telling(Frozen):
    """Whom a change touches: everybody but those who made it."""

    addresses_at: Annotated[int, Field(ge=1)]
    """Sequence in the bucket DIRECTORY of the directory before the change: there are the old addresses."""
    by: Signature
    approved_by: Signature | None = None
    told: Annotated[tuple[Told, ...], Field(min_length=1)]


class DirectoryChange(Frozen):
    """The data of `directory_changed`."""

    by: Actor
    approved_by: Actor | None = None
    """The second person, where it took one."""
    proposal: str | None = None
    """The id of the `directory_proposed` fact it was proposed with."""
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    version: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """The directory's version from now on."""
    base: Annotated[int, Field(ge=0)]
    """The revision it was applied to, 0 for none; the next one is `base` + 1."""
    file: str | None = None
    """SHA-256 (hex) of the directory file it came from, where it came from one."""
    part: Annotated[int, Field(ge=1)] = 1
    parts: Annotated[int, Field(ge=1)] = 1
    """A change that does not fit one fact takes several, which belong together: each has some of the changes,
    the first has `telling`.
    """
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
    telling: Telling | None = None


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    REFUSED = "refused"


class DirectoryProposal(Frozen):
    """The data of `directory_proposed`: a change that needs a second person; it changes nothing by itself.

    Once more with `refused` where that person says no; a change that is approved is a `directory_changed`.
    """

    proposal: str
    state: ProposalState = ProposalState.PROPOSED
    by: Actor
    refused_by: Actor | None = None
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    """Of the proposal, or of the refusal."""
    expires_at: Instant
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
    telling: Telling | None = None
