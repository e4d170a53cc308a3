"""What makes a directory invalid: references that lead nowhere, circles, and posts that are or would be dark.

Invariant: a fault says where it stands and what to do.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from shared.directory.parts import TABLES, Ids, id_of, objects_of
from shared.directory.placed import PlacedFault
from shared.directory.post_faults import faults_of_posts, faults_of_rosters, undeclared_areas
from shared.message import N_, said

if TYPE_CHECKING:
    from shared.directory.people import Person
    from shared.directory.plans import ContingencyPlan, Suppression
    from shared.directory.units import Area, Source, Unit
    from shared.directory.whole import Directory


COUNTY_DIGITS = 6
WAY_SHOWN = 8
"""Names of a circle that a fault repeats."""


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


_NOUNS = {
    "areas": N_("area"),
    "units": N_("unit"),
    "people": N_("person"),
    "posts": N_("post"),
    "rosters": N_("roster"),
    "sources": N_("source"),
    "plans": N_("plan"),
    "suppressions": N_("suppression"),
}


def _twice(whole: "Directory") -> Iterator[PlacedFault]:
    for part, noun in _NOUNS.items():
        declared: set[str] = set()
        for number, key in enumerate(map(id_of, getattr(whole, part))):
            if key in declared:
                yield PlacedFault(
                    (part, number),
                    said(
                        N_("%(noun)s %(key)s is declared twice: rename or remove one"),
                        noun=said(noun),
                        key=key,
                    ),
                )
            declared.add(key)


def _areas(whole: "Directory", areas: Iterable["Area"]) -> Iterator[PlacedFault]:
    above: dict[str, str | None] = {code: area.within for code, area in whole.areas_by_code.items()}
    circles = _circles(above)
    for number, area in enumerate(areas):
        where = ("areas", number, "within")
        if area.within and area.within not in above:
            yield PlacedFault(
                where,
                said(
                    N_("area %(area)s lies within %(within)s, which is not declared"),
                    area=area.code,
                    within=area.within,
                ),
            )
        elif circle := circles.get(area.code):
            yield PlacedFault(
                where,
                said(
                    N_("area %(area)s lies within itself (%(circle)s): mend `within` of one of them"),
                    area=area.code,
                    circle=_round(area.code, circle),
                ),
            )
        elif len(area.code) > COUNTY_DIGITS and (
            area.within is None or not area.code.startswith(area.within)
        ):
            yield PlacedFault(
                where,
                said(
                    N_(
                        "area %(area)s is a township or a village: "
                        "it lies within the area that its code begins with"
                    ),
                    area=area.code,
                ),
            )


def _units(whole: "Directory", units: Iterable["Unit"]) -> Iterator[PlacedFault]:
    above: dict[str, str | None] = {name: unit.superior for name, unit in whole.units_by_id.items()}
    circles = _circles(above)
    for number, unit in enumerate(units):
        where = ("units", number)
        if unit.area not in whole.areas_by_code:
            yield PlacedFault(
                (*where, "area"),
                said(
                    N_("unit %(unit)s is in area %(area)s, which is not declared"),
                    unit=unit.id,
                    area=unit.area,
                ),
            )
        if unit.superior is not None and unit.superior not in above:
            yield PlacedFault(
                (*where, "superior"),
                said(
                    N_("unit %(unit)s has superior %(superior)s, which is not declared"),
                    unit=unit.id,
                    superior=unit.superior,
                ),
            )
        elif circle := circles.get(unit.id):
            yield PlacedFault(
                (*where, "superior"),
                said(
                    N_("unit %(unit)s stands above itself (%(circle)s): mend one superior"),
                    unit=unit.id,
                    circle=_round(unit.id, circle),
                ),
            )
        for field, post in (("head", unit.head), ("duty_post", unit.duty_post)):
            if post is not None and post not in whole.posts_by_id:
                yield PlacedFault(
                    (*where, field),
                    said(
                        N_("unit %(unit)s names %(post)s as its %(field)s, a post that is not declared"),
                        unit=unit.id,
                        post=post,
                        field=field,
                    ),
                )
        if unit.whole_city and len(whole.area_path(unit.area)) > 1:
            text = said(
                N_(
                    "unit %(unit)s has the whole city and lies in area %(area)s, a part of it: take whole_city away, or mend the area"
                ),
                unit=unit.id,
                area=unit.area,
            )
            yield PlacedFault((*where, "whole_city"), text)
        for place, competence in enumerate(unit.competence):
            if competence.area is not None and competence.area not in whole.areas_by_code:
                text = said(
                    N_("unit %(unit)s is competent in area %(area)s, which is not declared"),
                    unit=unit.id,
                    area=competence.area,
                )
                yield PlacedFault((*where, "competence", place, "area"), text)


def _people(whole: "Directory", people: Iterable["Person"]) -> Iterator[PlacedFault]:
    for number, person in enumerate(people):
        if person.unit not in whole.units_by_id:
            yield PlacedFault(
                ("people", number, "unit"),
                said(
                    N_("person %(person)s belongs to unit %(unit)s, which is not declared"),
                    person=person.id,
                    unit=person.unit,
                ),
            )
        yield from _own_order(number, person)
        yield from _quiet(number, person)


def _quiet(number: int, person: "Person") -> Iterator[PlacedFault]:
    names = {entry.channel for entry in person.channels}
    for place, channel in enumerate(person.quiet.channels if person.quiet is not None else ()):
        if channel not in names:
            yield PlacedFault(
                ("people", number, "quiet", "channels", place),
                said(
                    N_(
                        "person %(person)s: quiet names %(channel)s, on which they have no address: name one of theirs"
                    ),
                    person=person.id,
                    channel=channel,
                ),
            )


def _own_order(number: int, person: "Person") -> Iterator[PlacedFault]:
    """The times after which a person's channels are given up."""
    names = [entry.channel for entry in person.channels]
    for place, entry in enumerate(person.channels):
        if entry.give_up is None:
            continue
        where = ("people", number, "channels", place, "give_up")
        if entry.channel in names[:place]:
            yield PlacedFault(
                where,
                said(
                    N_(
                        "person %(person)s: give_up of %(channel)s stands at its first address: move it there"
                    ),
                    person=person.id,
                    channel=entry.channel,
                ),
            )
        elif not set(names[place:]) - {entry.channel}:
            yield PlacedFault(
                where,
                said(
                    N_(
                        "person %(person)s: nothing is tried after %(channel)s: name another channel behind it, "
                        "or leave its give_up out"
                    ),
                    person=person.id,
                    channel=entry.channel,
                ),
            )


def _sources(whole: "Directory", sources: Iterable["Source"]) -> Iterator[PlacedFault]:
    for number, source in enumerate(sources):
        if source.unit not in whole.units_by_id:
            yield PlacedFault(
                ("sources", number, "unit"),
                said(
                    N_("source %(source)s reports for unit %(unit)s, which is not declared"),
                    source=source.id,
                    unit=source.unit,
                ),
            )
        for unit in source.also_for:
            if unit not in whole.units_by_id:
                yield PlacedFault(
                    ("sources", number, "also_for"),
                    said(
                        N_("source %(source)s reports for unit %(unit)s, which is not declared"),
                        source=source.id,
                        unit=unit,
                    ),
                )
        if source.area not in whole.areas_by_code:
            yield PlacedFault(
                ("sources", number, "area"),
                said(
                    N_("source %(source)s is in area %(area)s, which is not declared"),
                    source=source.id,
                    area=source.area,
                ),
            )
        if source.tell is not None and source.tell not in whole.posts_by_id:
            yield PlacedFault(
                ("sources", number, "tell"),
                said(
                    N_("source %(source)s is to tell post %(tell)s, which is not declared"),
                    source=source.id,
                    tell=source.tell,
                ),
            )


def _plans(whole: "Directory", plans: Iterable["ContingencyPlan"]) -> Iterator[PlacedFault]:
    for number, plan in enumerate(plans):
        where = ("plans", number)
        if plan.unit not in whole.units_by_id:
            yield PlacedFault(
                (*where, "unit"),
                said(
                    N_("plan %(plan)s is owned by unit %(unit)s, which is not declared"),
                    plan=plan.id,
                    unit=plan.unit,
                ),
            )
        for place, step in enumerate(plan.steps):
            if step.unit not in whole.units_by_id:
                text = said(
                    N_("plan %(plan)s, step %(place)s is for unit %(unit)s, which is not declared"),
                    plan=plan.id,
                    place=place + 1,
                    unit=step.unit,
                )
                yield PlacedFault((*where, "steps", place, "unit"), text)
        yield from undeclared_areas(
            whole, plan.when.areas, (*where, "when", "areas"), said(N_("plan %(plan)s"), plan=plan.id)
        )


def _suppressions(whole: "Directory", suppressions: Iterable["Suppression"]) -> Iterator[PlacedFault]:
    for number, suppression in enumerate(suppressions):
        where, who = (
            ("suppressions", number),
            said(N_("suppression %(suppression)s"), suppression=suppression.id),
        )
        yield from undeclared_areas(whole, suppression.areas, (*where, "areas"), who)
        for unit in suppression.units:
            if unit not in whole.units_by_id:
                yield PlacedFault(
                    (*where, "units"),
                    said(N_("%(who)s names unit %(unit)s, which is not declared"), who=who, unit=unit),
                )
        for source in suppression.sources:
            if source not in whole.sources_by_id:
                yield PlacedFault(
                    (*where, "sources"),
                    said(
                        N_("%(who)s names source %(source)s, which is not declared"), who=who, source=source
                    ),
                )


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
    "posts": faults_of_posts,
    "rosters": faults_of_rosters,
    "sources": _sources,
    "plans": _plans,
    "suppressions": _suppressions,
}
"""What is wrong with objects of a part, beside the whole they belong to; the numbers in the paths count the
objects given.
"""
