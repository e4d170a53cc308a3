"""Changes are applied as a whole or not at all, never leave a post dark, and the file never undoes what was
changed at run time.
"""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.directory import Directory, DirectoryFault, Override
from shared.directory import change_facts as wire
from shared.directory.change_facts import Change
from shared.directory.changes import apply_change, difference
from shared.directory.file_changes import file_changes
from shared.directory.kept import KeptDirectory
from shared.directory.rows import TABLES, RowFault, read_rows
from shared.ids import PersonId, PostId, RosterId
from tests.unit.directory_builders import (
    DAY,
    MONDAY,
    away,
    changed,
    directory,
    parts,
    person,
    post,
    roster,
    unit,
)

WHOLE = directory()


def refused(*changes: Change, whole: Directory = WHOLE) -> DirectoryFault:
    with pytest.raises(DirectoryFault) as caught:
        apply_change(whole, changed(*changes))
    return caught.value


def after(*changes: Change, whole: Directory = WHOLE) -> Directory:
    return apply_change(whole, changed(*changes))


def holder(whole: Directory, post_id: str, at: datetime = MONDAY) -> str:
    return whole.holder_of(PostId(post_id), at).id


def test_a_change_makes_another_directory_and_leaves_the_first_as_it_was() -> None:
    found = after(
        wire.PutPerson(person=person("eve")), wire.SetHolder(post=PostId("chief"), holder=PersonId("eve"))
    )
    assert (holder(found, "chief"), holder(WHOLE, "chief"), found.version) == ("eve", "chi", "test+2")
    assert found.posts_by_id[PostId("chief")].deputies == ("dan",), "deputies stay where none are named"


def test_what_is_put_in_place_keeps_its_place_and_what_is_new_comes_last() -> None:
    found = after(wire.PutUnit(unit=unit("county", area="620600")), wire.PutUnit(unit=unit("office")))
    assert [one.id for one in found.units] == ["city", "county", "clinic", "office"]
    assert [one.area for one in found.units][1] == "620600"


@pytest.mark.parametrize(
    ("change", "dark"),
    [
        (wire.SetHolder(post=PostId("chief"), holder=PersonId("nobody")), "chief"),
        (wire.Remove(what="person", id="chi"), "chief"),
        (wire.PutPerson(person=person("chi", channels=[])), "chief"),
        (wire.Remove(what="person", id="cid"), "desk"),
        (wire.PutRoster(roster=roster(rotation=["ann", "nobody"])), "desk"),
    ],
)
def test_a_change_that_leaves_a_post_dark_is_refused_and_names_it(change: Change, dark: str) -> None:
    assert dark in refused(change).dark


def test_an_absence_nobody_stands_in_for_is_refused_and_a_deputy_in_the_same_change_mends_it() -> None:
    alone = directory(posts=[post("chief", "chi"), post("desk", "dan", roster="watch")])
    gone = wire.SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + DAY))
    fault = refused(gone, whole=alone)
    assert fault.dark == ("chief",)
    assert "name a deputy who is there" in str(fault)
    mended = after(
        gone,
        wire.SetHolder(post=PostId("chief"), holder=PersonId("chi"), deputies=(PersonId("ann"),)),
        whole=alone,
    )
    assert holder(mended, "chief") == "ann"


def test_a_deputy_who_goes_while_the_holder_is_away_leaves_the_post_dark_too() -> None:
    away_now = after(wire.SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + 3 * DAY)))
    fault = refused(
        wire.SetAbsence(person=PersonId("dan"), absence=away(MONDAY + DAY, MONDAY + 2 * DAY)), whole=away_now
    )
    assert "2026-11-24T00:30" in str(fault)
    after(
        wire.SetAbsence(person=PersonId("dan"), absence=away(MONDAY + 3 * DAY, MONDAY + 4 * DAY)),
        whole=away_now,
    )


def test_a_watch_who_is_the_holder_too_must_not_leave_on_his_own_shift() -> None:
    """dan holds the desk where the roster has nobody, and has every second shift himself."""
    whole = directory(rosters=[roster(rotation=["ann", "dan"])])
    fault = refused(
        wire.SetAbsence(person=PersonId("dan"), absence=away(MONDAY, MONDAY + 2 * DAY)), whole=whole
    )
    assert fault.dark == ("desk",)
    assert "from 2026-11-24T00:30" in str(fault), "from the beginning of his shift"
    after(wire.SetAbsence(person=PersonId("dan"), absence=away(MONDAY, MONDAY + DAY)), whole=whole)


def test_what_was_dark_before_does_not_hold_up_another_change() -> None:
    lazy = person("chi", absences=[away(MONDAY, MONDAY + DAY)])
    whole = directory(
        people=[lazy, *parts()["people"][1:]],
        posts=[post("chief", "chi"), post("desk", "dan", roster="watch")],
    )
    assert after(wire.PutUnit(unit=unit("office")), whole=whole).units_by_id


def test_somebody_who_comes_back_early_answers_again_from_that_moment() -> None:
    gone = after(wire.SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + 9 * DAY)))
    back = after(wire.EndAbsence(person=PersonId("chi"), at=MONDAY + DAY), whole=gone)
    assert [holder(back, "chief", MONDAY + days * DAY) for days in (0, 1)] == ["dan", "chi"]
    never_went = after(wire.EndAbsence(person=PersonId("chi"), at=MONDAY), whole=gone)
    assert never_went.people_by_id[PersonId("chi")].absences == ()


def test_an_exchanged_shift_stands_in_place_of_one_that_begins_at_the_same_moment() -> None:
    def override(who: str) -> wire.OverrideRoster:
        return wire.OverrideRoster(
            roster=RosterId("watch"),
            override=Override(since=MONDAY, until=MONDAY + DAY, person=PersonId(who)),
        )

    found = after(override("bob"), override("cid"))
    assert (holder(found, "desk"), len(found.rosters_by_id[RosterId("watch")].overrides)) == ("cid", 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (wire.Remove(what="plan", id="none"), ("changes", 0, "id")),
        (wire.SetHolder(post=PostId("none"), holder=PersonId("chi")), ("changes", 0, "post")),
        (
            wire.SetAbsence(person=PersonId("none"), absence=away(MONDAY, MONDAY + DAY)),
            ("changes", 0, "person"),
        ),
        (wire.EndAbsence(person=PersonId("none"), at=MONDAY), ("changes", 0, "person")),
    ],
)
def test_a_change_to_what_is_not_there_names_its_field(change: Change, field: tuple[Any, ...]) -> None:
    assert refused(change).found[0].path == field


PEOPLE = ("chi", "dan", "ann", "bob", "cid", "eve")


@st.composite
def some_change(draw: st.DrawFn) -> Change:
    who, day = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 5))
    return draw(
        st.sampled_from(
            (
                wire.PutPerson(person=person(who)),
                wire.SetHolder(post=PostId("chief"), holder=PersonId(who), deputies=(PersonId("bob"),)),
                wire.SetAbsence(
                    person=PersonId(who), absence=away(MONDAY + day * DAY, MONDAY + (day + 2) * DAY)
                ),
                wire.Remove(what="person", id=who),
                wire.PutUnit(unit=unit(f"unit_{day}", superior="city")),
                wire.PutPost(post=post(f"post_{day}", "dan", deputies=["ann"])),
            )
        )
    )


@given(st.lists(some_change(), min_size=1, max_size=8))
def test_whatever_is_changed_no_post_is_dark_and_the_way_there_can_be_told(changes: list[Change]) -> None:
    try:
        found = after(*changes)
    except DirectoryFault:
        return
    for one in found.posts:
        for day in range(8):
            held = found.holder_of(PostId(one.id), MONDAY + day * DAY)
            assert held.channels
            assert one.roster or not any(absence.covers(MONDAY + day * DAY) for absence in held.absences)
    told = difference(WHOLE, found)
    assert not told or sorted(after(*told).model_dump(exclude={"version"})) == sorted(
        found.model_dump(exclude={"version"})
    )
    assert Directory.model_validate_json(found.model_dump_json()) == found, (
        "what the bucket keeps is what was meant"
    )


def test_from_nothing_the_difference_is_everything() -> None:
    empty = Directory(version="0", areas=(), units=(), people=(), posts=())
    assert apply_change(empty, changed(*difference(None, WHOLE))).model_dump(
        exclude={"version"}
    ) == WHOLE.model_dump(exclude={"version"})


def test_a_new_file_brings_in_what_is_new_and_keeps_what_was_changed_at_run_time() -> None:
    override = Override(since=MONDAY, until=MONDAY + DAY, person=PersonId("cid"))
    current = after(
        wire.SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + DAY)),
        wire.OverrideRoster(roster=RosterId("watch"), override=override),
        wire.PutPerson(person=person("eve")),
    )
    renamed = person("chi", name={"zh": "新", "en": "New"})
    new_file = directory(
        people=[renamed, *parts()["people"][1:]],
        rosters=[roster(starts="09:00")],
        units=[unit("city"), unit("county", area="620622")],
    )
    found = after(*file_changes(WHOLE, new_file, current), whole=current)
    chi, watch = found.people_by_id[PersonId("chi")], found.rosters_by_id[RosterId("watch")]
    assert (chi.name.en, len(chi.absences)) == ("New", 1)
    assert (watch.starts.hour, watch.overrides) == (9, (override,))
    assert PersonId("eve") in found.people_by_id
    assert "clinic" not in found.units_by_id
    assert file_changes(new_file, new_file, found) == ()


def test_what_the_bucket_keeps_reads_back_as_it_was_written() -> None:
    whole = after(wire.SetAbsence(person=PersonId("chi"), absence=away(MONDAY, MONDAY + DAY)))
    kept = KeptDirectory(
        revision=3, at=MONDAY, change="c", subject="fact.1.directory_changed", fact="{}", directory=whole
    )
    assert KeptDirectory.read(kept.write()) == kept


def rows(text: str, kind: str, encoding: str = "utf-8") -> tuple[Change, ...]:
    return read_rows(text.encode(encoding), f"{kind}.csv", TABLES[kind], WHOLE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_people_adds_and_changes_in_the_order_of_its_channels(encoding: str) -> None:
    table = "id,name_zh,name_en,unit,language,sms,voice\neve,伊夫,Eve,city,en,+861;+862,+863\nann,安,Ann,city,,+864,\n"
    found = after(*rows(table.replace("+86", "+8600"), "people", encoding))
    eve = found.people_by_id[PersonId("eve")]
    assert (eve.name.zh, eve.language, [entry.channel for entry in eve.channels]) == (
        "伊夫",
        "en",
        ["sms", "sms", "voice"],
    )
    assert [entry.address for entry in found.people_by_id[PersonId("ann")].channels] == ["+86004"]


def test_a_column_that_is_missing_leaves_what_is_known_and_a_row_that_says_nothing_new_makes_no_change() -> (
    None
):
    (change,) = rows("id,holder\nchief,dan\n", "posts")
    assert isinstance(change, wire.PutPost)
    assert (change.post.holder, change.post.deputies) == ("dan", ("dan",)), (
        "the fault of it is found when it is applied"
    )
    assert rows("id,holder\nchief,chi\ndesk,dan\n", "posts") == ()


def test_a_roster_comes_in_as_a_row() -> None:
    (change,) = rows("id,rotation,hours,starts\nwatch,ann；bob,12,07:45\n", "rosters")
    assert isinstance(change, wire.PutRoster)
    assert (change.roster.rotation, change.roster.hours, change.roster.starts.minute) == (
        ("ann", "bob"),
        12,
        45,
    )


@pytest.mark.parametrize(
    ("kind", "table", "said"),
    [
        ("people", "id,name_zh,unit,voice\nok_one,甲,city,+8600\nBad,乙,city,+8600\n", "people.csv:3: id: "),
        ("people", "id,name_zh,unit,voice,sms\nok_one,甲,city,+8600,1\n", "people.csv:2: sms: "),
        ("people", "id,name_zh,voice\nok_one,甲,+8600\n", "people.csv:2: unit: is missing: fill it in"),
        ("posts", "id,holders\nchief,dan\n", "posts.csv:1: holders: no such column; there are id, name_zh"),
        ("posts", "name_zh\nchief\n", "posts.csv:1: id: no such column"),
        ("posts", "id,holder\nchief,dan,more\n", "posts.csv:2: more cells than columns"),
        ("rosters", "id,hours\nwatch,0\n", "rosters.csv:2: hours: "),
    ],
)
def test_a_fault_in_a_table_names_file_line_and_column(kind: str, table: str, said: str) -> None:
    with pytest.raises(RowFault) as caught:
        rows(table, kind)
    assert str(caught.value).startswith(said)
