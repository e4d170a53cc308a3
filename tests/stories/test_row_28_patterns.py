"""The patterns are studied: each graver event is reviewed, and every quarter what they have in common goes to
the leaders. Row 28.
"""

from shared.vocabulary import Document, Kind, Level
from tests.stories.stage import Stage


def test_graver_events_owe_a_review_and_small_ones_do_not() -> None:
    stage = Stage()
    for level, owed in ((Level.I, True), (Level.III, True), (Level.IV, False)):
        case = stage.report(level=level)
        stage.says(case, Kind.RESOLVED, "gov_in_charge", text="处置完毕")
        assert ("review_after" in stage.owed(case)) is owed


def test_the_quarters_analysis_is_owed_in_january_april_july_and_october() -> None:
    stage = Stage()
    case = stage.watches("periodic", "quarterly_analysis")
    limits: list[str] = []
    for month in ("2027-01", "2027-04", "2027-07", "2027-10"):
        stage.at(f"{month}-02 09:00")
        limits.append(stage.limit(case, "quarterly_analysis"))
        stage.says(case, Kind.FILED, "petition", document=Document.ANALYSIS, text="按区域、类别、单位、时段")
    assert limits == ["01-10 23:59", "04-10 23:59", "07-10 23:59", "10-10 23:59"]
