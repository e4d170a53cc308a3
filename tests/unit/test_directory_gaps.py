"""Warning before a gap: whoever looks a week ahead is told what will be dark, from when, and what to do."""

from datetime import timedelta
from typing import Any

from shared.directory import Directory, Gap, gaps
from shared.directory.gaps import new_gaps
from tests.unit.directory_builders import (
    DAY,
    MONDAY,
    NAME,
    away,
    directory,
    parts,
    person,
    post,
    roster,
    unit,
)


def found(whole: Directory, days: int = 14) -> dict[str, Gap]:
    return {gap.code: gap for gap in gaps(whole, MONDAY, MONDAY + days * DAY)}


def with_absence(who: str, since: int, until: int, **changes: Any) -> Directory:
    people = [
        person(one, absences=[away(MONDAY + since * DAY, MONDAY + until * DAY)] if one == who else [])
        for one in PEOPLE
    ]
    return directory(people=people, **changes)


PEOPLE = ("chi", "dan", "ann", "bob", "cid")
ALONE = {"posts": [post("chief", "chi"), post("desk", "dan", roster="watch")]}


def test_a_directory_without_a_gap_has_none() -> None:
    assert found(directory()) == {}


def test_a_holder_who_will_be_away_without_a_deputy_is_a_grave_gap_for_just_that_time() -> None:
    gap = found(with_absence("chi", 6, 7, **ALONE))["no_deputy"]
    assert (gap.subject, gap.since, gap.until, gap.grave) == (
        "chief",
        MONDAY + 6 * DAY,
        MONDAY + 7 * DAY,
        True,
    )
    assert "指定一名" in gap.text.zh
    assert "name a deputy" in gap.text.en
    assert found(with_absence("chi", 6, 7)) == {}, "with a deputy it is none"
    assert found(with_absence("chi", 6, 7, **ALONE), days=6) == {}, "nor where nobody looks so far ahead"


def test_a_watch_that_will_be_away_is_a_gap_and_its_leader_on_duty_mends_it() -> None:
    """bob is on duty on the first, fourth, seventh … day after Monday."""
    gap = found(with_absence("bob", 0, 3))["nobody_on_duty"]
    assert (gap.subject, gap.since, gap.until, gap.grave) == ("desk", MONDAY + DAY, MONDAY + 2 * DAY, False)
    assert found(with_absence("bob", 0, 3, rosters=[roster(leaders=["dan"])])) == {}
    instead = {"from": MONDAY + DAY, "until": MONDAY + 2 * DAY, "person": "cid"}
    assert found(with_absence("bob", 0, 3, rosters=[roster(overrides=[instead])])) == {}


def test_a_roster_that_ends_is_told_beforehand() -> None:
    gap = found(directory(rosters=[roster(ends="2026-11-29")]))["roster_ends"]
    assert (gap.subject, gap.since) == ("watch", MONDAY + 7 * DAY)


def test_somebody_with_one_way_to_reach_them_is_named() -> None:
    only = [{"channel": "voice", "address": "+860000000000"}]
    people = [person("chi", channels=only), *(person(one) for one in PEOPLE[1:]), person("eve", channels=[])]
    by_code = found(directory(people=people))
    assert (by_code["one_channel"].subject, by_code["no_channel"].subject) == ("chi", "eve")


def test_a_unit_nobody_heads_and_a_plan_past_its_review_are_named() -> None:
    step = {"title": NAME, "unit": "city", "within": "PT1H"}
    plan = {
        "id": "plan",
        "name": NAME,
        "unit": "city",
        "version": "1",
        "review_by": "2026-11-30",
        "steps": [step],
    }
    by_code = found(directory(units=[*parts()["units"], unit("office", head=None)], plans=[plan]))
    assert by_code["nobody_heads"].subject == "office"
    assert by_code["plan_review"].since == (MONDAY + 8 * DAY).replace(hour=0, minute=0)


def test_the_grave_ones_come_first_and_then_the_nearest() -> None:
    whole = with_absence("chi", 6, 7, **ALONE, rosters=[roster(ends="2026-11-24")])
    listed = gaps(whole, MONDAY, MONDAY + timedelta(days=14))
    assert [gap.code for gap in listed] == ["no_deputy", "roster_ends"]


def test_the_gaps_that_a_change_opens_are_those_that_were_not_there_before() -> None:
    before, until = with_absence("dan", 1, 2, **ALONE), MONDAY + 14 * DAY
    both = [
        person(one, absences=[away(MONDAY + 4 * DAY, MONDAY + 9 * DAY)] if one in ("chi", "bob") else [])
        for one in PEOPLE
    ]
    after = directory(people=both, **ALONE)
    known = {(gap.code, gap.subject, gap.since) for gap in gaps(before, MONDAY, until)}
    opened = [gap for gap in gaps(after, MONDAY, until) if (gap.code, gap.subject, gap.since) not in known]
    assert new_gaps(before, after, MONDAY, until) == opened
    assert {gap.subject for gap in opened} == {"chief", "desk"}
