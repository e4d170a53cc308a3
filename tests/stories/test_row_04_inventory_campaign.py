"""Within one week every unit lists its disputes and hazards with measures and owners, or says outright that
it has none. Row 4.
"""

from typing import Any

from services.intake.board.campaign import matrix_of
from shared.case import TaskState
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, ReportKind, Role
from tests.stories.stage import Stage

UNITS = ["beacon_hill_government", "shaquan_government", "wangshan_government"]
WHOLE: dict[str, Any] = {"measure": "围挡加固", "owner": "kong_xuan", "due_at": "2026-12-20T10:00:00Z"}


def campaign(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area="620600",
        summary="矛盾纠纷和安全隐患大排查",
        tasks=[{"title": "一周内排查上报", "units": UNITS, "within": "P7D"}],
    )


def test_one_task_for_each_unit_with_reminders_on_the_third_and_sixth_day() -> None:
    stage = Stage()
    case = campaign(stage)
    assert [task.unit for task in stage.case(case).tasks] == UNITS
    stage.after(days=6, hours=1)
    reminded = [
        when
        for when, post in stage.told(case, "campaign_submission", Purpose.REMINDER)
        if post == "shaquan_main"
    ]
    assert reminded == ["11-26 11:00", "11-29 11:00"]


def test_a_ledger_a_nil_report_and_a_unit_that_is_late() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.after(days=2)
    stage.says(
        case,
        Kind.REGISTERED,
        UNITS[0],
        summary="老楼外墙脱落",
        measure="围挡加固",
        owner="kong_xuan",
        due_at="2026-12-20T10:00:00Z",
        text="老楼",
    )
    stage.says(case, Kind.COMPLETED, UNITS[0], task="t1", text="一处")
    assert (
        stage.refused(case, Kind.COMPLETED, UNITS[1], task="t2", text="没有")
        == "nothing_registered_and_no_nil_report"
    )
    stage.says(case, Kind.COMPLETED, UNITS[1], task="t2", document=Document.NIL_REPORT, text="零报告")
    assert stage.task(case, "t2").nil
    stage.after(days=5, hours=1)
    assert [duty.owed_by for duty in stage.duties(case, "campaign_submission") if duty.lapse] == [UNITS[2]]
    assert stage.told(case, "campaign_submission", Purpose.OVERDUE) == [
        ("11-30 11:00", "wangshan_main"),
        ("11-30 11:00", "emergency_bureau_head"),
        ("11-30 11:00", "emergency_office"),
    ]


def test_whoever_stays_late_gets_a_supervision_order_and_then_a_draft_notice() -> None:
    stage = Stage()
    case = campaign(stage)
    for number, unit in enumerate(UNITS[:2], 1):
        stage.says(case, Kind.COMPLETED, unit, task=f"t{number}", document=Document.NIL_REPORT, text="零报告")
    stage.after(days=15)
    (order,) = stage.raised(case, ReportKind.SUPERVISION_ORDER)
    assert stage.case(order).report.unit == "petition_office"
    assert [task.unit for task in stage.case(order).tasks] == [UNITS[2]]
    told = stage.told(case, "campaign_submission", Purpose.OVERDUE)
    assert told == [
        ("11-30 11:00", "wangshan_main"),
        ("11-30 11:00", "emergency_bureau_head"),
        ("11-30 11:00", "emergency_office"),
        ("12-01 11:00", "party_in_charge"),
        ("12-01 11:00", "gov_in_charge"),
        ("12-07 11:00", "discipline"),
    ]


def test_the_campaign_office_checks_what_was_handed_in_and_can_return_it() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.says(case, Kind.COMPLETED, UNITS[1], task="t2", document=Document.NIL_REPORT, text="零报告")
    assert stage.limit(case, "task_verify", "t2") == "12-23 11:00", "checked again within a month"
    stage.after(days=1)
    stage.says(case, Kind.RETURNED, "emergency_bureau", task="t2", text="河道未查")
    assert stage.is_done(case, "task_verify", "t2")
    assert stage.limit(case, "campaign_submission", "t2") == "11-30 11:00", (
        "what was returned is owed by the limit it had"
    )


def test_a_nil_report_handed_in_beside_the_task_is_the_units_answer_and_it_never_lapses() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.says(case, Kind.FILED, UNITS[0], document=Document.NIL_REPORT)
    stage.says(case, Kind.FILED, UNITS[1], task="t2", document=Document.NIL_REPORT)
    stage.says(case, Kind.REGISTERED, UNITS[2], summary="漏水", **WHOLE)
    stage.says(case, Kind.FILED, UNITS[2], document=Document.INVENTORY, text="一处")
    tasks = stage.case(case).tasks
    assert [(task.state, task.nil) for task in tasks] == [
        (TaskState.COMPLETED, True),
        (TaskState.COMPLETED, True),
        (TaskState.COMPLETED, False),
    ]
    assert len(stage.duties(case, "task_verify")) == 3, "whoever asked looks at each"
    stage.after(days=30)
    assert not [duty for duty in stage.duties(case, "campaign_submission") if duty.lapse]


def test_a_list_is_handed_in_beside_the_task_only_as_it_is_with_it() -> None:
    stage = Stage()
    case = campaign(stage)
    unlisted = stage.refused(case, Kind.FILED, UNITS[0], document=Document.INVENTORY, text="见附件")
    assert unlisted == "nothing_registered_and_no_nil_report"
    stage.says(case, Kind.REGISTERED, UNITS[0], summary="老楼")
    bare = stage.refused(case, Kind.FILED, UNITS[0], document=Document.INVENTORY, text="一处")
    assert bare == "item_without_measure_or_owner"
    assert stage.task(case).state is TaskState.ASSIGNED


def test_nobody_says_nil_for_a_unit_below() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.says(case, Kind.FILED, "emergency_bureau", document=Document.NIL_REPORT)
    assert {task.state for task in stage.case(case).tasks} == {TaskState.ASSIGNED}


def test_of_several_tasks_the_unit_says_which_one_it_answers() -> None:
    stage = Stage()
    case = campaign(stage)
    again = [{"title": "消防专项", "unit": UNITS[0], "within": "P7D"}]
    stage.says(case, Kind.ASSIGNED, "emergency_bureau", role=Role.LEADER, tasks=again)
    which = stage.refused(case, Kind.FILED, UNITS[0], document=Document.NIL_REPORT)
    assert which == "several_tasks_are_open"
    stage.says(case, Kind.FILED, UNITS[0], task="t4", document=Document.NIL_REPORT)
    stage.says(case, Kind.FILED, UNITS[0], document=Document.NIL_REPORT)
    assert [stage.task(case, name).nil for name in ("t1", "t4")] == [True, True]


def test_no_and_one_said_by_the_same_unit_the_list_counts_and_it_is_said_so() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.says(case, Kind.COMPLETED, UNITS[0], task="t1", document=Document.NIL_REPORT, text="零报告")
    assert stage.refused(case, Kind.FILED, UNITS[0], document=Document.NIL_REPORT) == "task_is_completed"
    stage.says(case, Kind.REGISTERED, UNITS[0], summary="漏水", **WHOLE)
    assert not stage.task(case).nil
    assert stage.reasons(case, EffectKind.TASK)[-1] == "listed_after_nil"

    stage.says(case, Kind.REGISTERED, UNITS[1], summary="老楼", **WHOLE)
    stage.says(case, Kind.FILED, UNITS[1], document=Document.NIL_REPORT)
    assert not stage.task(case, "t2").nil
    assert stage.reasons(case, EffectKind.TASK)[-1] == "listed_though_nil"
    matrix = matrix_of(stage.case(case), stage.now)
    assert [row.state for row in matrix.rows] == ["submitted", "submitted", "owed"]


def test_a_nil_report_after_the_end_of_the_campaign_completes_nothing() -> None:
    stage = Stage()
    case = campaign(stage)
    stage.says(case, Kind.WITHDRAWN, "emergency_bureau", role=Role.SUPERVISOR, text="重复下发")
    stage.says(case, Kind.FILED, UNITS[0], document=Document.NIL_REPORT)
    assert stage.task(case).state is TaskState.CANCELLED
