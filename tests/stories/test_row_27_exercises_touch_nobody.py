"""A drill plays the plan to its end and touches nobody: every call is on record and none goes out. Row 27."""

from shared.facts import EffectKind
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage


def test_every_call_is_held_and_every_clock_runs() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, exercise=True, summary="演练：化工厂爆炸")
    stage.after(minutes=31)
    notices = [notice for _, notice in stage.notices(case)]
    assert notices
    assert {(notice.held, notice.channels) for notice in notices} == {("exercise", ())}
    assert "exercise" in stage.reasons(case, EffectKind.HELD)
    assert stage.has_lapsed(case, "first_report"), "the drill shows who would have been late"


def test_nobody_answers_for_a_lapse_in_a_drill() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, exercise=True, summary="演练")
    stage.after(days=12)
    assert [one.id for one in stage.world.cases.values()] == [case], (
        "no ledger, no order, no accountability case"
    )


def test_the_plans_steps_are_worked_through_as_in_earnest() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, exercise=True, topic="chemical", summary="演练")
    stage.says(case, Kind.PLAN_INVOKED, "wangshan_info_centre", plan="chemical_accident")
    assert len(stage.case(case).tasks) == 5
    assert stage.case(case).report.kind is ReportKind.INCIDENT
