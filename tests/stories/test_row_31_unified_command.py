"""Orders of a unified command are acknowledged within minutes by whoever gets them; one nobody answers is
told upwards. Row 31.
"""

from shared.case import TaskState
from shared.facts import LapseCause, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level
from tests.stories.stage import Stage


def ordered(stage: Stage) -> CaseId:
    case = stage.report(level=Level.II)
    stage.says(case, Kind.COMMAND_TAKEN, "gov_in_charge")
    orders = [
        {"title": "封控东门", "unit": "public_security", "within": "PT1H"},
        {"title": "堵漏", "unit": "fire_rescue", "within": "PT1H"},
    ]
    stage.says(case, Kind.ASSIGNED, "gov_in_charge", tasks=orders)
    return case


def test_each_order_is_acknowledged_in_the_ten_minutes_of_its_level() -> None:
    stage = Stage()
    case = ordered(stage)
    assert [stage.limit(case, "task_accept", task) for task in ("t1", "t2")] == ["11-23 11:10", "11-23 11:10"]
    assert stage.told(case, "task_accept") == [
        ("11-23 11:00", "public_security_head"),
        ("11-23 11:00", "fire_rescue_head"),
    ]
    stage.after(minutes=6)
    stage.says(case, Kind.ACCEPTED, "public_security", task="t1")
    assert stage.is_done(case, "task_accept", "t1")
    assert stage.task(case, "t1").state is TaskState.ACCEPTED
    assert not stage.is_done(case, "task_accept", "t2"), "one unit's word is not another's"


def test_an_order_without_an_answer_is_told_to_the_units_head_and_is_on_record() -> None:
    stage = Stage()
    case = ordered(stage)
    stage.after(minutes=11)
    lapse = stage.duty(case, "task_accept", "t2").lapse
    assert lapse
    assert lapse.cause is LapseCause.NOT_ACKNOWLEDGED
    assert ("11-23 11:10", "fire_rescue_head") in stage.told(case, "task_accept-t2", Purpose.OVERDUE)


def test_the_reporting_units_own_acknowledgement_is_owed_at_the_same_pace() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert stage.told(case, "acknowledge") == [("11-23 11:00", "wangshan_info_duty")], "it is rung as well"
    stage.after(minutes=9)
    stage.acknowledges(case, "wangshan_info_duty")
    assert stage.is_done(case, "acknowledge")
