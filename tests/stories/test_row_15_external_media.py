"""What media elsewhere report reaches the leaders at once, is verified, and what was done about it goes back
to the media desk. Row 15.
"""

from shared.ids import CaseId
from shared.vocabulary import Category, Document, Kind, ReportKind
from tests.stories.stage import Stage


def hit(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.OPINION,
        category=Category.ACCIDENT,
        topic="external_media",
        unit="propaganda",
        summary="外媒报道望山化工厂爆炸",
    )


def test_half_an_hour_to_the_leaders_though_nobody_has_graded_it() -> None:
    stage = Stage()
    case = hit(stage)
    assert stage.limit(case, "first_report") == "11-23 11:30"
    assert len(stage.told(case, "first_report")) == 5


def test_the_competent_unit_says_whether_it_is_so() -> None:
    stage = Stage()
    case = hit(stage)
    assert (stage.limit(case, "verification"), stage.duty(case, "verification").owed_by) == (
        "11-23 13:00",
        "wangshan_emergency",
    )
    stage.after(hours=1)
    stage.says(
        case, Kind.FILED, "wangshan_emergency", document=Document.VERIFICATION_REPORT, text="属实，两人轻伤"
    )
    assert stage.is_done(case, "verification")


def test_the_media_desk_hears_within_a_day_what_was_done() -> None:
    stage = Stage()
    case = hit(stage)
    duty = stage.duty(case, "media_feedback")
    assert (duty.owed_by, duty.owed_to, stage.limit(case, "media_feedback")) == (
        "wangshan_emergency",
        stage.holder("propaganda_head"),
        "11-24 11:00",
    )
    stage.after(hours=30)
    assert stage.has_lapsed(case, "media_feedback")
    stage.says(case, Kind.FILED, "wangshan_emergency", document=Document.FEEDBACK, text="已处置并发布通报")
    assert "media_feedback" not in stage.owed(case)
