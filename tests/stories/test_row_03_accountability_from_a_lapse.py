"""The discipline organ follows up failures: a lapse opens an accountability case, which ends in a decision
that can be traced. Row 3.
"""

from datetime import timedelta

from shared.facts import Actor, EffectKind
from shared.ids import UnitId
from shared.standing import standing_case
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.stories.stage import Stage

UNIT = "wangshan_info_centre"


def test_from_the_lapse_to_the_decision_every_step_names_the_one_before() -> None:
    stage = Stage()
    incident = stage.report(level=Level.II, learned=timedelta(minutes=45))
    ledger = standing_case("ledger", UNIT)
    assert stage.reasons(ledger, EffectKind.NOTED) == ["lapse_on_the_ledger"]
    (case,) = stage.raised(incident, ReportKind.ACCOUNTABILITY)
    measure = stage.case(case).measure
    assert measure
    assert (measure.about, measure.duty) == (incident, "first_report-party_main")
    assert (measure.proposed, measure.why) == ("written_explanation", ("level_II",))
    assert [stage.limit(case, "statement"), stage.limit(case, "measure_decision")] == [
        "11-30 11:00",
        "12-14 11:00",
    ]

    stage.after(days=2)
    stage.says(case, Kind.STATED, UNIT, text="夜间只有一人值守")
    stage.after(days=3)
    stage.says(
        case, Kind.MEASURE_DECIDED, "discipline", role=Role.DISCIPLINE, measure="admonitory_talk", text="屡次"
    )
    assert stage.is_done(case, "statement")
    assert stage.is_done(case, "measure_decision")
    assert stage.reasons(case, EffectKind.STATUS) == ["measure_other_than_proposed"]


def test_each_further_lapse_within_the_year_weighs_more() -> None:
    stage = Stage()
    for _ in range(3):
        late = stage.report(level=Level.IV, learned=timedelta(hours=2, minutes=5))
        stage.says(late, Kind.CLOSED, UNIT, text="已处置完毕")
        stage.after(days=1)
    proposed = [one.measure.proposed for one in stage.world.cases.values() if one.measure is not None]
    assert proposed == ["reminder", "written_explanation", "admonitory_talk"]


def test_a_decision_can_be_reviewed_and_corrected() -> None:
    stage = Stage()
    incident = stage.report(level=Level.II, learned=timedelta(minutes=45))
    (case,) = stage.raised(incident, ReportKind.ACCOUNTABILITY)
    assert stage.refused(case, Kind.REVIEW_ASKED, UNIT, text="不服") == "nothing_decided_yet"
    stage.says(case, Kind.MEASURE_DECIDED, "discipline", role=Role.DISCIPLINE, measure="written_explanation")
    stage.after(days=1)
    stage.says(case, Kind.REVIEW_ASKED, UNIT, text="线路中断，有记录")
    assert stage.limit(case, "measure_review") == "12-24 11:00"
    stage.after(days=5)
    by_another = Actor(principal="he_shen", role=Role.DISCIPLINE, unit=UnitId("discipline_organ"))
    assert (
        stage.refused(case, Kind.REVIEWED, "discipline", role=Role.DISCIPLINE, approve=True, text="维持")
        == "reviewed_by_who_decided"
    )
    stage.says(case, Kind.REVIEWED, by_another, approve=False, text="情况属实")
    assert stage.is_done(case, "measure_review")
    assert stage.reasons(case, EffectKind.STATUS)[-1] == "measure_set_aside"
    stage.says(case, Kind.CORRECTED, "discipline", role=Role.DISCIPLINE, text="撤销情况说明")
    measure = stage.case(case).measure
    assert measure
    assert (measure.decided, measure.corrected) == ("written_explanation", "撤销情况说明")
