"""The government website and the information centre report a hit to the government leaders by phone and SMS
in half an hour. Row 17.
"""

from shared.facts import Via
from shared.ids import CaseId
from shared.vocabulary import Category, ReportKind
from tests.stories.stage import Stage


def hit(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.OPINION,
        category=Category.PUBLIC_SECURITY,
        topic="web",
        unit="website_office",
        summary="论坛帖称县医院门前聚集",
        details="https://bbs.example/t/88 快照 a1b2",
    )


def test_each_leader_is_rung_and_texted_and_every_attempt_is_on_record() -> None:
    stage = Stage()
    case = hit(stage)
    assert stage.limit(case, "first_report") == "11-23 11:30"
    notices = {str(notice.post): notice for _, notice in stage.notices(case, "first_report")}
    assert notices["gov_main"].channels == ("voice", "sms")
    stage.after(minutes=1)
    stage.fails(notices["gov_main"], "voice")
    stage.delivers(notices["gov_main"], "sms")
    lit = next(duty.lit[0] for duty in stage.duties(case, "first_report") if duty.posts == ("gov_main",))
    assert (lit.failed, lit.delivered) == (("voice",), ("sms",))
    assert "gov_main" in [duty.posts[0] for duty in stage.duties(case, "first_report") if duty.is_owed], (
        "delivered is not read"
    )


def test_a_call_that_was_logged_discharges_it() -> None:
    stage = Stage()
    case = hit(stage)
    stage.after(minutes=4)
    stage.acknowledges(case, "gov_main", via=Via.LOGGED_CALL)
    assert {duty.posts[0] for duty in stage.duties(case, "first_report") if not duty.is_owed} == {"gov_main"}


def test_the_unit_that_is_competent_there_verifies_the_hit() -> None:
    stage = Stage()
    case = hit(stage)
    assert stage.duty(case, "verification").owed_by == "wangshan_government"
    assert stage.duty(case, "media_feedback").owed_to == stage.holder("website_head")
