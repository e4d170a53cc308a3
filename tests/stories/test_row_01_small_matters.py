"""A small matter is taken at the sprout and settled by somebody with a name; what grew out of it stays tied
to its first signal. Row 1.
"""

from shared.facts import Purpose
from shared.vocabulary import Document, Kind, Level, ReportKind
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


def test_what_grew_out_of_it_keeps_the_first_signal() -> None:
    stage = Stage()
    sprout = stage.report(ReportKind.HAZARD, unit="shaquan_government", area="620621", summary="河堤裂缝")
    stage.after(days=2)
    grown = stage.report(
        level=Level.III, unit="shaquan_government", area="620621", summary="河堤溃口", parent=sprout
    )
    assert stage.raised(sprout, ReportKind.INCIDENT) == [grown]
    assert "handling" in stage.owed(sprout), "the small matter does not end because it grew"
