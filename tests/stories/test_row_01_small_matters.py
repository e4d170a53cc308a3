"""A small matter is taken at the sprout and settled by somebody with a name; what grew out of it stays tied
to its first signal. Row 1.
"""

from typing import Any

import pytest

from shared.case import CaseStatus
from shared.facts import Purpose
from shared.vocabulary import Category, Document, Kind, Level, ReportKind
from tests.stories.stage import Stage


def test_a_dispute_is_settled_within_seven_days_by_whoever_holds_it() -> None:
    stage = Stage()
    case = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="邻里排水纠纷")
    assert stage.limit(case, "handling") == "11-30 11:00"
    stage.after(days=6, hours=1)
    assert stage.told(case, "handling") == [("11-26 11:00", "shaquan_main"), ("11-29 11:00", "shaquan_main")]
    stage.says(case, Kind.FILED, "shaquan_government", document=Document.SETTLEMENT, text="双方签字")
    assert stage.is_done(case, "handling")
    assert stage.duty(case, "handling").discharged_by == stage.holder("shaquan_main")


def test_one_that_nobody_settles_is_told_upwards_and_stays_owed() -> None:
    stage = Stage()
    case = stage.report(ReportKind.HAZARD, unit="shaquan_government", area="620621", summary="河堤裂缝")
    stage.after(days=11)
    assert stage.has_lapsed(case, "handling")
    assert stage.told(case, "handling", Purpose.OVERDUE) == [
        ("11-30 11:00", "shaquan_main"),
        ("11-30 11:00", "emergency_office"),
        ("12-03 11:00", "party_in_charge"),
        ("12-03 11:00", "gov_in_charge"),
    ]
    assert "handling" in stage.owed(case)


@pytest.mark.parametrize(
    "kind", [ReportKind.DISPUTE, ReportKind.HAZARD, ReportKind.PETITION, ReportKind.COMPLAINT]
)
def test_one_act_turns_it_into_an_incident_that_is_rung_and_tied_to_it(kind: ReportKind) -> None:
    stage = Stage()
    sprout = stage.report(kind, unit="shaquan_government", area="620621", summary="河堤裂缝")
    stage.after(days=2)
    stage.says(
        sprout,
        Kind.GROWN,
        "shaquan_government",
        category=Category.NATURAL_DISASTER,
        level=Level.II,
        summary="河堤溃口，一村被淹",
        text="凌晨溃口三十米",
    )
    (grown,) = stage.raised(sprout, ReportKind.INCIDENT)
    incident = stage.case(grown)
    assert (incident.report.parent, stage.case(sprout).grown_into, incident.split_from) == (
        sprout,
        grown,
        None,
    )
    assert (incident.holder, incident.report.summary, incident.report.details) == (
        "shaquan_government",
        "河堤溃口，一村被淹",
        "凌晨溃口三十米",
    )
    assert (incident.report.witness, incident.suspicion) == (False, None), "nobody is suspected by it"
    assert [post for _, post in stage.told(grown, "first_report", Purpose.REPORT)] == [
        "party_main",
        "gov_main",
        "party_in_charge",
        "gov_in_charge",
        "emergency_office",
    ]
    assert stage.limit(grown, "first_report") == "11-25 11:30", "from when it became one"
    assert stage.case(sprout).status is CaseStatus.OPEN, "the small matter goes on"
    again: dict[str, Any] = {"category": Category.ACCIDENT, "text": "又报"}
    assert stage.refused(sprout, Kind.GROWN, "shaquan_government", **again) == "has_grown_already"
    assert stage.refused(grown, Kind.GROWN, "shaquan_government", **again) == "becomes_no_incident"


def test_the_office_of_the_whole_city_may_say_so_and_the_holder_answers_for_it() -> None:
    stage = Stage()
    sprout = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="围堵")
    stage.says(sprout, Kind.GROWN, "emergency_duty", category=Category.PUBLIC_SECURITY, text="冲击大门")
    (grown,) = stage.raised(sprout, ReportKind.INCIDENT)
    assert (stage.case(grown).holder, stage.case(grown).report.witness) == ("shaquan_government", False)
    assert (
        stage.refused(sprout, Kind.GROWN, "water_bureau", category=Category.ACCIDENT, text="x")
        == "no_standing"
    )


def test_what_grew_out_of_it_keeps_the_first_signal() -> None:
    stage = Stage()
    sprout = stage.report(ReportKind.HAZARD, unit="shaquan_government", area="620621", summary="河堤裂缝")
    stage.after(days=2)
    grown = stage.report(
        level=Level.III, unit="shaquan_government", area="620621", summary="河堤溃口", parent=sprout
    )
    assert stage.raised(sprout, ReportKind.INCIDENT) == [grown]
    assert "handling" in stage.owed(sprout), "the small matter does not end because it grew"
