"""Whoever a change of the directory touches is found by what is different, whichever change brought it
about.
"""

from datetime import timedelta
from typing import Any

from shared.directory import Directory, Override
from shared.directory.change_facts import EndAbsence, OverrideRoster, PutPerson, Remove, SetAbsence, SetHolder
from shared.directory.changes import apply_change
from shared.directory.touched import signature, touched
from shared.facts import Name, Touch
from shared.ids import PersonId, PostId, RosterId
from tests.unit.directory_builders import DAY, MONDAY, away, changed, directory, parts, person, roster

NOBODY = Name(zh="某人", en="somebody")


def told(before: Directory, *changes: Any) -> dict[str, list[Touch]]:
    """Person → in what ways touched."""
    after = apply_change(before, changed(*changes))
    return {one.person: [change.what for change in one.changes] for one in touched(before, after, MONDAY)}


def test_an_absence_touches_who_is_absent_for_as_long_as_lies_ahead() -> None:
    before = directory()
    after = apply_change(
        before, changed(SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + DAY)))
    )
    (one,) = touched(before, after, MONDAY)
    assert (one.person, one.channels) == ("chi", ("sms",)), (
        "the telephone rings only for who has nothing else"
    )
    (change,) = one.changes
    assert (change.what, change.since, change.until) == (Touch.ABSENT, MONDAY, MONDAY + DAY)
    assert touched(before, after, MONDAY + 2 * DAY) == ()


def test_an_absence_that_ends_or_grows_says_by_how_much() -> None:
    absent = person("chi", absences=[away(MONDAY, MONDAY + 4 * DAY)])
    before = directory(people=[absent, *(person(who) for who in ("dan", "ann", "bob", "cid"))])
    after = apply_change(before, changed(EndAbsence(person=PersonId("chi"), at=MONDAY + DAY)))
    assert [(one.what, one.since, one.until) for one in touched(before, after, MONDAY)[0].changes] == [
        (Touch.PRESENT, MONDAY + DAY, MONDAY + 4 * DAY)
    ]
    after = apply_change(
        before, changed(SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + 6 * DAY)))
    )
    assert [(one.what, one.since, one.until) for one in touched(before, after, MONDAY)[0].changes] == [
        (Touch.ABSENT, MONDAY + 4 * DAY, MONDAY + 6 * DAY)
    ]


def test_who_loses_and_who_gets_a_post_or_a_shift_are_both_told() -> None:
    assert told(
        directory(), SetHolder(post=PostId("chief"), holder=PersonId("ann"), deputies=(PersonId("bob"),))
    ) == {
        "chi": [Touch.HOLDS_NO_MORE],
        "dan": [Touch.DEPUTY_NO_MORE],
        "ann": [Touch.HOLDS],
        "bob": [Touch.DEPUTY],
    }
    stands_in = Override(
        since=MONDAY + timedelta(hours=2), until=MONDAY + timedelta(hours=4), person=PersonId("cid")
    )
    before = directory()
    after = apply_change(before, changed(OverrideRoster(roster=RosterId("watch"), override=stands_in)))
    ann, cid = touched(before, after, MONDAY)
    assert [
        (one.what, one.other and one.other.en, one.since, one.until) for one in (*ann.changes, *cid.changes)
    ] == [
        (Touch.OFF_SHIFT, "cid", stands_in.since, stands_in.until),
        (Touch.ON_SHIFT, "ann", stands_in.since, stands_in.until),
    ]
    again = apply_change(
        after, changed(SetHolder(post=PostId("chief"), holder=PersonId("chi"), deputies=(PersonId("dan"),)))
    )
    assert touched(after, again, MONDAY) == (), "what stays as it is touches nobody"


def test_other_addresses_another_unit_and_a_removal_touch_the_person() -> None:
    moved = person("cid", unit="county", channels=[{"channel": "voice", "address": "+869999999999"}])
    assert told(directory(), PutPerson(person=moved)) == {"cid": [Touch.ADDRESSES, Touch.UNIT]}
    without = directory(rosters=[roster(rotation=["ann", "bob"])])
    assert told(without, Remove(what="person", id="cid")) == {"cid": [Touch.REMOVED]}


def test_newcomers_are_told_nothing_and_a_new_rotation_touches_all_of_it() -> None:
    assert told(directory(), PutPerson(person=person("eve"))) == {}
    before = directory()
    after = Directory.model_validate(parts(rosters=[roster(hours=12)]))
    assert {one.person for one in touched(before, after, MONDAY)} == {"ann", "bob", "cid"}


def test_a_signature_names_person_unit_and_post() -> None:
    chief = signature(directory(), "chi", None, NOBODY)
    assert (chief.name.en, chief.unit and chief.unit.en, chief.post and chief.post.en) == (
        "chi",
        "Some",
        "Some",
    )
    stranger = signature(directory(), "token-7", "county", NOBODY)
    assert (stranger.name, stranger.unit and stranger.unit.en, stranger.post) == (NOBODY, "Some", None)
