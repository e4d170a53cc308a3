"""Harm in the trend: of each matter as it was last said, in every line it counts in, opening into the record that says it."""

from collections import Counter
from typing import Any

from services.audit.reports.views import Trend
from services.audit.reports.window import Window
from shared.facts import Harm
from shared.vocabulary import Kind, Level
from tests.audit.test_complaints_report import reports_of
from tests.audit.test_forms_report import Given

ALL = Window()


async def test_harm_counts_once_as_it_was_last_said() -> None:
    given = Given()
    said: dict[str, Any] = {"unit": "wangshan_info_centre", "area": "620622", "topic": "chemical"}
    first = given.stage.report(level=Level.II, harm=Harm(deaths=1, evacuated=12), **said)
    given.stage.after(minutes=5)
    given.stage.says(first, Kind.FOLLOWED_UP, "wangshan_info_centre", text="又发现两人", deaths=3)
    given.stage.report(level=Level.III, harm=Harm(injuries=4), unit="shaquan_emergency", area="620621")
    given.stage.report(level=Level.IV, unit="shaquan_emergency", area="620621")
    given.stage.report(level=Level.I, harm=Harm(deaths=50), exercise=True)
    reports = reports_of(given)
    trend = await reports.answer(Trend, ALL, records=True)
    assert {line.row: (line.reports, line.harm) for line in trend.units} == {
        "shaquan_emergency": (2, {"injuries": 4}),
        "wangshan_info_centre": (1, {"deaths": 3, "evacuated": 12}),
    }
    topic = next(line for line in trend.topics if line.row == "chemical:620622")
    assert topic.harm == {"deaths": 3, "evacuated": 12}
    opened = await reports.records(ALL, f"{topic.figure}/deaths")
    assert opened.indexes == (topic.records or {})["deaths"]
    (index,) = opened.indexes
    fact, _ = given.world.facts[index]
    assert fact.subject == first, "and there the three dead stand"
    assert "3" in str(fact.data)
    for lines in (trend.days, trend.hours, trend.places, trend.topics):
        whole = Counter[str]()
        for line in lines:
            whole.update(line.harm)
        assert whole == {"deaths": 3, "evacuated": 12, "injuries": 4}


async def test_another_units_window_has_none_of_it() -> None:
    given = Given()
    given.stage.report(level=Level.II, harm=Harm(deaths=1))
    trend = await reports_of(given).answer(Trend, Window(units=frozenset({"water_bureau"})))
    assert [line for line in (*trend.units, *trend.days, *trend.hours) if line.harm] == []
