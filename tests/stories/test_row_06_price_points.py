"""Price monitoring points hand in their readings every day, and a point that is late is shown as late. Row
6.
"""

from shared.case import DutyState
from shared.facts import Purpose
from shared.vocabulary import Document, Kind
from tests.stories.stage import Stage


def test_each_day_at_nine_a_reading_is_owed_by_five() -> None:
    stage = Stage()
    case = stage.watches("periodic", "price_reading")
    stage.at("2026-11-24 10:00")
    assert (stage.limit(case, "price_reading"), stage.duty(case, "price_reading").owed_by) == (
        "11-24 17:00",
        "development_reform",
    )
    stage.says(
        case,
        Kind.FILED,
        "development_reform",
        document=Document.READING,
        text="白菜 1.8 元/斤，面粉 2.6 元/斤",
    )
    assert stage.is_done(case, "price_reading")
    stage.at("2026-11-25 10:00")
    assert stage.limit(case, "price_reading") == "11-25 17:00"


def test_a_day_without_a_reading_lapses_and_the_next_days_is_owed_all_the_same() -> None:
    stage = Stage()
    case = stage.watches("periodic", "price_reading")
    stage.at("2026-11-25 12:00")
    late, today = stage.duties(case, "price_reading")
    assert (late.state, today.state) == (DutyState.CANCELLED, DutyState.OPEN)
    assert late.cancelled_why == "its_next_round_has_begun", "yesterday's price can't be read today"
    assert stage.told(case, "price_reading", Purpose.REMINDER) == [("11-24 13:00", "development_reform_head")]
    stage.says(case, Kind.FILED, "development_reform", document=Document.NIL_REPORT, text="今日休市")
    assert stage.is_done(case, "price_reading")
    assert stage.duties(case, "price_reading")[0].lapse is not None
