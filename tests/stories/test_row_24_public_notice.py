"""Nobody is named publicly before two people have approved it and the unit named has had its say. Row 24."""

import pytest
from msgspec.structs import replace

from services.notifier.channels import Form
from services.notifier.messages.writer import Writer
from shared.facts import EffectKind, Notice, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Language, ReportKind, Role
from tests.stories.stage import ZONE, Stage, wall

UNIT = "shaquan_government"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def case(stage: Stage) -> CaseId:
    order = stage.report(
        ReportKind.SUPERVISION_ORDER,
        unit="petition_office",
        area="620621",
        summary="督办",
        tasks=[{"title": "拆除违建", "unit": UNIT}],
    )
    stage.after(days=8)
    stage.says(order, Kind.NOTICE_DRAFTED, "petition", role=Role.SUPERVISOR, text="沙泉县拆违不力，予以通报")
    return order


def approved(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE)
    stage.says(case, Kind.NOTICE_APPROVED, "secretary_general", role=Role.LEADER)


def read(stage: Stage, notice: Notice, language: Language) -> str:
    """The text message."""
    told = replace(notice, language=language)
    return Writer(ZONE).write(CaseId("c"), told, Form.SHORT, link=None, now=stage.now).text


def asked(stage: Stage, case: CaseId) -> list[Notice]:
    return [notice for _, notice in stage.notices(case, "notice_approval", Purpose.DUTY)]


def test_each_approver_is_rung_in_turn_with_the_words_to_approve(stage: Stage, case: CaseId) -> None:
    assert [notice.post for notice in asked(stage, case)] == ["discipline"]
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE)
    assert [notice.post for notice in asked(stage, case)] == ["discipline", "secretary_general"]
    second = asked(stage, case)[-1]
    assert "拟通报沙泉县人民政府（已批准 1/2），文稿：“沙泉县拆违不力，予以通报”" in read(
        stage, second, Language.ZH
    )
    english = read(stage, second, Language.EN)
    assert "names Government of Shaquan County (1 of 2 approvals) and reads:" in english
    assert "approval of the public notice" in english
    stage.says(case, Kind.NOTICE_APPROVED, "secretary_general", role=Role.LEADER)
    assert len(asked(stage, case)) == 2, "nobody is asked once it has what it needs"
    assert "notice_approval" not in stage.owed(case)
    assert not stage.has_lapsed(case, "notice_approval")


def test_whoever_drafted_it_is_never_asked_to_approve_it(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.NOTICE_APPROVED, "secretary_general", role=Role.LEADER, approve=False, text="重写")
    stage.says(case, Kind.NOTICE_DRAFTED, "discipline", role=Role.DISCIPLINE, text="沙泉县未按期拆违")
    assert asked(stage, case)[-1].post == "secretary_general"
    stage.says(case, Kind.NOTICE_APPROVED, "secretary_general", role=Role.LEADER)
    assert asked(stage, case)[-1].post == "gov_main"


def test_two_others_approve_and_each_once(stage: Stage, case: CaseId) -> None:
    assert (
        stage.refused(case, Kind.NOTICE_APPROVED, "petition", role=Role.LEADER)
        == "nobody_approves_their_own_draft"
    )
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE)
    assert stage.refused(case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE) == "approved_already"
    assert (
        stage.refused(case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE) == "approvals_missing"
    )


def test_the_unit_named_has_three_days_to_reply(stage: Stage, case: CaseId) -> None:
    approved(stage, case)
    assert (stage.limit(case, "notice_reply"), stage.duty(case, "notice_reply").owed_by) == (
        "12-04 11:00",
        UNIT,
    )
    assert (
        stage.refused(case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)
        == "reply_window_is_open"
    )
    stage.after(days=3, minutes=1)
    assert stage.refused(case, Kind.NOTICE_REPLIED, UNIT, text="迟了") == "reply_window_closed"
    stage.says(case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)


def test_after_its_reply_it_may_be_published_and_corrected_later(stage: Stage, case: CaseId) -> None:
    approved(stage, case)
    stage.after(days=1)
    stage.says(case, Kind.NOTICE_REPLIED, UNIT, text="汛期停工，已复工")
    stage.says(case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)
    assert stage.is_done(case, "notice_approval")
    assert stage.is_done(case, "notice_reply")
    stage.says(case, Kind.CORRECTED, "discipline", role=Role.DISCIPLINE, text="更正：停工系汛期所致")
    notice = stage.case(case).notice
    assert notice
    assert notice.published_at
    assert (notice.text, wall(notice.published_at), len(notice.replies)) == (
        "沙泉县拆违不力，予以通报",
        "12-02 11:00",
        1,
    )
    assert stage.reasons(case, EffectKind.STATUS)[-1] == "corrected"


def test_one_that_is_turned_down_is_gone_and_must_be_drafted_anew(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE, approve=False, text="证据不足")
    assert (
        stage.refused(case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)
        == "no_notice_is_pending"
    )
    assert not {"notice_reply", "notice_approval"} & stage.owed(case), (
        "nothing is owed to a notice that is no more"
    )
