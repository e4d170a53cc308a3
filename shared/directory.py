"""Who is who: areas, units, posts and who holds them, people and their channels, and the sources allowed to publish.

Invariant: a Directory is valid as a whole. Every reference leads somewhere, and no post that can be owed a report is dark
(held by nobody, or by somebody without a channel); a file that breaks this is refused with the line to mend.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.facts import Frozen, Name
from shared.ids import AreaCode, PersonId, PostId, SourceId, UnitId
from shared.lined_yaml import load
from shared.vocabulary import Language

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class Area(Frozen):
    """A division by its national code (GB/T 2260); `within` is the area above it."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    name: Name
    within: str | None = None


class Unit(Frozen):
    id: Id
    name: Name
    area: str
    superior: str | None = None


class ChannelAddress(Frozen):
    """Where a person is reached: `channel` is a name of the notifier's channel file (voice, sms, email …)."""

    channel: Id
    address: Annotated[str, StringConstraints(min_length=3, max_length=200)]


class Person(Frozen):
    id: Id
    name: Name
    unit: str
    language: Language = Language.ZH
    channels: tuple[ChannelAddress, ...] = ()


class Post(Frozen):
    id: Id
    name: Name
    unit: str
    holder: str


class Source(Frozen):
    """A system that publishes: what it sends is taken for a report of `unit`, in `area` where it names none we know."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    name: Name
    unit: str
    area: str
    formats: tuple[str, ...]


class Directory(Frozen):
    """The document of `config/directory.yaml`."""

    version: str
    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    posts: tuple[Post, ...]
    sources: tuple[Source, ...] = Field(default=())

    @model_validator(mode="after")
    def leads_somewhere(self) -> Self:
        faults: list[str] = []
        for what, ids in (
            ("area", [area.code for area in self.areas]),
            ("unit", [unit.id for unit in self.units]),
            ("person", [person.id for person in self.people]),
            ("post", [post.id for post in self.posts]),
            ("source", [source.id for source in self.sources]),
        ):
            faults += [f"{what} {twice} is declared twice: rename or remove one" for twice in {i for i in ids if ids.count(i) > 1}]
        areas, units, people = set(self.areas_by_code), set(self.units_by_id), set(self.people_by_id)
        faults += [f"area {a.code} lies within {a.within}, which is not declared" for a in self.areas if a.within and a.within not in areas]
        for unit in self.units:
            if unit.area not in areas:
                faults.append(f"unit {unit.id} is in area {unit.area}, which is not declared")
            if unit.superior is not None and unit.superior not in units:
                faults.append(f"unit {unit.id} has superior {unit.superior}, which is not declared")
        faults += [f"person {p.id} belongs to unit {p.unit}, which is not declared" for p in self.people if p.unit not in units]
        for post in self.posts:
            if post.unit not in units:
                faults.append(f"post {post.id} belongs to unit {post.unit}, which is not declared")
            if post.holder not in people:
                faults.append(f"post {post.id} is held by {post.holder}, who is not declared: the post is dark, name a person")
            elif not self.people_by_id[PersonId(post.holder)].channels:
                faults.append(f"post {post.id} is held by {post.holder}, who has no channel: the post is dark, give them one")
        for source in self.sources:
            if source.unit not in units:
                faults.append(f"source {source.id} reports for unit {source.unit}, which is not declared")
            if source.area not in areas:
                faults.append(f"source {source.id} is in area {source.area}, which is not declared")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def areas_by_code(self) -> dict[AreaCode, Area]:
        return {AreaCode(area.code): area for area in self.areas}

    @cached_property
    def units_by_id(self) -> dict[UnitId, Unit]:
        return {UnitId(unit.id): unit for unit in self.units}

    @cached_property
    def people_by_id(self) -> dict[PersonId, Person]:
        return {PersonId(person.id): person for person in self.people}

    @cached_property
    def posts_by_id(self) -> dict[PostId, Post]:
        return {PostId(post.id): post for post in self.posts}

    @cached_property
    def sources_by_id(self) -> dict[SourceId, Source]:
        return {SourceId(source.id): source for source in self.sources}

    def holder_of(self, post: PostId) -> Person:
        """Who holds the post now. KeyError for a post the directory does not have (the policy check refuses such a policy)."""
        return self.people_by_id[PersonId(self.posts_by_id[post].holder)]


def load_directory(path: Path) -> Directory:
    """Raises YamlFault naming file and line."""
    return load(path, Directory)[0]
