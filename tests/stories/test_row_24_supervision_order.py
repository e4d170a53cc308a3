"""The petition office supervises what is overdue: order, assignment, reminders, feedback, check and verified
closure. Row 24.
"""

from shared.case import CaseStatus, TaskState
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, ReportKind
from tests.stories.stage import Stage

UNIT = "shaquan_government"


def ordered(stage: Stage) -> CaseId:
    """A task three days over its limit has brought an order."""
    task = stage.report(
        ReportKind.TASK,
        unit="party_office",
        area="620600",
        summary="会议交办",
        tasks=[{"title": "拆除违建", "unit": UNIT}],
    )
    stage.says(task, Kind.ACCEPTED, UNIT, task="t1")
    stage.after(days=6, minutes=1)
    (order,) = stage.raised(task, ReportKind.SUPERVISION_ORDER)
    return order


def test_three_days_overdue_brings_the_order_with_a_task_for_whoever_owes() -> None:
    stage = Stage()
    order = ordered(stage)
    case = stage.case(order)
    assert case.report.unit == "petition_office"
    assert [(task.unit, task.assigner, task.title) for task in case.tasks] == [
        (UNIT, "petition_office", "拆除违建")
    ]
    assert stage.is_done(order, "order_assign")
    assert stage.limit(order, "order_feedback") == "12-06 11:00"


def test_the_unit_is_reminded_and_after_the_limit_rung_every_day() -> None:
    stage = Stage()
    order = ordered(stage)
    stage.after(days=9, hours=1)
    slips = [colour for _, colour in stage.slips(order, "order_feedback")]
    assert slips == ["blue", "yellow", "red"]
    assert stage.told(order, "order_feedback", Purpose.AGAIN) == [
        ("12-07 11:00", "shaquan_main"),
        ("12-08 11:00", "shaquan_main"),
    ]
    assert not stage.raised(order, ReportKind.SUPERVISION_ORDER), "an order does not order itself"


def test_feedback_is_checked_by_the_office_and_only_then_is_the_order_closed() -> None:
    stage = Stage()
    order = ordered(stage)
    stage.after(days=3)
    stage.says(order, Kind.COMPLETED, UNIT, task="t1", text="已拆除")
    assert stage.limit(order, "task_verify", "t1") == "12-05 11:01"
    assert stage.refused(order, Kind.VERIFIED, UNIT, task="t1") == "only_the_assigner_decides"
    stage.says(order, Kind.RETURNED, "petition", task="t1", text="现场仍有基础")
    stage.says(order, Kind.COMPLETED, UNIT, task="t1", text="基础已清")
    stage.says(order, Kind.VERIFIED, "petition", task="t1", text="实地核验")
    assert stage.task(order).state is TaskState.VERIFIED
    assert stage.limit(order, "order_close") == "12-05 11:01"
    stage.says(order, Kind.CLOSED, "petition", text="销号")
    assert stage.case(order).status is CaseStatus.CLOSED
    assert stage.is_done(order, "order_close")


def test_a_week_overdue_proposes_a_public_notice_and_the_organ_hears_of_it() -> None:
    stage = Stage()
    order = ordered(stage)
    stage.after(days=15)
    assert [effect.why for effect in stage.effects(order, EffectKind.PROPOSED)] == ["public_notice_draft"]
    assert ("12-13 11:00", "discipline") in stage.told(order, "order_feedback", Purpose.OVERDUE)
