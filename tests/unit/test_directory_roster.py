"""A roster leaves no gap and no overlap, whatever the clock does and whoever stands in; calendars go out and
come in.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.directory import Override, Roster
from shared.directory.calendar import CalendarFault, read_calendar, write_calendar
from shared.ids import PersonId
from tests.unit.directory_builders import DAY, MONDAY, directory, roster

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    overrides = [
        Override(
            since=at,
            until=at + timedelta(hours=draw(st.integers(1, 60))),
            person=PersonId(draw(st.sampled_from(("dan", "bob")))),
        )
        for at in draw(st.lists(MOMENTS, max_size=4))
    ]
    starts = draw(st.sampled_from(("00:00", "02:30", "08:30", "23:59")))
    return roster(
        since="2026-01-05",
        timezone=draw(st.sampled_from(ZONES)),
        starts=starts,
        hours=draw(st.sampled_from((1, 8, 12, 24, 168))),
        overrides=overrides,
        leaders=draw(st.sampled_from(((), ("dan",), ("dan", "cid")))),
    )


@settings(max_examples=150, deadline=None)
@given(one=rosters(), at=MOMENTS)
def test_shifts_follow_each_other_without_gap_or_overlap(one: Roster, at: datetime) -> None:
    if at < one.start_of(0):
        assert one.shift_at(at) is None
        return
    now = one.shift_at(at)
    assert now is not None
    assert now.starts_at <= at < now.ends_at
    shifts = list(one.shifts(at, at + timedelta(hours=2 * one.hours + 50)))
    assert shifts[0] == now
    assert all(before.ends_at == after.starts_at for before, after in pairwise(shifts))
    assert one.next_shift(at) == shifts[1]


@settings(max_examples=100, deadline=None)
@given(one=rosters(), at=MOMENTS)
def test_the_last_override_declared_wins_and_else_the_rotation_holds(one: Roster, at: datetime) -> None:
    now = one.shift_at(at)
    if now is None:
        return
    standing_in = [override.person for override in one.overrides if override.covers(at)]
    assert now.person == (standing_in[-1] if standing_in else one.rotation[now.number % 3])
    assert now.override is bool(standing_in)


def test_a_shift_of_a_day_lasts_23_or_25_hours_where_the_clock_is_changed() -> None:
    berlin = roster(since="2026-10-01", timezone="Europe/Berlin")
    at = datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    shift = berlin.shift_at(at)
    assert shift is not None
    assert shift.ends_at - shift.starts_at == timedelta(hours=25)
    assert shift.ends_at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "08:30"


def test_a_roster_ends_with_the_last_shift_that_begins_on_its_last_day() -> None:
    one = roster(ends="2026-11-24")
    assert (one.shift_at(MONDAY + 2 * DAY - timedelta(seconds=1)), one.shift_at(MONDAY + 2 * DAY)) != (
        None,
        None,
    )
    assert one.shift_at(MONDAY + 2 * DAY) is None
    assert one.next_shift(MONDAY + DAY) is None
    assert len(list(one.shifts(MONDAY, MONDAY + 9 * DAY))) == 2


def test_leaders_rotate_beside_the_watch() -> None:
    one = roster(leaders=["dan", "chi"])
    assert [(shift.person, shift.leader) for shift in one.shifts(MONDAY, MONDAY + 3 * DAY)] == [
        ("ann", "dan"),
        ("bob", "chi"),
        ("cid", "dan"),
    ]


WHOLE = directory()
WATCH = WHOLE.rosters[0]
UNTIL = MONDAY + 14 * DAY


def calendar(*events: str) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}@x\r\n{event}END:VEVENT\r\n" for number, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//\r\n{body}END:VCALENDAR\r\n".encode()


def taken(*events: str) -> list[tuple[str, timedelta, timedelta]]:
    found = read_calendar(calendar(*events), WHOLE, WATCH, MONDAY, UNTIL)
    return [(one.person, one.since - MONDAY, one.until - one.since) for one in found]


def test_what_is_written_is_read_back_and_changes_nothing() -> None:
    written = write_calendar(WHOLE, WATCH, MONDAY, UNTIL)
    assert written.count(b"BEGIN:VEVENT") == 14
    assert b"+86" not in written, "no address leaves with a calendar"
    assert read_calendar(written, WHOLE, WATCH, MONDAY, UNTIL) == ()


def test_an_event_that_differs_from_the_rotation_is_an_override() -> None:
    event = "SUMMARY:exchanged\r\nDTSTART:20261124T003000Z\r\nDTEND:20261125T003000Z\r\nATTENDEE;CN=cid:mailto:cid@wangfeng.example\r\n"
    assert taken(event) == [("cid", DAY, DAY)]


def test_a_recurring_event_stands_for_each_of_its_days() -> None:
    """Every Friday night is dan's; times without a zone are the roster's own."""
    event = "SUMMARY:值班 dan\r\nDTSTART:20261127T200000\r\nDTEND:20261127T220000\r\nRRULE:FREQ=WEEKLY;COUNT=5\r\n"
    start = 4 * DAY + timedelta(hours=11, minutes=30)
    assert taken(event) == [("dan", start, timedelta(hours=2)), ("dan", start + 7 * DAY, timedelta(hours=2))]


def test_an_all_day_event_is_the_shift_that_begins_on_that_day() -> None:
    assert taken("SUMMARY:bob\r\nDTSTART;VALUE=DATE:20261123\r\n") == [("bob", timedelta(0), DAY)]


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ("somebody", "names nobody of the directory"),
        ("ann and bob", "names ann, bob: one shift is one person's"),
    ],
)
def test_an_event_that_names_nobody_or_two_is_refused_never_guessed(summary: str, said: str) -> None:
    with pytest.raises(CalendarFault, match=rf"2026-11-24 08:30 '{summary}': {said}"):
        taken(f"SUMMARY:{summary}\r\nDTSTART:20261124T003000Z\r\nDTEND:20261125T003000Z\r\n")


def test_what_is_no_calendar_is_said_to_be_none() -> None:
    with pytest.raises(CalendarFault, match="not an iCalendar file"):
        read_calendar(b"id,name\n1,2\n", WHOLE, WATCH, MONDAY, UNTIL)
