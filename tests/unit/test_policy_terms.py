"""Terms: what a duration of the policy means on the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalator.policy.holidays import LIBRARY_YEARS, WorkCalendar
from services.escalator.policy.terms import TermError, fixed_term, parse_term

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CHINA, GERMANY = WorkCalendar(SHANGHAI), WorkCalendar(BERLIN)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware


def local(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("term", "start", "end"),
    [
        ("PT30M", local(2026, 11, 23, 11), local(2026, 11, 23, 11, 30)),
        ("P1D", local(2026, 2, 28), local(2026, 3, 1)),
        ("P1M", local(2026, 1, 31), local(2026, 2, 28)),
        ("P12M", local(2024, 2, 29), local(2025, 2, 28)),
        ("P1M2DT3H", local(2026, 1, 31), local(2026, 3, 2, 12)),
        ("P5WD", local(2026, 11, 23), local(2026, 11, 30)),
    ],
)
def test_a_term_ends_where_the_calendar_says(term: str, start: datetime, end: datetime) -> None:
    assert parse_term(term).after(start, CHINA) == end


def test_working_days_skip_the_national_holiday_and_count_its_make_up_saturday() -> None:
    assert CHINA.is_working_day(date(2026, 10, 10)), "a Saturday that is worked"
    assert not CHINA.is_working_day(date(2026, 10, 5)), "a Monday off"
    assert parse_term("P5WD").after(local(2026, 9, 28), CHINA) == local(2026, 10, 10)


def test_beyond_the_official_calendar_monday_to_friday_stand_in() -> None:
    year = LIBRARY_YEARS[-1] + 1
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(14)]
    assert [CHINA.is_working_day(day) for day in days] == [day.weekday() < 5 for day in days]


def test_a_day_of_the_month_is_its_end_this_month_or_next() -> None:
    tenth = parse_term("day 10")
    end = timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999)
    assert tenth.after(local(2026, 11, 1), CHINA) == local(2026, 11, 10, 0) + end
    assert tenth.after(local(2026, 11, 10, 23), CHINA) == local(2026, 11, 10, 0) + end
    assert tenth.after(local(2026, 12, 11), CHINA) == local(2027, 1, 10, 0) + end


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "30M", "P1Y", "P0WD", "0%", "101%", "day 0", "day 31", "P1.5D", "PT-5M", "five minutes"],
)
def test_what_is_no_term_is_refused_and_says_how_to_write_one(text: str) -> None:
    with pytest.raises(TermError, match=r"write at least|percentage|day that every month|write PT30M"):
        parse_term(text)


def test_a_share_has_no_end_of_its_own() -> None:
    with pytest.raises(TermError):
        parse_term("50%").after(local(2026, 11, 23), CHINA)
    with pytest.raises(TermError):
        parse_term("P1D").share(local(2026, 11, 23), local(2026, 11, 24))


def test_a_reminder_before_the_limit_counts_back_from_it_and_is_no_term_of_its_own() -> None:
    start, due = local(2026, 11, 23), local(2026, 11, 23, 1)
    reminder = parse_term("before PT5M")
    assert reminder.within(start, due, CHINA) == due - timedelta(minutes=5)
    with pytest.raises(TermError):
        reminder.after(start, CHINA)
    with pytest.raises(TermError):
        parse_term("before 50%")


@given(MOMENTS, st.integers(1, 100), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_share_lies_within_its_term_and_all_of_it_is_its_end(
    start: datetime, percent: int, span: timedelta
) -> None:
    at = parse_term(f"{percent}%").share(start, start + span)
    assert start <= at <= start + span
    assert parse_term("100%").share(start, start + span) == start + span


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=1000)), st.sampled_from([CHINA, GERMANY]))
def test_a_fixed_term_is_its_length_wherever_and_whenever(
    start: datetime, span: timedelta, calendar: WorkCalendar
) -> None:
    term = fixed_term(span)
    assert parse_term(term.text) == term
    assert term.after(start, calendar) - start == span


@given(MOMENTS, st.integers(1, 60), st.sampled_from([CHINA, GERMANY]))
def test_working_days_end_on_a_working_day_at_the_same_clock_time(
    start: datetime, days: int, calendar: WorkCalendar
) -> None:
    end = parse_term(f"P{days}WD").after(start, calendar)
    zone = calendar.zone
    begun, ended = start.astimezone(zone), end.astimezone(zone)
    assert calendar.is_working_day(ended.date())
    between = (
        begun.date() + timedelta(days=number) for number in range(1, (ended.date() - begun.date()).days + 1)
    )
    assert sum(map(calendar.is_working_day, between)) == days
    if zone is SHANGHAI:
        assert ended.time() == begun.time()


@given(MOMENTS, st.sampled_from(["PT5M", "P3D", "P1M", "P7M", "P1WD", "P15WD"]))
def test_every_term_lies_between_its_shortest_and_its_longest(start: datetime, text: str) -> None:
    term = parse_term(text)
    assert term.at_least <= term.after(start, CHINA) - start <= term.at_most


@given(MOMENTS, MOMENTS, st.sampled_from(["PT5M", "P3D", "P1M", "P5WD", "day 10"]))
def test_who_begins_later_never_ends_earlier(one: datetime, other: datetime, text: str) -> None:
    earlier, later = sorted((one, other))
    assert parse_term(text).after(earlier, CHINA) <= parse_term(text).after(later, CHINA)
