"""Welfare reaches every household on the list before the festival, with proof of delivery. Row 7."""

from shared.case import TaskState
from shared.facts import Purpose
from shared.vocabulary import Document, Kind
from tests.stories.stage import Stage

COUNTIES = ["beacon_hill_government", "shaquan_government", "wangshan_government"]


def test_each_county_delivers_its_list_and_proves_it() -> None:
    stage = Stage("2026-12-20 09:00")
    case = stage.watches("periodic", "welfare")
    stage.at("2027-01-05 09:30")
    assert (stage.limit(case, "welfare"), stage.duty(case, "welfare").owed_by) == (
        "01-20 09:00",
        "civil_affairs",
    )
    stage.says(
        case,
        Kind.ASSIGNED,
        "civil_affairs",
        tasks=[{"title": "慰问品发放到户", "units": COUNTIES, "within": "P10D"}],
    )
    for number, unit in enumerate(COUNTIES, 1):
        stage.says(case, Kind.ACCEPTED, unit, task=f"t{number}")
        stage.after(days=1)
        stage.says(case, Kind.COMPLETED, unit, task=f"t{number}", text="签收表 132 户")
        stage.says(case, Kind.VERIFIED, "civil_affairs", task=f"t{number}")
    assert {task.state for task in stage.case(case).tasks} == {TaskState.VERIFIED}
    stage.says(case, Kind.FILED, "civil_affairs", document=Document.RECEIPT, text="全市签收汇总")
    assert stage.is_done(case, "welfare")


def test_a_county_that_has_not_delivered_is_named_before_the_festival() -> None:
    stage = Stage("2026-12-20 09:00")
    case = stage.watches("periodic", "welfare")
    stage.at("2027-01-05 09:30")
    stage.says(
        case,
        Kind.ASSIGNED,
        "civil_affairs",
        tasks=[{"title": "慰问品发放到户", "unit": COUNTIES[1], "within": "P10D"}],
    )
    stage.at("2027-01-16 12:00")
    assert stage.told(case, "task_complete", Purpose.OVERDUE)[0] == ("01-15 09:30", "shaquan_main")
    assert stage.slips(case, "task_complete")[-1] == ("01-15 09:30", "red")
