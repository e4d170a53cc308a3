"""Units fight together: a joint task has one lead and sub-tasks, and each of them answers for its own part.
Row 26.
"""

from shared.case import TaskState
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage

LEAD, HELPER, LAST = "transport_bureau", "public_security", "housing_bureau"


def joint(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.TASK,
        unit="government",
        area="620600",
        summary="城区扫雪保畅",
        tasks=[
            {"title": "主干道除雪", "unit": LEAD, "lead": True, "within": "P2D"},
            {"title": "交通管制", "unit": HELPER, "within": "P1D"},
            {"title": "背街小巷清扫", "unit": LAST, "within": "P1D", "after": 1},
        ],
    )


def test_one_leads_and_what_waits_for_another_begins_when_that_is_verified() -> None:
    stage = Stage()
    case = joint(stage)
    assert [(task.unit, task.lead, task.state) for task in stage.case(case).tasks] == [
        (LEAD, True, TaskState.ASSIGNED),
        (HELPER, False, TaskState.ASSIGNED),
        (LAST, False, TaskState.WAITING),
    ]
    assert not [duty for duty in stage.duties(case, "task_complete") if duty.task == "t3"], (
        "nothing is owed before its turn"
    )
    stage.after(hours=30)
    stage.says(case, Kind.COMPLETED, LEAD, task="t1", text="完成")
    stage.says(case, Kind.VERIFIED, "government", task="t1")
    assert stage.limit(case, "task_complete", "t3") == "11-25 17:00", "its own day, from its turn on"


def test_the_lead_being_in_time_does_not_excuse_a_helper() -> None:
    stage = Stage()
    case = joint(stage)
    stage.after(hours=12)
    stage.says(case, Kind.COMPLETED, LEAD, task="t1", text="完成")
    stage.after(hours=13)
    assert stage.is_done(case, "task_complete", "t1")
    assert stage.has_lapsed(case, "task_complete", "t2")
    assert stage.told(case, "task_complete-t2", Purpose.OVERDUE) == [
        ("11-24 11:00", "public_security_head"),
        ("11-24 11:00", "gov_main"),
        ("11-24 11:00", "emergency_office"),
    ]


def test_when_all_are_verified_the_case_says_so_and_may_be_closed() -> None:
    stage = Stage()
    case = joint(stage)
    assert stage.refused(case, Kind.CLOSED, "government") == "tasks_are_open"
    for number, unit in enumerate((LEAD, HELPER, LAST), 1):
        stage.says(case, Kind.COMPLETED, unit, task=f"t{number}", text="完成")
        stage.says(case, Kind.VERIFIED, "government", task=f"t{number}")
    assert "all_verified" in stage.reasons(case, EffectKind.TASK)
    stage.says(case, Kind.CLOSED, "government", text="全部销号")


def test_in_an_emergency_acceptance_is_asked_for_in_minutes() -> None:
    stage = Stage()
    case = stage.report(level=Level.I)
    stage.says(case, Kind.ASSIGNED, "government", tasks=[{"title": "疏散", "unit": HELPER, "within": "PT1H"}])
    assert stage.limit(case, "task_accept", "t1") == "11-23 11:05"
    stage.after(minutes=3)
    stage.says(case, Kind.ACCEPTED, HELPER, task="t1")
    assert stage.is_done(case, "task_accept", "t1")
