"""Contingency plans can be worked by: their steps become tasks, and they are reviewed and drilled when they
are due. Row 27.
"""

from datetime import date

from shared.case import TaskState
from shared.facts import Purpose
from shared.ids import PlanId
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


def test_each_plan_is_reviewed_by_its_own_date_by_the_unit_that_keeps_it() -> None:
    stage = Stage()
    chemical, heating = (stage.watches("plan", plan) for plan in ("chemical_accident", "heating_outage"))
    assert stage.limit(chemical, "plan_review") == "06-30 23:59"
    assert stage.duty(heating, "plan_review").owed_by == "housing_bureau"
    stage.says(chemical, Kind.FILED, "emergency_bureau", document=Document.PLAN, text="2027-1 版")
    assert stage.is_done(chemical, "plan_review")
    renewed = stage.directory.plans_by_id[PlanId("chemical_accident")].model_copy(
        update={"version": "2027-1", "review_by": date(2028, 6, 30)}
    )
    stage.changes(stage.directory.revised(plans=(renewed, stage.directory.plans[1])))
    stage.watches("plan", "chemical_accident")
    assert "plan_review" in stage.owed(chemical), "the new version has a date of its own"
    stage.at("2027-10-01 09:00")
    assert stage.has_lapsed(heating, "plan_review")
    assert ("10-01 00:00", "emergency_office") in stage.told(heating, "plan_review", Purpose.OVERDUE)


def test_each_plan_is_drilled_as_often_as_it_says_itself() -> None:
    stage = Stage()
    chemical = stage.watches("plan", "chemical_accident")
    assert stage.limit(chemical, "drill") == "05-22 11:00", "half a year from now on"
    stage.at("2027-04-01 09:00")
    stage.says(chemical, Kind.FILED, "emergency_bureau", document=Document.DRILL_RECORD, text="桌面推演")
    assert stage.limit(chemical, "drill") == "09-28 09:00", "and half a year from each drill"
    stage.at("2027-09-29 09:00")
    assert stage.has_lapsed(chemical, "drill")
    assert ("09-28 09:00", "emergency_bureau_head") in stage.told(chemical, "drill", Purpose.OVERDUE)
