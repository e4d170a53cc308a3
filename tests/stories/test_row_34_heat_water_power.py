"""Heat, water and power last the winter: outages answered in a day, the vulnerable warm, fuel in stock,
checks made. Rows 34, 35, 36.
"""

import pytest

from shared.case import TaskState
from shared.facts import Purpose
from shared.vocabulary import Document, Kind, Level, ReportKind
from tests.stories.stage import Stage


@pytest.mark.parametrize(
    ("topic", "firm"), [("power", "power_company"), ("water", "water_bureau"), ("heating", "housing_bureau")]
)
def test_an_outage_is_answered_within_a_day_by_whoever_supplies(topic: str, firm: str) -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.COMPLAINT, unit="hotline_centre", area="620600", topic=topic, summary="小区停供"
    )
    assert (stage.duty(case, "complaint").owed_by, stage.limit(case, "complaint")) == (firm, "11-24 11:00")


@pytest.mark.parametrize(
    ("topic", "limit"), [("urgent", "11-23 13:00"), ("complex", "12-08 11:00"), (None, "11-30 11:00")]
)
def test_every_other_call_has_the_term_of_its_sort(topic: str | None, limit: str) -> None:
    stage = Stage()
    case = stage.report(ReportKind.COMPLAINT, unit="hotline_centre", topic=topic, summary="来电")
    assert stage.limit(case, "complaint") == limit


def test_households_in_need_get_a_heater_and_each_is_proved() -> None:
    stage = Stage()
    case = stage.report(
        level=Level.III, unit="heating_company", area="620602", topic="heating", summary="主管爆裂停暖"
    )
    stage.says(case, Kind.PLAN_INVOKED, "heating_company", plan="heating_outage")
    shelter = next(task for task in stage.case(case).tasks if task.unit == "civil_affairs")
    assert stage.limit(case, "task_complete", shelter.id) == "11-23 15:00"
    stage.after(hours=3)
    stage.says(case, Kind.COMPLETED, "civil_affairs", task=shelter.id, text="电暖器 62 台，签收表附后")
    stage.says(case, Kind.VERIFIED, "heating_company", task=shelter.id)
    assert stage.task(case, shelter.id).state is TaskState.VERIFIED


def test_a_stock_alarm_is_a_hazard_with_a_measure_and_a_limit() -> None:
    stage = Stage()
    original = {"format": "alertmanager", "source": "heating-monitor", "id": "coal", "digest": "0" * 64}
    case = stage.report(
        ReportKind.HAZARD,
        unit="heating_company",
        area="620602",
        topic="fuel",
        summary="存煤不足五日",
        original=original,
    )
    assert (stage.duty(case, "handling").owed_by, stage.limit(case, "handling")) == (
        "heating_company",
        "11-30 11:00",
    )


def test_boilers_and_networks_are_checked_before_the_season() -> None:
    stage = Stage("2027-09-01 09:00")
    case = stage.watches("periodic", "heating_check")
    stage.at("2027-10-21 09:00")
    assert stage.slips(case, "heating_check") == [("10-20 09:00", "blue")]
    assert (stage.limit(case, "heating_check"), stage.duty(case, "heating_check").owed_by) == (
        "10-30 09:00",
        "housing_bureau",
    )
    stage.at("2027-10-30 09:01")
    assert stage.told(case, "heating_check", Purpose.OVERDUE) == [
        ("10-30 09:00", "party_in_charge"),
        ("10-30 09:00", "gov_in_charge"),
    ]
    stage.says(case, Kind.FILED, "housing_bureau", document=Document.REVIEW, text="21 座换热站全部检修")
    assert stage.has_lapsed(case, "heating_check")
