"""An analysis goes to the leaders every month and every quarter, by the tenth, whether or not anybody asks
for it. Row 9.
"""

from shared.facts import Purpose
from shared.vocabulary import Document, Kind
from tests.stories.stage import Stage


def test_on_the_first_it_is_owed_and_on_the_tenth_its_time_is_over() -> None:
    stage = Stage()
    case = stage.watches("periodic", "monthly_analysis")
    stage.at("2026-12-01 09:00")
    assert stage.limit(case, "monthly_analysis") == "12-10 23:59"
    assert stage.duty(case, "monthly_analysis").posts == ("party_main", "gov_main")
    stage.at("2026-12-10 23:59")
    assert stage.slips(case, "monthly_analysis") == [("12-06 00:00", "blue"), ("12-08 23:59", "yellow")]
    stage.says(case, Kind.PROGRESSED, "petition", text="已完成")
    stage.says(case, Kind.FILED, "petition", document=Document.WRITTEN_REPORT, text="已完成")
    assert not stage.is_done(case, "monthly_analysis"), "only the document does it"
    stage.says(case, Kind.FILED, "petition", document=Document.ANALYSIS, text="十一月社情分析")
    assert stage.is_done(case, "monthly_analysis")
    stage.at("2027-01-02 09:00")
    assert stage.limit(case, "monthly_analysis") == "01-10 23:59"


def test_one_that_does_not_come_is_told_the_next_morning_and_to_the_leaders_a_day_later() -> None:
    stage = Stage()
    case = stage.watches("periodic", "monthly_analysis")
    stage.at("2026-12-12 12:00")
    assert stage.has_lapsed(case, "monthly_analysis")
    told = stage.told(case, "monthly_analysis", Purpose.OVERDUE)
    assert [post for when, post in told if when == "12-11 00:00"] == ["petition", "secretary_general"]
    assert [post for when, post in told if when == "12-11 23:59"] == ["party_in_charge", "gov_in_charge"]


def test_the_quarters_first_month_owes_both() -> None:
    stage = Stage()
    monthly, quarterly = (
        stage.watches("periodic", "monthly_analysis"),
        stage.watches("periodic", "quarterly_analysis"),
    )
    stage.at("2027-01-02 09:00")
    assert [stage.limit(monthly, "monthly_analysis"), stage.limit(quarterly, "quarterly_analysis")] == [
        "01-10 23:59",
        "01-10 23:59",
    ]
    assert len(stage.duties(quarterly, "quarterly_analysis")) == 1, "none in December"
