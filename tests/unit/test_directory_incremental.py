"""A change looks only at what it alters and at what names it; whatever the history of changes, that is as
good as building all anew.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.directory import Area, Directory, DirectoryFault, gaps
from shared.directory.change_facts import DirectoryChange, Remove
from shared.directory.changes import _dark_moments, apply_change, change_one  # pyright: ignore[reportPrivateUsage]
from shared.directory.faults import faults_of
from shared.directory.gaps import new_gaps
from shared.directory.keyed import Objects
from shared.directory.parts import PARTS, TABLES, altered, id_of
from shared.directory.placed import PlacedFault
from shared.directory.touched import touched
from shared.directory.whole import _DERIVED_FROM  # pyright: ignore[reportPrivateUsage]
from shared.facts.bounds import Frozen
from tests.unit.directory_builders import (
    DAY,
    MONDAY,
    NAME,
    away,
    changed,
    directory,
    parts,
    person,
    post,
    roster,
    unit,
)

AREAS, UNITS, PEOPLE = (
    ("620600", "620622", "620699"),
    ("city", "county", "clinic", "office"),
    ("chi", "dan", "ann", "bob", "cid", "eve"),
)
POSTS, ROSTERS = ("chief", "desk", "night"), ("watch", "second")
AHEAD = 14 * DAY
SCOPES = {"areas": ["620622"], "units": ["clinic"]}
STEP = {"title": NAME, "unit": "county", "within": "PT1H"}
FIRST = directory(
    units=[*parts()["units"], unit("office", superior="city")],
    people=[person(who) for who in PEOPLE],
    posts=[*parts()["posts"], post("night", "eve", deputies=["cid"], unit="clinic")],
    sources=[
        {"id": "gauge", "name": NAME, "unit": "clinic", "area": "620622", "formats": ["cap"], "tell": "night"}
    ],
    plans=[
        {
            "id": "flood",
            "name": NAME,
            "unit": "office",
            "version": "1",
            "review_by": "2026-11-25",
            "steps": [STEP],
            "when": {},
        }
    ],
    suppressions=[
        {
            "id": "works",
            "from": MONDAY,
            "until": MONDAY + DAY,
            "reason": "works",
            "by": "x",
            "sources": ["gauge"],
            **SCOPES,
        }
    ],
)
"""Every kind of object, and each names others that a history may take away."""


def maybe(ids: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(ids)


def some(ids: tuple[str, ...], most: int = 2) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(ids), max_size=most)


DAYS = st.integers(0, 9).map(lambda day: MONDAY + day * DAY)
AREA = st.sampled_from(AREAS)
UNIT, PERSON, POST = st.sampled_from(UNITS), st.sampled_from(PEOPLE), st.sampled_from(POSTS)
ABSENCES = st.lists(DAYS.map(lambda since: away(since, since + 2 * DAY)), max_size=2)
CHANNELS = st.sampled_from(
    [[], [{"channel": "voice", "address": "+860000000001"}], list(FIRST.people[0].channels)]
)
MOSTLY_NOT = st.sampled_from([False, False, True])
PUTS: dict[str, st.SearchStrategy[Any]] = {
    "area": st.fixed_dictionaries({"code": AREA, "name": st.just(NAME), "within": maybe(AREAS)}),
    "unit": st.builds(
        unit,
        UNIT,
        area=AREA,
        superior=maybe(UNITS),
        head=maybe(POSTS),
        duty_post=maybe(POSTS),
        whole_city=MOSTLY_NOT,
    ),
    "person": st.builds(person, PERSON, unit=UNIT, channels=CHANNELS, absences=ABSENCES),
    "post": st.builds(post, POST, holder=PERSON, unit=UNIT, deputies=some(PEOPLE), roster=maybe(ROSTERS)),
    "roster": st.builds(
        roster,
        id=st.sampled_from(ROSTERS),
        post=POST,
        rotation=st.lists(PERSON, min_size=1, max_size=3),
        leaders=some(PEOPLE),
        unit=UNIT,
    ),
    "source": st.just(FIRST.sources[0]),
    "plan": st.just(FIRST.plans[0]),
    "suppression": st.just(FIRST.suppressions[0]),
}
IDS = {"area": AREAS, "unit": UNITS, "person": PEOPLE, "post": POSTS, "roster": ROSTERS} | {
    what: (id_of(getattr(FIRST, PARTS[what])[0]),) for what in ("source", "plan", "suppression")
}


def a_put(what: str) -> st.SearchStrategy[dict[str, Any]]:
    return PUTS[what].map(lambda value: {"op": f"put_{what}", what: value})


A_CHANGE = st.one_of(
    *(a_put(what) for what in PUTS),
    *(a_put(what) for what in ("person", "post", "roster")),  # oftener: they decide who answers
    *(
        st.sampled_from(ids).map(lambda name, what=what: {"op": "remove", "what": what, "id": name})
        for what, ids in IDS.items()
    ),
    st.tuples(PERSON, DAYS).map(
        lambda of: {"op": "set_absence", "person": of[0], "absence": away(of[1], of[1] + 3 * DAY)}
    ),
    st.tuples(PERSON, DAYS).map(lambda of: {"op": "end_absence", "person": of[0], "at": of[1]}),
    st.tuples(POST, PERSON).map(lambda of: {"op": "set_holder", "post": of[0], "holder": of[1]}),
    st.tuples(PERSON, maybe(PEOPLE), DAYS).map(
        lambda of: {
            "op": "override_roster",
            "roster": "watch",
            "override": {"from": of[2], "until": of[2] + DAY, "person": of[0], "leader": of[1]},
        }
    ),
)
A_HISTORY = st.lists(st.lists(A_CHANGE, min_size=1, max_size=4), min_size=1, max_size=8)


def anew(whole: Directory) -> Directory:
    """The same of objects of its own, with nothing derived yet and nothing checked."""
    made = {part: tuple(again(one) for one in getattr(whole, part)) for part in TABLES}
    return Directory.trusted(whole.version, made, None, frozenset())


def again(one: Frozen) -> Frozen:
    return type(one).model_validate_json(one.model_dump_json())


def built_whole(before: Directory, change: DirectoryChange) -> Directory | list[PlacedFault]:
    """What `apply_change` is to come to, without any shortcut; an empty list where a change names what is not
    there.
    """
    objects = {what: {id_of(one): one for one in getattr(before, part)} for what, part in PARTS.items()}
    for one in change.changes:
        what = one.what if isinstance(one, Remove) else WHAT.get(one.op) or one.op.removeprefix("put_")
        name = (
            one.id
            if isinstance(one, Remove)
            else id_of(getattr(one, what))
            if one.op.startswith("put_")
            else getattr(one, what)
        )
        if not one.op.startswith("put_") and name not in objects[what]:
            return []
        if (value := change_one(one, objects[what].get(name))) is None:
            del objects[what][name]
        else:
            objects[what][name] = value
    made = {PARTS[what]: tuple(those.values()) for what, those in objects.items()}
    after = anew(Directory.trusted(change.version, made, None, frozenset()))
    if faults := faults_of(after):
        return faults
    dark_before, dark = (
        {**_dark_moments(one, frozenset(post.id for post in one.posts))} for one in (anew(before), after)
    )
    return [fault for moment, fault in dark.items() if moment not in dark_before] or after


WHAT = {"set_absence": "person", "end_absence": "person", "set_holder": "post", "override_roster": "roster"}


@given(A_HISTORY)
def test_a_history_of_changes_makes_what_building_all_anew_makes(history: list[list[Any]]) -> None:
    now, followed = FIRST, Objects()
    followed.adopt(FIRST)
    for changes in history:
        for name in _DERIVED_FROM:
            getattr(now, name)  # so that there is something to take over
        change = changed(*changes)
        expected = built_whole(now, change)
        if isinstance(expected, list):
            with pytest.raises(DirectoryFault) as refused:
                apply_change(now, change)
            assert not expected or list(refused.value.found) == expected
            continue
        after = apply_change(now, change)
        followed.apply(change.changes)
        for made in (after, followed.directory(change.version)):
            assert made == expected
            for name in _DERIVED_FROM:
                assert getattr(made, name) == getattr(expected, name), name
        assert altered(now, after) == altered(anew(now), expected) == unlike(now, after)
        assert touched(now, after, MONDAY) == touched(anew(now), expected, MONDAY)
        assert new_gaps(now, after, MONDAY, MONDAY + AHEAD) == opened(now, expected)
        now = after


def opened(before: Directory, after: Directory) -> list[Any]:
    known = {(gap.code, gap.subject, gap.since) for gap in gaps(before, MONDAY, MONDAY + AHEAD)}
    return [
        gap for gap in gaps(after, MONDAY, MONDAY + AHEAD) if (gap.code, gap.subject, gap.since) not in known
    ]


def unlike(before: Directory, after: Directory) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for part in TABLES:
        old, new = ({id_of(one): one for one in getattr(whole, part)} for whole in (before, after))
        found[part] = frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return found


def test_an_object_that_stands_twice_is_a_fault_of_a_revision_too() -> None:
    with pytest.raises(DirectoryFault, match="person chi is declared twice"):
        FIRST.revised(people=(*FIRST.people, FIRST.people[0]))


LONE = {
    "areas": (*FIRST.areas, Area.model_validate({"code": "620633", "name": NAME})),
    "units": (*FIRST.units, unit("lone", head=None)),
    "people": (*FIRST.people, person("lone")),
    "posts": (*FIRST.posts, post("lone", "chi")),
    "sources": (*FIRST.sources, FIRST.sources[0].model_copy(update={"id": "lone"})),
}
"""Beside the others an object of each kind that nobody names."""
WITH_LONE = FIRST.revised(None, **LONE)
STAND_IN = {"from": MONDAY, "until": MONDAY + DAY, "person": "ann"}


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("areas", {"within": "620633"}),
        ("units", {"area": "620633"}),
        ("units", {"competence": [{"area": "620633"}]}),
        ("sources", {"area": "620633"}),
        ("plans", {"when": {"areas": ["620633"]}}),
        ("suppressions", {"areas": ["620633"]}),
        ("units", {"superior": "lone"}),
        ("people", {"unit": "lone"}),
        ("posts", {"unit": "lone"}),
        ("rosters", {"unit": "lone"}),
        ("sources", {"unit": "lone"}),
        ("sources", {"also_for": ["lone"]}),
        ("plans", {"unit": "lone"}),
        ("plans", {"steps": [{**STEP, "unit": "lone"}]}),
        ("suppressions", {"units": ["lone"]}),
        ("posts", {"deputies": ["lone"]}),
        ("posts", {"holder": "lone"}),
        ("rosters", {"rotation": ["ann", "lone"]}),
        ("rosters", {"leaders": ["lone"]}),
        ("rosters", {"overrides": [{**STAND_IN, "person": "lone"}]}),
        ("rosters", {"overrides": [{**STAND_IN, "leader": "lone"}]}),
        ("units", {"head": "lone"}),
        ("units", {"duty_post": "lone"}),
        ("sources", {"tell": "lone"}),
        ("suppressions", {"sources": ["lone"]}),
    ],
)
def test_whatever_is_named_in_a_single_place_can_not_be_taken_away(part: str, fields: dict[str, Any]) -> None:
    first, *others = getattr(WITH_LONE, part)
    naming = WITH_LONE.revised(
        None, **{part: (type(first).model_validate(first.model_dump(by_alias=True) | fields), *others)}
    )
    assert not refused_without_lone(WITH_LONE)
    assert len(refused_without_lone(naming)) == 1


def refused_without_lone(whole: Directory) -> list[str]:
    """The parts of which the last object can't be taken away."""
    return [part for part in LONE if refuses(whole, part)]


def refuses(whole: Directory, part: str) -> bool:
    try:
        whole.revised(None, **{part: getattr(whole, part)[:-1]})
    except DirectoryFault:
        return True
    return False
