"""Price monitoring points hand in their readings every day, each its own, and a point that is missing is named to
whoever answers for the prices. Row 6.
"""

from typing import Any

from shared.case import DutyState
from shared.forms import FillingPlace
from shared.ids import CaseId
from shared.standing import own_watch
from shared.vocabulary import Document, Kind, ReportKind
from tests.forms.given import reader
from tests.stories.stage import Stage

POINTS = ("beacon_hill_info_centre", "shaquan_info_centre", "wangshan_info_centre")
READING: dict[str, Any] = {
    "point": "wangshan_info_centre",
    "day": "2026-11-23",
    "items": [{"item": "白菜", "price": 1.8, "unit": "jin"}, {"item": "面粉", "price": 2.6, "unit": "jin"}],
}


def points(stage: Stage) -> dict[str, CaseId]:
    return {unit: stage.watches("periodic", own_watch("price_reading", unit)) for unit in POINTS}


def hand_in(stage: Stage, case: CaseId, unit: str) -> None:
    place = FillingPlace(ReportKind.STANDING, act=Kind.FILED, document=Document.READING, duty="price_reading")
    taken = reader().take({"id": "reading", "fields": {**READING, "point": unit}}, place)
    assert taken.faults == ()
    stage.says(case, Kind.FILED, unit, document=Document.READING, text="今日价格", form=taken.block)


def test_each_day_at_nine_each_point_owes_its_own_reading_by_five() -> None:
    stage = Stage()
    cases = points(stage)
    stage.at("2026-11-24 10:00")
    for unit, case in cases.items():
        assert stage.duty(case, "price_reading").owed_by == unit
        assert stage.limit(case, "price_reading") == "11-24 17:00"
    hand_in(stage, cases["wangshan_info_centre"], "wangshan_info_centre")
    done = {unit for unit, case in cases.items() if stage.is_done(case, "price_reading")}
    assert done == {"wangshan_info_centre"}, "what one hands in discharges no other"
    (reading,) = stage.case(cases["wangshan_info_centre"]).forms
    assert (reading.id, reading.fields["items"][0]["price"], reading.short and reading.short.zh) == (
        "reading",
        1.8,
        "望山县信息中心、价格 2 行",
    )
    stage.at("2026-11-25 10:00")
    assert stage.limit(cases["wangshan_info_centre"], "price_reading") == "11-25 17:00"


def test_a_point_that_has_not_handed_in_is_named_to_whoever_answers_for_the_prices() -> None:
    stage = Stage()
    cases = points(stage)
    stage.at("2026-11-24 10:00")
    for unit in POINTS[1:]:
        hand_in(stage, cases[unit], unit)
    stage.at("2026-11-24 17:01")
    heard = {
        unit: stage.texts_of_duty(case, "price_reading", "development_reform_head")
        for unit, case in cases.items()
    }
    assert heard["shaquan_info_centre"] == []
    (text,) = heard["beacon_hill_info_centre"]
    assert text.startswith("【烽火·逾期】烽山区信息中心：价格监测报数")
    assert "价格监测报数（烽山区信息中心）" in text


def test_a_day_without_a_reading_lapses_and_the_next_days_is_owed_all_the_same() -> None:
    stage = Stage()
    case = points(stage)["shaquan_info_centre"]
    stage.at("2026-11-25 12:00")
    late, today = stage.duties(case, "price_reading")
    assert (late.state, today.state) == (DutyState.CANCELLED, DutyState.OPEN)
    assert late.cancelled_why == "its_next_round_has_begun", "yesterday's price can't be read today"
    stage.says(case, Kind.FILED, "shaquan_info_centre", document=Document.NIL_REPORT, text="今日休市")
    assert stage.is_done(case, "price_reading")
    assert stage.duties(case, "price_reading")[0].lapse is not None


def test_a_unit_that_keeps_no_point_any_more_owes_nothing() -> None:
    stage = Stage()
    case = points(stage)["shaquan_info_centre"]
    stage.at("2026-11-24 10:00")
    units = tuple(
        unit.model_copy(update={"competence": ()}) if unit.id == "shaquan_info_centre" else unit
        for unit in stage.directory.units
    )
    said = stage.watched("periodic", own_watch("price_reading", "shaquan_info_centre"))
    stage.changes(stage.directory.revised(units=units))
    stage.world.happens(Kind.ESTABLISHED, case, said, stage.now)
    assert stage.owed(case) == set()


def test_the_bulletin_is_owed_on_monday_and_no_other_document_is_it() -> None:
    stage = Stage()
    case = stage.watches("periodic", "price_bulletin")
    stage.at("2026-11-30 10:00")
    assert stage.duty(case, "price_bulletin").posts == ("gov_in_charge",)
    assert stage.limit(case, "price_bulletin") == "12-02 09:00"
    for document in (Document.ANALYSIS, Document.READING, Document.WRITTEN_REPORT):
        stage.says(case, Kind.FILED, "development_reform_head", document=document, text="本周价格")
    assert not stage.is_done(case, "price_bulletin")
    stage.says(case, Kind.FILED, "development_reform_head", document=Document.PRICE_BULLETIN, text="本周价格")
    assert stage.is_done(case, "price_bulletin")
