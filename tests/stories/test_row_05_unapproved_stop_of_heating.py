"""Heating that stops without approval is answered for: the competent firm replies within a day, or its lapse
is pursued. Row 5.
"""

from shared.facts import Purpose
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, Level, ReportKind, Role
from tests.forms.given import HEATING, OUTAGE, reader
from tests.stories.stage import Stage


def complaint(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.COMPLAINT,
        unit="hotline_centre",
        area="620602",
        topic="heating",
        summary="擅自停暖，未见批准文件",
    )


def test_the_firm_of_that_area_owes_the_answer_within_a_day() -> None:
    stage = Stage()
    case = complaint(stage)
    duty = stage.duty(case, "complaint")
    assert (duty.owed_by, duty.owed_to) == ("heating_company", stage.holder("hotline_head"))
    assert stage.limit(case, "complaint") == "11-24 11:00"
    stage.after(hours=20)
    stage.says(
        case,
        Kind.FILED,
        "heating_company",
        document=Document.FEEDBACK,
        text="管道抢修，已恢复；停暖经住建局批准",
    )
    assert stage.is_done(case, "complaint")


def test_one_that_stays_silent_is_told_upwards_and_sanctioned_by_the_organ() -> None:
    stage = Stage()
    case = complaint(stage)
    stage.after(days=2, minutes=1)
    assert stage.slips(case, "complaint") == [
        ("11-23 23:00", "blue"),
        ("11-24 06:12", "yellow"),
        ("11-24 11:00", "red"),
    ]
    assert ("11-24 11:00", "heating_head") in stage.told(case, "complaint", Purpose.OVERDUE)
    assert ("11-25 11:00", "vice_mayor_construction") in stage.told(case, "complaint", Purpose.OVERDUE)
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    assert stage.case(pursued).report.unit == "heating_company"
    stage.says(
        pursued,
        Kind.MEASURE_DECIDED,
        "discipline",
        role=Role.DISCIPLINE,
        measure="notice_of_criticism",
        text="擅自停暖",
    )
    assert stage.is_done(pursued, "measure_decision")


def unapproved(stage: Stage) -> CaseId:
    block = reader().take({"id": "outage", "fields": OUTAGE}, HEATING).block
    return stage.report(
        level=Level.III,
        unit="wangshan_info_centre",
        area="620602",
        topic="heating",
        summary="停暖",
        form=block,
    )


def pursued(stage: Stage, case: CaseId) -> list[str]:
    """What the firm is asked to answer for."""
    reports = [stage.case(found).report for found in stage.raised(case, ReportKind.ACCOUNTABILITY)]
    return [report.summary for report in reports if report.unit == "heating_company"]


def test_a_stop_that_nobody_approved_is_restored_within_a_day_or_sanctioned() -> None:
    stage = Stage()
    case = unapproved(stage)
    assert stage.duty(case, "unapproved_stop_answer").owed_by == "heating_company"
    assert stage.limit(case, "unapproved_stop_answer") == "11-24 11:00"
    stage.after(days=1, minutes=1)
    assert pursued(stage, case) == ["恢复供应或出示批准文件未按时限完成：停暖"]


def test_a_firm_that_shows_the_approval_answers_for_nothing() -> None:
    stage = Stage()
    case = unapproved(stage)
    stage.after(hours=3)
    stage.says(
        case, Kind.FILED, "heating_company", document=Document.FEEDBACK, text="批准文件：望建〔2026〕3号"
    )
    stage.after(days=2)
    assert stage.is_done(case, "unapproved_stop_answer")
    assert pursued(stage, case) == []
