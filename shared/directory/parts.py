"""The parts of a directory, which of them names objects of which, and what differs between two directories.
Pure.

Invariant: what can be wrong with an object depends on itself and on the objects that it names. After a change
it is therefore enough to look at what was altered and at what names it, and an object that is not named here
is equal in both directories.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.directory.whole import Directory

PARTS = {
    "area": "areas",
    "unit": "units",
    "person": "people",
    "post": "posts",
    "roster": "rosters",
    "source": "sources",
    "plan": "plans",
    "suppression": "suppressions",
}
"""What a change calls it → the directory's field."""
TABLES = {
    "areas": "areas_by_code",
    "units": "units_by_id",
    "people": "people_by_id",
    "posts": "posts_by_id",
    "rosters": "rosters_by_id",
    "sources": "sources_by_id",
    "plans": "plans_by_id",
    "suppressions": "suppressions_by_id",
}
"""The directory's field → that of the same objects by their ids."""

_Ids = Iterable[str | None]


def _on_roster(roster: Any) -> _Ids:
    stand_ins = [person for override in roster.overrides for person in (override.person, override.leader)]
    return (*roster.rotation, *roster.leaders, *stand_ins)


_NAMES: dict[str, dict[str, Callable[[Any], _Ids]]] = {
    "areas": {"areas": lambda area: (area.within,)},
    "units": {
        "areas": lambda unit: (unit.area, *(competence.area for competence in unit.competence)),
        "units": lambda unit: (unit.superior,),
        "posts": lambda unit: (unit.head, unit.duty_post),
    },
    "people": {"units": lambda person: (person.unit,)},
    "posts": {
        "units": lambda post: (post.unit,),
        "people": lambda post: (post.holder, *post.deputies),
        "rosters": lambda post: (post.roster,),
        "posts": lambda post: (post.stands_for,),
        "areas": lambda post: post.areas,
    },
    "rosters": {
        "units": lambda roster: (roster.unit,),
        "people": _on_roster,
        "posts": lambda roster: (roster.post,),
    },
    "sources": {
        "areas": lambda source: (source.area,),
        "units": lambda source: source.reports_for,
        "posts": lambda source: (source.tell,),
    },
    "plans": {
        "areas": lambda plan: plan.when.areas,
        "units": lambda plan: (plan.unit, *(step.unit for step in plan.steps)),
    },
    "suppressions": {
        "areas": lambda suppression: suppression.areas,
        "units": lambda suppression: suppression.units,
        "sources": lambda suppression: suppression.sources,
    },
}
"""Field → field of the objects it names → the ids that an object names there."""

Ids = Mapping[str, frozenset[str]]
"""Field → ids of objects of it."""


def id_of(one: Any) -> str:
    return str(getattr(one, "id", None) or one.code)


def altered(before: "Directory", after: "Directory") -> Ids:
    """What was added, taken away, or is not what it was."""
    return {part: _unlike(getattr(before, part), getattr(after, part)) for part in TABLES}


def _unlike(before: tuple[Any, ...], after: tuple[Any, ...]) -> frozenset[str]:
    if before is after:
        return frozenset()
    # Nearly all stand where they stood, as the very same objects: only the others are laid side by side.
    pairs = [(old, new) for old, new in zip_longest(before, after) if old is not new]
    earlier = {id_of(old): old for old, _ in pairs if old is not None}
    later = {id_of(new): new for _, new in pairs if new is not None}
    return frozenset(
        name
        for name in earlier.keys() | later.keys()
        if (old := earlier.get(name)) is not (new := later.get(name)) and old != new
    )


def near(directory: "Directory", ids: Ids) -> Ids:
    """These objects, and all that name one of them."""
    return {part: ids[part] | _naming(getattr(directory, part), _NAMES[part], ids) for part in TABLES}


def _naming(objects: Iterable[Any], names: Mapping[str, Callable[[Any], _Ids]], ids: Ids) -> frozenset[str]:
    looked_for = [(named_by, ids[part]) for part, named_by in names.items() if ids[part]]
    if not looked_for:
        return frozenset()
    return frozenset(
        id_of(entry)
        for entry in objects
        if any(not those.isdisjoint(named_by(entry)) for named_by, those in looked_for)
    )


def posts_answered_otherwise(directory: "Directory", ids: Ids) -> frozenset[str]:
    """Every post whose holder, at some moment, may be another one because of these objects: it or its roster
    is among them, or somebody whom one of the two names.
    """
    deciding = {
        part: ids[part] if part in ("people", "posts", "rosters") else frozenset[str]() for part in TABLES
    }
    return near(directory, {**deciding, "rosters": near(directory, deciding)["rosters"]})["posts"]


def objects_of(directory: "Directory", part: str, ids: Ids) -> list[Any]:
    """Those of `ids` that the directory has."""
    table = getattr(directory, TABLES[part])
    return [table[name] for name in sorted(ids[part]) if name in table]
