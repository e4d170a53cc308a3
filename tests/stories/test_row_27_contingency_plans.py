"""Contingency plans can be worked by: their steps become tasks, and they are reviewed and drilled when they
are due. Row 27.
"""

from shared.case import TaskState
from shared.facts import Purpose
from shared.vocabulary import Category, Document, Kind, Level
from tests.stories.stage import Stage, wall


def test_a_plan_that_is_invoked_makes_a_task_of_each_step_in_its_order() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, topic="chemical")
    (plan,) = stage.directory.plans_for(
        stage.case(case).report.kind, Category.ACCIDENT, "chemical", Level.II, "620622"
    )
    stage.says(case, Kind.PLAN_INVOKED, "wangshan_info_centre", plan=plan.id)
    assert stage.is_done(case, "plan"), "an invoked plan is the plan of action that was owed"
    tasks = stage.case(case).tasks
    assert [(task.unit, wall(task.due_at)) for task in tasks[:3]] == [
        ("public_security", "11-23 11:30"),
        ("fire_rescue", "11-23 12:00"),
        ("health_commission", "11-23 12:00"),
    ]
    assert tasks[3].state is TaskState.WAITING
    stage.after(minutes=40)
    stage.says(case, Kind.COMPLETED, "fire_rescue", task="t2", text="已堵漏")
    stage.says(case, Kind.VERIFIED, "wangshan_info_centre", task="t2")
    assert stage.limit(case, "task_complete", "t4") == "11-23 13:40", (
        "two hours from the end of the step it waited for"
    )


def test_a_step_nobody_takes_is_told_upwards() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, topic="chemical")
    stage.says(case, Kind.PLAN_INVOKED, "wangshan_info_centre", plan="chemical_accident")
    stage.after(minutes=31)
    assert stage.has_lapsed(case, "task_complete", "t1")
    assert ("11-23 11:30", "public_security_head") in stage.told(case, "task_complete-t1", Purpose.OVERDUE)


def test_the_plans_are_reviewed_in_march_and_drilled_in_may_and_november() -> None:
    stage = Stage()
    review, drill = stage.watches("periodic", "plan_review"), stage.watches("periodic", "drill")
    stage.at("2027-03-20 09:00")
    assert stage.limit(review, "plan_review") == "03-31 09:00"
    stage.says(review, Kind.FILED, "emergency_bureau", document=Document.REVIEW, text="2027-1 版")
    assert stage.is_done(review, "plan_review")
    stage.at("2027-06-01 09:00")
    assert stage.has_lapsed(drill, "drill")
    assert ("05-31 09:00", "gov_in_charge") in stage.told(drill, "drill", Purpose.OVERDUE)
