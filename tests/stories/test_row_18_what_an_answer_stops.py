"""Whoever answers stops everything an answer should stop and nothing else; where one may answer for all, one
is enough. Row 18.
"""

from shared.facts import EffectKind, Purpose
from shared.vocabulary import Document, Kind, Level
from tests.stories.stage import Stage

DISCHARGED = '    discharged_by: "@half_hour.discharged_by"\n'
ONE_FOR_ALL = {DISCHARGED: f"    answer: any\n{DISCHARGED}"}


def test_everyone_must_answer_where_each_is_owed_it() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=2)
    stage.acknowledges(case, "party_main")
    stage.after(minutes=14)
    assert "party_main" not in [post for _, post in stage.told(case, "first_report", Purpose.REMINDER)]
    assert len(stage.told(case, "first_report", Purpose.REMINDER)) == 4
    assert "written_report" in stage.owed(case), "knowing is not doing"


def test_one_answers_for_all_where_the_policy_says_so() -> None:
    stage = Stage(policy=ONE_FOR_ALL)
    case = stage.report(level=Level.II)
    assert len(stage.told(case, "first_report", Purpose.REPORT)) == 5
    assert len(stage.duties(case, "first_report")) == 1
    stage.after(minutes=2)
    stage.acknowledges(case, "gov_in_charge")
    assert stage.is_done(case, "first_report")
    stage.after(minutes=40)
    assert len(stage.told(case, "first_report")) == 5, "nobody else is rung"


def test_whoever_knows_what_they_owe_is_not_rung_on_and_still_owes_it() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.says(
        case,
        Kind.ASSIGNED,
        "emergency_office",
        tasks=[{"title": "疏散", "unit": "public_security", "within": "PT2H"}],
    )
    stage.acknowledges(case, "wangshan_info_duty")
    assert stage.is_done(case, "acknowledge")
    assert {"written_report", "follow_up", "task_complete"} <= stage.owed(case)


def test_somebody_who_is_owed_nothing_changes_nothing() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    before = stage.owed(case)
    stage.acknowledges(case, "hotline_head")
    assert "owed_nothing" in stage.reasons(case, EffectKind.NOTED)
    assert before <= stage.owed(case)


def test_one_document_discharges_its_own_duty_and_not_the_next() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.says(case, Kind.FILED, "wangshan_info_centre", document=Document.WRITTEN_REPORT, text="书面报告")
    assert stage.is_done(case, "written_report")
    assert {"first_report", "follow_up", "plan"} <= stage.owed(case)


def test_another_units_document_discharges_nothing() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert (
        stage.refused(
            case, Kind.FILED, "shaquan_info_centre", document=Document.WRITTEN_REPORT, text="书面报告"
        )
        == "no_part_in_it"
    )
    stage.says(case, Kind.FILED, "propaganda", document=Document.WRITTEN_REPORT, text="书面报告")
    assert "owed_by_another_unit" in stage.reasons(case, EffectKind.NOTED), (
        "it owes the press release, and nothing else"
    )
    assert "written_report" in stage.owed(case)
