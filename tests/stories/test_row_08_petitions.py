"""A petition is routed within 15 days and settled within 60, may be extended by 30, and reviewed twice within
30 days each. Row 8.
"""

from typing import Any

from shared.facts import Purpose
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, ReportKind
from tests.stories.stage import Stage


def petition(stage: Stage, topic: str = "land") -> CaseId:
    return stage.report(
        ReportKind.PETITION, unit="petition_office", area="620621", topic=topic, summary="征地补偿未兑现"
    )


def settled(stage: Stage) -> CaseId:
    case = petition(stage)
    stage.says(case, Kind.TRANSFERRED, "petition_office", to_unit="shaquan_government", text="属地办理")
    stage.says(case, Kind.ACCEPTED, "shaquan_government")
    stage.after(days=20)
    stage.says(case, Kind.FILED, "shaquan_government", document=Document.SETTLEMENT, text="补偿到位")
    return case


def test_routed_within_fifteen_days_and_settled_within_sixty() -> None:
    stage = Stage()
    case = petition(stage)
    assert stage.limit(case, "petition_route") == "12-08 11:00"
    stage.after(days=3)
    stage.says(case, Kind.TRANSFERRED, "petition_office", to_unit="shaquan_government", text="属地办理")
    assert stage.is_done(case, "petition_route")
    assert (stage.limit(case, "petition_close"), stage.duty(case, "petition_close").owed_by) == (
        "01-25 11:00",
        "petition_office",
    )
    stage.says(case, Kind.ACCEPTED, "shaquan_government")
    assert (stage.limit(case, "petition_close"), stage.duty(case, "petition_close").owed_by) == (
        "01-25 11:00",
        "shaquan_government",
    )
    stage.after(days=40)
    stage.says(case, Kind.FILED, "shaquan_government", document=Document.SETTLEMENT, text="补偿到位，签收")
    assert stage.is_done(case, "petition_close")


def test_one_that_is_not_routed_is_told_to_the_petition_office_itself() -> None:
    stage = Stage()
    case = petition(stage)
    stage.after(days=16)
    assert stage.has_lapsed(case, "petition_route")
    assert ("12-08 11:00", "petition") in stage.told(case, "petition_route", Purpose.OVERDUE)
    assert stage.raised(case, ReportKind.ACCOUNTABILITY)


def test_the_unit_asked_may_object_within_five_working_days_of_the_real_calendar() -> None:
    stage = Stage("2026-02-12 10:00")
    case = petition(stage)
    stage.says(case, Kind.TRANSFERRED, "petition_office", to_unit="shaquan_government", text="属地办理")
    # Friday 13, Saturday 14 (a make-up workday), then nine days of Spring Festival, Tuesday 24, 25, 26.
    assert stage.limit(case, "transfer_answer") == "02-26 10:00"
    stage.at("2026-02-26 09:59")
    stage.says(case, Kind.OBJECTED, "shaquan_government", text="土地在望山县境内")
    assert stage.case(case).holder == "petition_office"


def test_the_settlement_may_be_extended_by_thirty_days_asked_before_the_limit() -> None:
    stage = Stage()
    case = petition(stage)
    stage.says(case, Kind.TRANSFERRED, "petition_office", to_unit="shaquan_government", text="属地办理")
    stage.says(case, Kind.ACCEPTED, "shaquan_government")
    stage.after(days=50)
    longer: dict[str, Any] = {"duty": stage.duty(case, "petition_close").id, "due_at": "2027-03-23T03:00:00Z"}
    assert (
        stage.refused(case, Kind.EXTENSION_ASKED, "shaquan_government", text="鉴定未出", **longer)
        == "extended_longer_than_allowed"
    )
    asked: dict[str, Any] = longer | {"due_at": "2027-02-21T03:00:00Z"}
    stage.says(case, Kind.EXTENSION_ASKED, "shaquan_government", text="鉴定未出", **asked)
    assert stage.limit(case, "petition_close") == "01-22 11:00", "asking moves nothing"
    stage.says(case, Kind.EXTENSION_DECIDED, "petition_office", approve=True, duty=longer["duty"])
    assert stage.limit(case, "petition_close") == "02-21 11:00"


def test_whoever_is_not_content_may_have_it_reviewed_and_reviewed_again() -> None:
    stage = Stage()
    case = settled(stage)
    stage.after(days=10)
    stage.says(case, Kind.REVIEW_ASKED, text="金额不符")
    assert (stage.limit(case, "petition_review"), stage.duty(case, "petition_review").owed_by) == (
        "01-22 11:00",
        "government",
    )
    stage.after(days=25)
    stage.says(case, Kind.REVIEWED, "government", text="维持")
    assert stage.is_done(case, "petition_review")

    stage.says(case, Kind.REVIEW_ASKED, text="仍不服")
    assert stage.limit(case, "petition_re_review") == "02-16 11:00"
    assert "petition_review" not in stage.owed(case), "the second review is not the first one again"
    assert stage.duty(case, "petition_re_review").owed_by == "party_committee", "the level above"
    assert stage.refused(case, Kind.REVIEWED, "government", text="再次维持") == "reviewed_by_the_same_unit"
    stage.says(case, Kind.CLOSED, "petition_office", text="已答复")
    assert "petition_re_review" in stage.owed(case), "closing never ends a review that is running"
    stage.after(days=31)
    assert stage.has_lapsed(case, "petition_re_review")
    assert ("02-16 11:00", "vice_mayor_agriculture") in stage.told(
        case, "petition_re_review", Purpose.OVERDUE
    )
