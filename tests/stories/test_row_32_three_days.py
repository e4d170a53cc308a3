"""Within three days every unit reports its problems; the office splits them into tasks, issues the notice and
tracks each. Row 32.
"""

from shared.case import TaskState
from shared.facts import EffectKind
from shared.vocabulary import Document, Kind, ReportKind
from tests.stories.stage import Stage

UNITS = ["beacon_hill_government", "shaquan_government", "wangshan_government"]


def test_collected_split_into_tasks_and_tracked_to_the_last() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.TASK,
        unit="party_office",
        area="620600",
        summary="会后三日内报问题",
        tasks=[{"title": "报送问题清单", "units": UNITS}],
    )
    assert [stage.limit(case, "task_complete", task.id) for task in stage.case(case).tasks] == [
        "11-26 11:00"
    ] * 3
    stage.after(days=2)
    for number, unit in enumerate(UNITS[:2], 1):
        stage.says(case, Kind.COMPLETED, unit, task=f"t{number}", text="问题清单")
        stage.says(case, Kind.VERIFIED, "party_office", task=f"t{number}")
    stage.after(days=1, hours=1)
    assert [duty.owed_by for duty in stage.duties(case, "task_complete") if duty.lapse] == UNITS[2:], (
        "who is late is named"
    )

    stage.says(
        case,
        Kind.ASSIGNED,
        "party_office",
        tasks=[{"title": "路灯维修", "unit": "housing_bureau", "within": "P5D"}],
    )
    stage.says(case, Kind.FILED, "party_office", document=Document.FEEDBACK, text="督办通知第 1 号")
    stage.says(case, Kind.COMPLETED, UNITS[2], task="t3", text="问题清单")
    stage.says(case, Kind.VERIFIED, "party_office", task="t3")
    stage.after(days=4)
    stage.says(case, Kind.COMPLETED, "housing_bureau", task="t4", text="已修 46 盏")
    stage.says(case, Kind.VERIFIED, "party_office", task="t4")
    assert {task.state for task in stage.case(case).tasks} == {TaskState.VERIFIED}
    assert stage.reasons(case, EffectKind.TASK)[-1] == "all_verified"


def test_a_list_handed_in_must_be_looked_at_within_three_days_too() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.TASK,
        unit="party_office",
        area="620600",
        summary="报问题",
        tasks=[{"title": "清单", "units": UNITS}],
    )
    stage.says(case, Kind.COMPLETED, UNITS[0], task="t1", text="问题清单")
    assert (stage.duty(case, "task_verify", "t1").owed_by, stage.limit(case, "task_verify", "t1")) == (
        "party_office",
        "11-26 11:00",
    )
