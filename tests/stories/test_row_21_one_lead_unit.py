"""Every matter has one lead unit, found by category and area, and its helpers; why it is the one is on
record. Row 21.
"""

import pytest

from shared.facts import Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage


@pytest.mark.parametrize(
    ("area", "topic", "lead"),
    [
        ("620602", "heating", "heating_company"),
        ("620600", "heating", "housing_bureau"),
        ("620600", "water", "water_bureau"),
        ("620622", "water", "wangshan_government"),
    ],
)
def test_the_smallest_area_counts_first_and_then_what_it_is_about(area: str, topic: str, lead: str) -> None:
    stage = Stage()
    case = stage.report(ReportKind.COMPLAINT, unit="hotline_centre", area=area, topic=topic, summary="停供")
    assert stage.duty(case, "complaint").owed_by == lead


def test_whoever_receives_it_first_answers_for_it_until_the_lead_has_accepted() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert stage.case(case).holder == "wangshan_info_centre"
    stage.says(case, Kind.TRANSFERRED, "wangshan_info_centre", to_unit="wangshan_emergency", text="主管部门")
    assert stage.case(case).holder == "wangshan_info_centre"
    assert stage.limit(case, "transfer_answer") == "11-23 12:00", (
        "as long as a written report of this level may take"
    )
    stage.says(case, Kind.ACCEPTED, "wangshan_emergency")
    assert [(held.unit, held.how) for held in stage.case(case).held] == [
        ("wangshan_info_centre", "reported"),
        ("wangshan_emergency", "accepted"),
    ]


def test_helpers_have_tasks_of_their_own_beside_the_lead() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    tasks = [
        {"title": "处置", "unit": "wangshan_emergency", "lead": True},
        {"title": "救治", "unit": "health_commission"},
    ]
    stage.says(case, Kind.ASSIGNED, "government", tasks=tasks)
    assert [(task.unit, task.lead) for task in stage.case(case).tasks] == [
        ("wangshan_emergency", True),
        ("health_commission", False),
    ]


def heard(stage: Stage, case: CaseId) -> set[tuple[str, tuple[str, ...]]]:
    """(post, channels) of everybody who hears of the report without owing or being owed anything."""
    notices = [notice for decision in stage.decisions(case) for notice in decision.notices]
    return {(str(notice.post), notice.channels) for notice in notices if notice.purpose is Purpose.NEWS}


def test_an_incident_goes_to_the_duty_posts_of_the_competent_unit_and_of_the_county() -> None:
    stage = Stage()
    case = stage.report(unit="met_observatory", area="620621", level=Level.IV)
    assert heard(stage, case) == {("shaquan_emergency_head", ("sms",)), ("shaquan_info_duty", ("sms",))}
    grave = stage.report(unit="met_observatory", area="620621", level=Level.II)
    assert heard(stage, grave) == {
        ("shaquan_emergency_head", ("voice", "sms")),
        ("shaquan_info_duty", ("voice", "sms")),
    }
    (said,) = stage.texts(grave, "shaquan_info_duty", Purpose.NEWS)
    assert said.startswith("【烽火·初报】II级重大事故灾难：沙泉县，化工厂爆炸。市气象台报：11:00 发生")
    here = stage.report(unit="met_observatory", area="620602", level=Level.IV)
    (said,) = stage.texts(here, "beacon_hill_info_duty", Purpose.NEWS)
    assert said.startswith("[Fenghuo, first report] Level IV")


def test_a_small_matter_is_texted_to_the_competent_unit_alone() -> None:
    stage = Stage()
    case = stage.report(ReportKind.HAZARD, unit="met_observatory", area="620600", level=Level.IV)
    assert heard(stage, case) == {("emergency_bureau_head", ("sms",))}
