"""Alone only who is away and who stands in, of the own unit, from now on, for a shift; all else takes a
second person, who is another.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.directory import Directory, Override
from shared.directory.change_facts import (
    Change,
    EndAbsence,
    OverrideRoster,
    PutPerson,
    PutUnit,
    SetAbsence,
    SetHolder,
)
from shared.directory.changes import apply_change
from shared.directory.changing import (
    BACKWARDS,
    MAY_APPROVE,
    Asker,
    Need,
    NotYours,
    approvers,
    needs,
    units_of,
    why_not,
)
from shared.facts import Actor
from shared.ids import PersonId, PostId, RosterId, UnitId
from shared.vocabulary import Role
from tests.unit.directory_builders import DAY, MONDAY, away, changed, directory, person, unit

HOUR = timedelta(hours=1)
OF_COUNTY = [
    person("chi", unit="county"),
    person("dan", unit="county"),
    *(person(who) for who in ("ann", "bob", "cid")),
]


def asker(role: Role = Role.DUTY_OFFICER, unit: str | None = "city", who: str | None = None) -> Asker:
    return Asker(role, UnitId(unit) if unit else None, PersonId(who) if who else None)


def need(
    one: Asker, *changes: Change, before: Directory | None = None, now: datetime = MONDAY
) -> list[Need | None]:
    known = before or directory()
    return list(needs(one, changes, known, apply_change(known, changed(*changes)), now))


def absence(who: str = "chi", since: datetime = MONDAY, length: timedelta = HOUR) -> SetAbsence:
    return SetAbsence(person=PersonId(who), absence=away(since, since + length))


def stands_in(
    who: str = "cid", since: datetime = MONDAY, length: timedelta = HOUR, **more: Any
) -> OverrideRoster:
    return OverrideRoster(
        roster=RosterId("watch"),
        override=Override(since=since, until=since + length, person=PersonId(who), **more),
    )


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ([absence()], None),
        ([absence(length=DAY)], None),
        ([absence(length=365 * DAY)], Need.LONGER_THAN_A_SHIFT),
        ([absence(since=MONDAY - HOUR, length=2 * HOUR)], Need.BEGINS_EARLIER),
        ([absence(since=MONDAY - timedelta(minutes=1))], None),
        ([stands_in()], None),
        ([stands_in(length=8 * DAY)], Need.LONGER_THAN_A_SHIFT),
        ([SetHolder(post=PostId("chief"), holder=PersonId("ann"))], Need.OTHER_THAN_SHIFTS),
        (
            [PutPerson(person=person("chi", channels=[{"channel": "sms", "address": "+861"}]))],
            Need.OTHER_THAN_SHIFTS,
        ),
    ],
)
def test_what_a_duty_officer_may_change_of_the_own_unit(changes: list[Change], wanted: Need | None) -> None:
    assert need(asker(), *changes) == [wanted]
    assert need(asker(Role.OPERATOR, None), *changes) == [None], "the operator needs nobody"


def test_another_units_people_take_a_second_person_however_short_it_is() -> None:
    town = directory(people=OF_COUNTY)
    for one, wanted in (
        (asker(unit="city"), Need.ANOTHER_UNIT),
        (asker(unit=None), Need.ANOTHER_UNIT),
        (asker(unit="clinic"), Need.ANOTHER_UNIT),
        (asker(unit="county"), None),
        (asker(Role.SUPERVISOR, "city"), None),
        (asker(Role.SUPERVISOR, "clinic"), Need.ANOTHER_UNIT),
    ):
        assert need(one, absence(), before=town) == [wanted], one


def test_somebody_of_another_unit_is_not_put_on_the_own_roster_alone() -> None:
    town = directory(
        people=[*(person(who) for who in ("chi", "dan", "ann", "bob")), person("cid", unit="county")]
    )
    assert need(asker(), stands_in("cid"), before=town) == [Need.ANOTHER_UNIT]


def test_nobody_comes_to_stand_in_for_a_leader_by_their_own_word() -> None:
    assert need(asker(who="dan"), absence("chi")) == [Need.TAKES_OVER], "dan is deputy of chi"
    assert need(asker(who="ann"), stands_in("cid", leader="ann")) == [Need.TAKES_OVER]
    assert need(asker(who="cid"), stands_in("cid")) == [None], "an exchanged shift: who had it is told"


def test_who_is_absent_for_long_is_not_called_back_alone() -> None:
    on_leave = person("chi", absences=[away(MONDAY - DAY, MONDAY + 14 * DAY)])
    town = directory(people=[on_leave, *(person(who) for who in ("dan", "ann", "bob", "cid"))])
    assert need(asker(), EndAbsence(person=PersonId("chi"), at=MONDAY), before=town) == [
        Need.LONGER_THAN_A_SHIFT
    ]
    assert need(asker(), EndAbsence(person=PersonId("chi"), at=MONDAY + 13 * DAY), before=town) == [None]


stretches = st.tuples(st.integers(0, 14 * 24), st.integers(1, 24))


@given(pieces=st.lists(stretches, min_size=1, max_size=12))
def test_a_year_can_not_be_put_together_of_hours(pieces: Sequence[tuple[int, int]]) -> None:
    """Whatever is made alone, one after the other, at one moment: never is anybody absent longer than a
    shift.
    """
    town = directory()
    for start, hours in pieces:
        change = absence("chi", MONDAY + start * HOUR, hours * HOUR)
        after = apply_change(town, changed(change))
        if needs(asker(), [change], town, after, MONDAY) == (None,):
            town = after
    away_for = {
        hour
        for hour in range(16 * 24)
        if any(one.covers(MONDAY + hour * HOUR) for one in town.people[0].absences)
    }
    assert len(away_for) * HOUR <= DAY + BACKWARDS


# The second person


def second(
    who: Asker, principal: str = "second", touched: Sequence[str] = ("chi",), units: Sequence[str] = ("city",)
) -> NotYours | None:
    proposer = Actor(principal="first", role=Role.DUTY_OFFICER)
    return why_not(who, principal, proposer, "fay", touched, [UnitId(unit) for unit in units])


def test_the_second_person_is_another_of_a_unit_above_and_not_touched() -> None:
    assert second(asker(Role.LEADER)) is None
    assert second(asker(Role.SUPERVISOR, "county")) is NotYours.UNIT
    assert second(asker(Role.OPERATOR, None)) is None
    assert second(asker(Role.LEADER), "first") is NotYours.OWN_PROPOSAL
    assert second(asker(Role.LEADER, who="fay"), "another-token-of-fay") is NotYours.OWN_PROPOSAL
    assert second(asker(Role.LEADER, who="chi")) is NotYours.TOUCHED
    for role in set(Role) - MAY_APPROVE:
        assert second(asker(role)) is NotYours.ROLE


def test_it_is_for_the_units_above_all_that_it_concerns() -> None:
    town = directory(people=OF_COUNTY)
    concerned = units_of(absence("chi"), town, town)
    assert (concerned, approvers(concerned, town)) == ({"county"}, ("city",))
    assert approvers({UnitId("clinic")}, town) == ("county", "city")
    assert approvers({UnitId("clinic"), UnitId("county")}, town) == ("city",)
    assert approvers({UnitId("city")}, town) == ("city",), "nobody is above the unit above all"
    as_operator = PutPerson(person=person("chi", unit="county", roles=["operator"]))
    assert units_of(as_operator, town, town) == {None}, (
        "whoever gives roles gives power over more than their unit"
    )
    moved = PutUnit(unit=unit("clinic", area="620622", superior="city"))
    assert units_of(moved, town, town) == {None}, "where a unit stands decides who has power over whom"
    assert approvers({None}, town) == (), "what concerns the whole city is the operator's"
