"""Quiet hours keep what only tells, and nothing that somebody has to do before they end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from services.notifier.delivery.quiet import quiet_until, something_comes
from services.notifier.delivery.restraint import may_wait
from shared.directory import ChannelAddress, Person, QuietHours
from shared.facts import Name, Notice, Purpose
from shared.ids import CaseId, DutyId, PersonId, UnitId
from shared.vocabulary import Level
from tests.intake import builders
from tests.notifier.decisions import a_notice

CITY = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
"""By the city's clock, on the second of December."""
SEVEN = datetime(2026, 12, 1, 23, 0, tzinfo=UTC)
NIGHT = QuietHours.model_validate({"from": "22:00", "until": "07:00"})


def person(quiet: QuietHours | None = NIGHT) -> Person:
    return Person(
        id=PersonId("zhao_jia"),
        name=Name(zh="赵甲", en="Zhao Jia"),
        unit=UnitId("government"),
        channels=(
            ChannelAddress(channel="sms", address="+861"),
            ChannelAddress(channel="email", address="a@b.c"),
        ),
        quiet=quiet,
    )


def news(**of: object) -> Notice:
    given: dict[str, object] = {"purpose": Purpose.NEWS, "level": Level.III, "due_at": None} | of
    return a_notice(CaseId("case"), **given)  # type: ignore[arg-type]


def until(notice: Notice, at: datetime = MIDNIGHT, channel: str = "sms") -> datetime | None:
    return quiet_until(notice, person(), channel, at, CITY)


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        (datetime(2026, 12, 1, 22, 0, tzinfo=CITY), datetime(2026, 12, 2, 7, 0, tzinfo=CITY)),
        (datetime(2026, 12, 2, 6, 59, tzinfo=CITY), datetime(2026, 12, 2, 7, 0, tzinfo=CITY)),
        (datetime(2026, 12, 2, 7, 0, tzinfo=CITY), None),
        (datetime(2026, 12, 2, 21, 59, tzinfo=CITY), None),
    ],
)
def test_a_night_goes_over_midnight(clock: datetime, ends: datetime | None) -> None:
    assert NIGHT.end(clock, CITY) == ends


def test_news_wait_until_the_morning() -> None:
    assert until(news()) == SEVEN


def test_a_channel_that_is_not_quiet_takes_them_at_once() -> None:
    on_sms = person(NIGHT.model_copy(update={"channels": ("sms",)}))
    assert quiet_until(news(), on_sms, "email", MIDNIGHT, CITY) is None
    assert quiet_until(news(), on_sms, "sms", MIDNIGHT, CITY) == SEVEN


def test_a_reminder_waits_where_the_limit_comes_after_the_night() -> None:
    assert until(news(purpose=Purpose.REMINDER, due_at=SEVEN + timedelta(hours=1))) == SEVEN
    assert until(news(purpose=Purpose.REMINDER, due_at=SEVEN)) is None


@given(
    st.builds(
        a_notice,
        st.just(CaseId("case")),
        purpose=st.sampled_from(Purpose),
        level=st.none() | st.sampled_from(Level),
        sensitive=st.booleans(),
        due_at=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)).map(MIDNIGHT.__add__),
    )
)
def test_what_is_grave_or_due_within_the_night_is_never_kept(notice: Notice) -> None:
    if until(notice) is None:
        return
    brief = notice.brief
    assert may_wait(notice)
    assert brief.level in (Level.III, Level.IV), "what is not graded yet may be the gravest"
    assert not brief.sensitive
    assert brief.due_at is None or brief.due_at > SEVEN
    assert notice.purpose in {
        Purpose.NEWS,
        Purpose.INFORM,
        Purpose.CALLED,
        Purpose.REMINDER,
        Purpose.AGAIN,
        Purpose.ROLL_CALL,
    }, (
        "but for a test, whoever is asked for something for the first time, or told of a lapse, is told at once"
    )


@pytest.mark.parametrize(
    ("after", "comes"),
    [
        ({"due_at": SEVEN + timedelta(hours=2)}, False),
        ({"due_at": SEVEN - timedelta(hours=2)}, True),
        ({"due_at": SEVEN + timedelta(hours=2), "next_link_at": SEVEN - timedelta(minutes=1)}, True),
        ({"due_at": SEVEN + timedelta(hours=2), "next_link_at": SEVEN + timedelta(minutes=1)}, False),
    ],
)
def test_a_step_of_the_chain_within_the_night_breaks_it(after: dict[str, datetime], comes: bool) -> None:
    case = builders.case("case")
    duty = replace(case.duties[0], **after)
    case = replace(case, duties=(duty,))

    assert something_comes(case, [duty.id], SEVEN) is comes


@pytest.mark.parametrize("duties", [[], [DutyId("another")]])
def test_where_nobody_knows_what_comes_it_is_said_at_once(duties: Sequence[DutyId]) -> None:
    assert something_comes(builders.case("case"), duties, SEVEN)
    assert something_comes(None, duties, SEVEN)


@pytest.mark.parametrize(
    "quiet",
    [
        {"from": "22:00", "until": "22:00"},
        {"from": "08:00", "until": "21:00"},
        {"from": "24:00", "until": "07:00"},
        {"from": 1320, "until": "07:00"},
        {"from": "22:00"},
    ],
)
def test_what_is_no_night_is_refused(quiet: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuietHours.model_validate(quiet)
