"""A special case has a leader of its own by name, is compiled when it is done, and what came of it is
published. Rows 37, 38.
"""

from typing import Any

from shared.case import TaskState
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Document, Kind, Level, ReportKind, Role
from tests.stories.stage import Stage


def test_the_named_leader_is_rung_and_reminded_and_no_other() -> None:
    stage = Stage()
    leader = stage.holder("secretary_general")
    case = stage.report(
        ReportKind.TASK,
        unit="party_office",
        area="620600",
        summary="积案包案化解",
        tasks=[{"title": "张某某信访积案", "unit": "shaquan_government", "owner": leader, "within": "P30D"}],
    )
    assert stage.duty(case, "task_complete", "t1").bearer == leader
    stage.after(days=16)
    assert [notice.person for _, notice in stage.notices(case, "task_complete", Purpose.REMINDER)] == [leader]
    stage.says(case, Kind.COMPLETED, leader, task="t1", text="息诉罢访，卷宗已汇编")
    stage.says(case, Kind.VERIFIED, "party_office", task="t1")
    assert stage.task(case).state is TaskState.VERIFIED


def test_a_case_is_given_to_another_leader_by_name_and_both_stand_on_record() -> None:
    stage = Stage()
    case = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="改制职工安置")
    before, after = stage.duty(case, "handling").bearer, stage.holder("secretary_general")
    stage.says(case, Kind.REASSIGNED, "party_office", duty=stage.duty(case, "handling").id, to_person=after)
    assert stage.duty(case, "handling").bearer == after
    assert stage.limit(case, "handling") == "11-30 11:00", "a new leader is no new term"
    assert [effect.note for effect in stage.effects(case, EffectKind.HOLDER)] == [f"{before} → {after}"]


def test_a_graver_one_is_tracked_by_the_leader_in_charge_and_what_came_of_it_is_published() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, "gov_in_charge")
    assert stage.duty(case, "progress").bearer == stage.holder("gov_in_charge")
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="处置完毕")
    stage.says(case, Kind.FILED, "wangshan_info_centre", document=Document.REVIEW, text="案例汇编")
    told = stage.report(
        ReportKind.PUBLICATION,
        unit="propaganda",
        area="620600",
        summary="处置结果",
        parent=case,
        tasks=[{"title": "刊发", "unit": "tv_centre"}],
    )
    assert stage.raised(case, ReportKind.PUBLICATION) == [told]
    assert stage.limit(told, "publish", "t1") == "11-23 16:00"


def test_a_compilation_is_out_when_two_have_approved_it_and_names_nobody_who_would_have_to_reply() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.TASK,
        unit="party_office",
        area="620600",
        topic="compilation",
        summary="积案办理情况",
        details="126名职工安置到位。",
    )
    assert [duty.rule for duty in stage.case(case).duties] == ["notice_approval"], "and no reply is owed"
    assert (
        stage.refused(case, Kind.NOTICE_DRAFTED, "secretary_general", role=Role.SUPERVISOR, text="另一稿")
        == "compilation_is_no_notice"
    )
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", approve=True)
    notice = stage.case(case).notice
    assert notice
    assert notice.published_at is None
    assert stage.refused(case, Kind.NOTICE_APPROVED, "discipline", approve=True) == "approved_already"
    stage.says(case, Kind.NOTICE_APPROVED, "secretary_general", approve=True)
    notice = stage.case(case).notice
    assert notice
    assert (notice.text, notice.published_at is not None) == ("126名职工安置到位。", True)


def test_a_compilation_that_is_turned_down_is_gone_and_one_without_a_text_is_none() -> None:
    stage = Stage()
    fields: dict[str, Any] = {
        "unit": "party_office",
        "area": "620600",
        "topic": "compilation",
        "summary": "积案",
    }
    case = stage.report(ReportKind.TASK, details="经过", **fields)
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", approve=False, text="事实不清")
    assert stage.case(case).notice is None
    bare = stage.report(ReportKind.TASK, **fields)
    assert stage.case(bare).notice is None, "without a text there is nothing to approve"
