"""The document of `config/directory.yaml`, and everything that is asked of it.

Invariant: a Directory is valid as a whole (`faults`): every reference leads somewhere, superiors form a tree,
and no post that can be owed a report is dark (held by nobody, or by somebody without a channel). A file that
breaks this is refused with the line to mend. It never changes: a change makes another one.
"""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import model_validator

from shared.directory.competence import Competent, MatterSort, competent_unit
from shared.directory.faults import are_sound, faults_of
from shared.directory.parts import TABLES, altered, near
from shared.directory.people import Person, Post, WhyHolder
from shared.directory.placed import DirectoryFault
from shared.directory.plans import ContingencyPlan, Suppression
from shared.directory.portfolios import in_charge
from shared.directory.roster import Roster
from shared.directory.units import Area, Competence, Source, Unit
from shared.facts import Frozen
from shared.facts.bounds import PLAIN_VERSION, from_outside
from shared.ids import AreaCode, PersonId, PlanId, PostId, RosterId, SourceId, UnitId
from shared.lined_yaml import load
from shared.vocabulary import Category, Level, ReportKind


class Directory(Frozen):
    version: Annotated[str, PLAIN_VERSION]
    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    posts: tuple[Post, ...]
    rosters: tuple[Roster, ...] = ()
    sources: tuple[Source, ...] = ()
    plans: tuple[ContingencyPlan, ...] = ()
    suppressions: tuple[Suppression, ...] = ()

    @model_validator(mode="after")
    def is_valid_as_a_whole(self) -> Self:
        if faults := faults_of(self):
            raise DirectoryFault(faults)
        return self

    def revised(self, version: str | None = None, **parts: Any) -> "Directory":
        """Another directory with these parts (fields of this class) in place of ours. Raises DirectoryFault.
        What is the same as here, and names nothing that is not, is not looked at again.
        """
        changed = {name for name, part in parts.items() if part is not getattr(self, name)}
        all_parts = {name: getattr(self, name) for name in TABLES} | parts
        after = Directory.trusted(self.version if version is None else version, all_parts, self, changed)
        if not are_sound(after, near(after, altered(self, after))) and (faults := faults_of(after)):
            raise DirectoryFault(faults)
        return after

    @classmethod
    def trusted(
        cls, version: str, parts: Mapping[str, Any], last: "Directory | None", changed: AbstractSet[str]
    ) -> "Directory":
        """Of parts that were checked as a whole before they were stored. What was derived for `last` of parts
        that have not changed since (`changed` names those that have) is taken over: derived anew it takes
        tenths of a second at 20,000 people.
        """
        directory = cls.model_construct(version=version, **parts)
        derived: Mapping[str, Any] = last.__dict__ if last is not None else {}
        for name, asks in _DERIVED_FROM.items():
            if name in derived and changed.isdisjoint(asks):
                object.__setattr__(directory, name, derived[name])
        return directory

    # By their ids

    @cached_property
    def areas_by_code(self) -> dict[AreaCode, Area]:
        return {area.code: area for area in self.areas}

    @cached_property
    def area_codes(self) -> frozenset[str]:
        return frozenset(area.code for area in self.areas)

    @cached_property
    def units_by_id(self) -> dict[UnitId, Unit]:
        return {unit.id: unit for unit in self.units}

    @cached_property
    def people_by_id(self) -> dict[PersonId, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def posts_by_id(self) -> dict[PostId, Post]:
        return {post.id: post for post in self.posts}

    @cached_property
    def rosters_by_id(self) -> dict[RosterId, Roster]:
        return {roster.id: roster for roster in self.rosters}

    @cached_property
    def sources_by_id(self) -> dict[SourceId, Source]:
        return {source.id: source for source in self.sources}

    @cached_property
    def plans_by_id(self) -> dict[PlanId, ContingencyPlan]:
        return {plan.id: plan for plan in self.plans}

    @cached_property
    def suppressions_by_id(self) -> dict[str, Suppression]:
        return {suppression.id: suppression for suppression in self.suppressions}

    # Who answers

    @cached_property
    def steady_holders(self) -> dict[PostId, Person]:
        """Posts that the same person holds at any time: no roster, and a holder who is never absent."""
        held = {post.id: self.people_by_id[post.holder] for post in self.posts if post.roster is None}
        return {post: person for post, person in held.items() if not person.absences}

    def agrees_to_exercises(self, person: PersonId) -> bool:
        """Nobody who has not said so, for themself or with their unit, is rung in one."""
        known = self.people_by_id.get(person)
        if known is None:
            return False
        return self.units_by_id[known.unit].exercises if known.exercises is None else known.exercises

    def holder_of(self, post: PostId, at: datetime | None = None) -> Person:
        """Who holds the post at `at`; with None whoever the post itself names.

        KeyError for a post the directory does not have (the policy check refuses such a policy).
        """
        if (steady := self.steady_holders.get(post)) is not None:
            return steady
        if at is None:
            return self.people_by_id[self.posts_by_id[post].holder]
        return self._holder_and_why(post, at)[0]

    def why_holder(self, post: PostId, at: datetime) -> WhyHolder:
        """The named reason for `holder_of(post, at)`."""
        return WhyHolder.HOLDER if post in self.steady_holders else self._holder_and_why(post, at)[1]

    def _holder_and_why(self, post_id: PostId, at: datetime) -> tuple[Person, WhyHolder]:
        post, people = self.posts_by_id[post_id], self.people_by_id
        if post.roster is not None and (shift := self.rosters_by_id[post.roster].shift_at(at)) is not None:
            on_shift = people[shift.person]
            if is_there(on_shift, at):
                return on_shift, WhyHolder.ROSTER_OVERRIDE if shift.override else WhyHolder.ON_ROSTER
            if shift.leader is not None and is_there(people[shift.leader], at):
                return people[shift.leader], WhyHolder.LEADER_ON_DUTY
        holder = people[post.holder]
        if is_there(holder, at):
            return holder, WhyHolder.HOLDER
        for deputy in post.deputies:
            if is_there(people[deputy], at):
                return people[deputy], WhyHolder.DEPUTY_FOR_ABSENT_HOLDER
        return holder, WhyHolder.HOLDER_THOUGH_ABSENT

    @cached_property
    def reachable_units(self) -> frozenset[UnitId]:
        """Those with somebody who has a channel."""
        return frozenset(person.unit for person in self.people if person.channels)

    # Above and below

    @cached_property
    def area_paths(self) -> dict[AreaCode, tuple[AreaCode, ...]]:
        paths: dict[AreaCode, tuple[AreaCode, ...]] = {}
        for area in self.areas:
            path, at = {area.code: None}, area.within
            # An area within one that is not there, or within itself, is a fault of its own, found beside
            # others that ask for the paths.
            while at is not None and at not in path:
                path[at] = None
                above = self.areas_by_code.get(at)
                at = above.within if above is not None else None
            paths[area.code] = tuple(path)
        return paths

    def area_path(self, code: AreaCode | str) -> tuple[AreaCode, ...]:
        """The area, the one it lies within, and so on upwards; empty for one that is not declared."""
        return self.area_paths.get(AreaCode(code), ())

    def in_area(self, code: AreaCode | str, above: AreaCode | str) -> bool:
        """Whether `code` is `above` or lies within it."""
        return above in self.area_path(code)

    @cached_property
    def superiors(self) -> dict[UnitId, tuple[UnitId, ...]]:
        """Of each unit those above it, the nearest first."""
        above: dict[UnitId, tuple[UnitId, ...]] = {}
        for unit in self.units:
            path: list[UnitId] = []
            at = unit.superior
            while at is not None:
                path.append(at)
                if (known := above.get(at)) is not None:
                    path += known
                    break
                at = self.units_by_id[at].superior
            above[unit.id] = tuple(path)
        return above

    def governments_of(self, area: AreaCode | str) -> tuple[UnitId, ...]:
        """Of the area, and of each it lies within up to the city, the unit that stands above its other units:
        the township's, the county's. The city itself is not among them.
        """
        below_the_city = self.area_path(area)[:-1]
        return tuple(
            unit for code in below_the_city if (unit := self.governments_by_area.get(code)) is not None
        )

    @cached_property
    def governments_by_area(self) -> dict[AreaCode, UnitId]:
        governments: dict[AreaCode, UnitId] = {}
        for unit in self.units:
            above = self.units_by_id.get(unit.superior) if unit.superior is not None else None
            if above is None or above.area != unit.area:
                governments.setdefault(unit.area, unit.id)
        return governments

    def is_above(self, a: UnitId | str, b: UnitId | str) -> bool:
        """Whether `a` is a superior, however distant, of `b`. No unit is above itself."""
        return a in self.superiors.get(UnitId(b), ())

    def below(self, unit: UnitId | str) -> tuple[UnitId, ...]:
        """Every unit under it, however deep."""
        return tuple(below for below, above in self.superiors.items() if unit in above)

    def common_superior(self, a: UnitId | str, b: UnitId | str) -> Unit | None:
        """The nearest unit above both, or the one of them that is above the other; None where there is none.

        For the same unit twice: its superior.
        """
        if self.is_above(a, b):
            return self.units_by_id[UnitId(a)]
        if self.is_above(b, a):
            return self.units_by_id[UnitId(b)]
        theirs = self.superiors.get(UnitId(b), ())
        return next(
            (self.units_by_id[unit] for unit in self.superiors.get(UnitId(a), ()) if unit in theirs), None
        )

    # What for

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """All that some unit is competent for."""
        return tuple(
            sorted({topic for unit in self.units for each in unit.competence for topic in each.topics})
        )

    @cached_property
    def portfolios(self) -> dict[PostId, tuple[Post, ...]]:
        """Post → the posts that stand for it, and itself where it names a portfolio of its own."""
        standing_for: defaultdict[PostId, list[Post]] = defaultdict(list)
        for post in self.posts:
            if post.stands_for is not None:
                standing_for[post.stands_for].append(post)
        return {
            named: (*([self.posts_by_id[named]] if self.posts_by_id[named].has_portfolio else ()), *others)
            for named, others in standing_for.items()
            if named in self.posts_by_id
        }

    def in_charge(
        self,
        post: PostId,
        kind: ReportKind | None,
        category: Category | None,
        topic: str | None,
        area: AreaCode | str,
    ) -> PostId:
        """`post`, or the post that has such a matter there in its portfolio in its place."""
        if not self.portfolios:
            return post
        matter = MatterSort(kind, category, topic)
        return in_charge(post, self.portfolios.get(post, ()), matter, self.area_path(area))

    @cached_property
    def competences_by_area(self) -> dict[AreaCode, tuple[tuple[Unit, Competence], ...]]:
        competences: defaultdict[AreaCode, list[tuple[Unit, Competence]]] = defaultdict(list)
        for unit in self.units:
            for competence in unit.competence:
                competences[(competence.area or unit.area)].append((unit, competence))
        return {area: tuple(each) for area, each in competences.items()}

    def competent_unit(
        self, kind: ReportKind | None, category: Category | None, topic: str | None, area: AreaCode | str
    ) -> Competent | None:
        """(unit, reason) for the one unit that answers for such a matter there; None where no unit declares
        it.
        """
        return competent_unit(self, MatterSort(kind, category, topic), AreaCode(area))

    def plans_for(
        self,
        kind: ReportKind,
        category: Category | None,
        topic: str | None,
        level: Level | None,
        area: AreaCode | str,
    ) -> tuple[ContingencyPlan, ...]:
        """The plans made for such a matter there, as declared. A plan that names levels asks for a graded
        matter.
        """
        path = self.area_path(area)
        return tuple(
            plan
            for plan in self.plans
            if (not plan.when.kinds or kind in plan.when.kinds)
            and (not plan.when.categories or category in plan.when.categories)
            and (not plan.when.topics or topic in plan.when.topics)
            and (not plan.when.levels or level in plan.when.levels)
            and (not plan.when.areas or any(code in path for code in plan.when.areas))
        )

    def suppression_for(
        self,
        unit: UnitId | str,
        area: AreaCode | str,
        category: Category | None,
        source: SourceId | str | None,
        at: datetime,
    ) -> Suppression | None:
        """The first declared suppression in force at `at` that such a report falls under. Never to be asked
        about a lapse.
        """
        if not self.suppressions:
            return None
        path = self.area_path(area)
        return next(
            (
                suppression
                for suppression in self.suppressions
                if suppression.covers(at)
                and (not suppression.units or unit in suppression.units)
                and (not suppression.areas or any(code in path for code in suppression.areas))
                and (not suppression.sources or source in suppression.sources)
                and (not suppression.categories or category in suppression.categories)
            ),
            None,
        )


_DERIVED_FROM = {
    "areas_by_code": {"areas"},
    "area_codes": {"areas"},
    "area_paths": {"areas"},
    "units_by_id": {"units"},
    "superiors": {"units"},
    "governments_by_area": {"units"},
    "competences_by_area": {"units"},
    "portfolios": {"posts"},
    "people_by_id": {"people"},
    "reachable_units": {"people"},
    "posts_by_id": {"posts"},
    "steady_holders": {"posts", "people"},
    "rosters_by_id": {"rosters"},
    "sources_by_id": {"sources"},
    "plans_by_id": {"plans"},
    "suppressions_by_id": {"suppressions"},
}
"""Of each derived table the parts it is made of."""


def is_there(person: Person, at: datetime) -> bool:
    return not any(absence.covers(at) for absence in person.absences)


def load_directory(path: Path) -> Directory:
    """Raises YamlFault naming file and line."""
    with from_outside():
        return load(path, Directory)[0]
