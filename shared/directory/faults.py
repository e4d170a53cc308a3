"""What makes a directory invalid: references that lead nowhere, circles, and posts that are or would be dark.

Invariant: whoever can come to hold a post (holder, deputies, everyone on its roster) is declared and has a
channel. A fault says where it stands and what to do, and names the post that would be dark.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.directory.parts import TABLES, Ids, objects_of
from shared.ids import PersonId, PostId
from shared.lined_yaml import PlacedError

if TYPE_CHECKING:
    from shared.directory.people import Person, Post
    from shared.directory.plans import ContingencyPlan, Suppression
    from shared.directory.roster import Roster
    from shared.directory.units import Area, Source, Unit
    from shared.directory.whole import Directory


COUNTY_DIGITS = 6
WAY_SHOWN = 8
"""Names of a circle that a fault repeats."""


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """`path` leads to it in the document; `dark` is the post that nobody reachable would hold."""

    path: tuple[str | int, ...]
    text: str
    dark: PostId | None = None


class DirectoryFault(PlacedError):
    """A directory, or a change to it, that is refused."""

    def __init__(self, faults: Iterable[PlacedFault]) -> None:
        self.found = tuple(faults)
        super().__init__([(fault.path, fault.text) for fault in self.found])

    @property
    def dark(self) -> tuple[PostId, ...]:
        """The posts that would be dark."""
        return tuple(dict.fromkeys(fault.dark for fault in self.found if fault.dark is not None))


def faults_of(whole: "Directory") -> list[PlacedFault]:
    return [
        *_twice(whole),
        *(fault for part, check in _CHECKS.items() for fault in check(whole, getattr(whole, part))),
    ]


def are_sound(whole: "Directory", ids: Ids) -> bool:
    """Whether none of these objects makes the directory invalid."""
    if any(len(getattr(whole, part)) != len(getattr(whole, table)) for part, table in TABLES.items()):
        return False  # something is declared twice
    return not any(
        fault for part, check in _CHECKS.items() for fault in check(whole, objects_of(whole, part, ids))
    )


def _twice(whole: "Directory") -> Iterator[PlacedFault]:
    lists = {
        "areas": ("area", [area.code for area in whole.areas]),
        "units": ("unit", [unit.id for unit in whole.units]),
        "people": ("person", [person.id for person in whole.people]),
        "posts": ("post", [post.id for post in whole.posts]),
        "rosters": ("roster", [roster.id for roster in whole.rosters]),
        "sources": ("source", [source.id for source in whole.sources]),
        "plans": ("plan", [plan.id for plan in whole.plans]),
        "suppressions": ("suppression", [suppression.id for suppression in whole.suppressions]),
    }
    for part, (noun, ids) in lists.items():
        declared: set[str] = set()
        for number, key in enumerate(ids):
            if key in declared:
                yield PlacedFault((part, number), f"{noun} {key} is declared twice: rename or remove one")
            declared.add(key)


def _areas(whole: "Directory", areas: Iterable["Area"]) -> Iterator[PlacedFault]:
    above: dict[str, str | None] = {code: area.within for code, area in whole.areas_by_code.items()}
    circles = _circles(above)
    for number, area in enumerate(areas):
        where = ("areas", number, "within")
        if area.within and area.within not in above:
            yield PlacedFault(where, f"area {area.code} lies within {area.within}, which is not declared")
        elif circle := circles.get(area.code):
            yield PlacedFault(
                where,
                f"area {area.code} lies within itself ({_round(area.code, circle)}): mend `within` of one of them",
            )
        elif len(area.code) > COUNTY_DIGITS and (
            area.within is None or not area.code.startswith(area.within)
        ):
            yield PlacedFault(
                where,
                f"area {area.code} is a township or a village: it lies within the area that its code begins with",
            )


def _units(whole: "Directory", units: Iterable["Unit"]) -> Iterator[PlacedFault]:
    above: dict[str, str | None] = {name: unit.superior for name, unit in whole.units_by_id.items()}
    circles = _circles(above)
    for number, unit in enumerate(units):
        where = ("units", number)
        if unit.area not in whole.areas_by_code:
            yield PlacedFault(
                (*where, "area"), f"unit {unit.id} is in area {unit.area}, which is not declared"
            )
        if unit.superior is not None and unit.superior not in above:
            yield PlacedFault(
                (*where, "superior"), f"unit {unit.id} has superior {unit.superior}, which is not declared"
            )
        elif circle := circles.get(unit.id):
            yield PlacedFault(
                (*where, "superior"),
                f"unit {unit.id} stands above itself ({_round(unit.id, circle)}): mend one superior",
            )
        for field, post in (("head", unit.head), ("duty_post", unit.duty_post)):
            if post is not None and post not in whole.posts_by_id:
                yield PlacedFault(
                    (*where, field),
                    f"unit {unit.id} names {post} as its {field}, a post that is not declared",
                )
        if unit.whole_city and len(whole.area_path(unit.area)) > 1:
            text = f"unit {unit.id} has the whole city and lies in area {unit.area}, a part of it: take whole_city away, or mend the area"
            yield PlacedFault((*where, "whole_city"), text)
        for place, competence in enumerate(unit.competence):
            if competence.area is not None and competence.area not in whole.areas_by_code:
                text = f"unit {unit.id} is competent in area {competence.area}, which is not declared"
                yield PlacedFault((*where, "competence", place, "area"), text)


def _people(whole: "Directory", people: Iterable["Person"]) -> Iterator[PlacedFault]:
    for number, person in enumerate(people):
        if person.unit not in whole.units_by_id:
            yield PlacedFault(
                ("people", number, "unit"),
                f"person {person.id} belongs to unit {person.unit}, which is not declared",
            )


def _posts(whole: "Directory", posts: Iterable["Post"]) -> Iterator[PlacedFault]:
    for number, post in enumerate(posts):
        where = ("posts", number)
        if post.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"), f"post {post.id} belongs to unit {post.unit}, which is not declared"
            )
        yield from _holder_faults(whole, post, where)
        yield from _known_areas(whole, post.areas, (*where, "areas"), f"post {post.id}")
        if post.stands_for is not None and (fault := _stands_for_fault(whole, post)):
            yield PlacedFault((*where, "stands_for"), fault)
        if post.roster is None:
            continue
        roster = whole.rosters_by_id.get(post.roster)
        if roster is None:
            yield PlacedFault(
                (*where, "roster"), f"post {post.id} is held by roster {post.roster}, which is not declared"
            )
        elif roster.post != post.id:
            text = f"post {post.id} is held by roster {roster.id}, which is made for post {roster.post}: correct one of the two"
            yield PlacedFault((*where, "roster"), text)


def _stands_for_fault(whole: "Directory", post: "Post") -> str | None:
    named = whole.posts_by_id.get(PostId(post.stands_for or ""))
    if named is None:
        return f"post {post.id} stands for {post.stands_for}, which is not declared: name a post"
    if named.id == post.id or named.stands_for is not None:
        return f"post {post.id} stands for {named.id}, which stands for another itself: name the post that policies name"
    return None


def _holder_faults(whole: "Directory", post: "Post", where: tuple[str | int, ...]) -> Iterator[PlacedFault]:
    dark = post.id
    if post.holder not in whole.people_by_id:
        text = f"post {post.id} is held by {post.holder}, who is not declared: the post would be dark, name a person"
        yield PlacedFault((*where, "holder"), text, dark)
    elif not _reachable(whole, post.holder):
        text = f"post {post.id} is held by {post.holder}, who has no channel: the post would be dark, give them one"
        yield PlacedFault((*where, "holder"), text, dark)
    for place, deputy in enumerate(post.deputies):
        if deputy not in whole.people_by_id:
            text = f"post {post.id} has deputy {deputy}, who is not declared: name a person"
        elif not _reachable(whole, deputy):
            text = f"post {post.id} has deputy {deputy}, who has no channel: the post would be dark in the holder's absence, give them one"
        elif deputy == post.holder:
            text = f"post {post.id} has its holder {deputy} for a deputy: name somebody else"
        else:
            continue
        yield PlacedFault((*where, "deputies", place), text, dark if deputy != post.holder else None)


def _rosters(whole: "Directory", rosters: Iterable["Roster"]) -> Iterator[PlacedFault]:
    for number, roster in enumerate(rosters):
        where = ("rosters", number)
        if roster.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"), f"roster {roster.id} belongs to unit {roster.unit}, which is not declared"
            )
        post = whole.posts_by_id.get(roster.post)
        if post is None:
            yield PlacedFault(
                (*where, "post"), f"roster {roster.id} is made for post {roster.post}, which is not declared"
            )
        elif post.roster is None:
            yield PlacedFault(
                (*where, "post"),
                f"roster {roster.id} is made for post {post.id}, which does not name it: add `roster: {roster.id}`",
            )
        elif post.roster != roster.id:
            text = f"roster {roster.id} is made for post {post.id}, which roster {post.roster} holds: correct one of the two"
            yield PlacedFault((*where, "post"), text)
        yield from _on_roster(whole, roster, where)


def _on_roster(whole: "Directory", roster: "Roster", where: tuple[str | int, ...]) -> Iterator[PlacedFault]:
    named = [(("rotation", place), member) for place, member in enumerate(roster.rotation)]
    named += [(("leaders", place), leader) for place, leader in enumerate(roster.leaders)]
    for place, override in enumerate(roster.overrides):
        named.append((("overrides", place), override.person))
        if override.leader:
            named.append((("overrides", place), override.leader))
    for path, person in named:
        if person not in whole.people_by_id:
            text = f"roster {roster.id} names {person}, who is not declared: post {roster.post} would be dark on that shift, name a person"
        elif not _reachable(whole, person):
            text = f"roster {roster.id} names {person}, who has no channel: post {roster.post} would be dark on that shift, give them one"
        else:
            continue
        yield PlacedFault((*where, *path), text, roster.post)


def _sources(whole: "Directory", sources: Iterable["Source"]) -> Iterator[PlacedFault]:
    for number, source in enumerate(sources):
        if source.unit not in whole.units_by_id:
            yield PlacedFault(
                ("sources", number, "unit"),
                f"source {source.id} reports for unit {source.unit}, which is not declared",
            )
        for unit in source.also_for:
            if unit not in whole.units_by_id:
                yield PlacedFault(
                    ("sources", number, "also_for"),
                    f"source {source.id} reports for unit {unit}, which is not declared",
                )
        if source.area not in whole.areas_by_code:
            yield PlacedFault(
                ("sources", number, "area"),
                f"source {source.id} is in area {source.area}, which is not declared",
            )
        if source.tell is not None and source.tell not in whole.posts_by_id:
            yield PlacedFault(
                ("sources", number, "tell"),
                f"source {source.id} is to tell post {source.tell}, which is not declared",
            )


def _plans(whole: "Directory", plans: Iterable["ContingencyPlan"]) -> Iterator[PlacedFault]:
    for number, plan in enumerate(plans):
        where = ("plans", number)
        if plan.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"), f"plan {plan.id} is owned by unit {plan.unit}, which is not declared"
            )
        for place, step in enumerate(plan.steps):
            if step.unit not in whole.units_by_id:
                text = f"plan {plan.id}, step {place + 1} is for unit {step.unit}, which is not declared"
                yield PlacedFault((*where, "steps", place, "unit"), text)
        yield from _known_areas(whole, plan.when.areas, (*where, "when", "areas"), f"plan {plan.id}")


def _suppressions(whole: "Directory", suppressions: Iterable["Suppression"]) -> Iterator[PlacedFault]:
    for number, suppression in enumerate(suppressions):
        where, who = ("suppressions", number), f"suppression {suppression.id}"
        yield from _known_areas(whole, suppression.areas, (*where, "areas"), who)
        for unit in suppression.units:
            if unit not in whole.units_by_id:
                yield PlacedFault((*where, "units"), f"{who} names unit {unit}, which is not declared")
        for source in suppression.sources:
            if source not in whole.sources_by_id:
                yield PlacedFault((*where, "sources"), f"{who} names source {source}, which is not declared")


def _known_areas(
    whole: "Directory", codes: Iterable[str], where: tuple[str | int, ...], who: str
) -> Iterator[PlacedFault]:
    for code in codes:
        if code not in whole.areas_by_code:
            yield PlacedFault(where, f"{who} names area {code}, which is not declared")


def _reachable(whole: "Directory", person: str) -> bool:
    return bool(whole.people_by_id[PersonId(person)].channels)


def _circles(above: dict[str, str | None]) -> dict[str, list[str]]:
    """Of each object that stands above itself all of its circle, upwards. Each is looked at once, however
    long the ways are.
    """
    circles: dict[str, list[str]] = {}
    visited: set[str] = set()
    for start in above:
        way: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in visited:
            visited.add(at)
            way[at] = None
            at = above.get(at)
        if at in way:
            names = [*way]
            circle = names[names.index(at) :]
            circles |= dict.fromkeys(circle, circle)
    return circles


def _round(start: str, circle: list[str]) -> str:
    """The way from `start` up to itself, the middle of a long one left out."""
    place = circle.index(start)
    way = [*circle[place:], *circle[:place], start]
    return " → ".join(way if len(way) <= WAY_SHOWN else [*way[: WAY_SHOWN - 2], "…", start])


_CHECKS: dict[str, Callable[["Directory", Iterable[Any]], Iterator[PlacedFault]]] = {
    "areas": _areas,
    "units": _units,
    "people": _people,
    "posts": _posts,
    "rosters": _rosters,
    "sources": _sources,
    "plans": _plans,
    "suppressions": _suppressions,
}
"""What is wrong with objects of a part, beside the whole they belong to; the numbers in the paths count the
objects given.
"""
