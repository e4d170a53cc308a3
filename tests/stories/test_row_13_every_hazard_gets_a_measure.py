"""Every hazard gets a measure: an item without a measure, an owner and a date does not count as processed. Row 13."""

from shared.facts import EffectKind
from shared.vocabulary import Kind, ReportKind
from tests.stories.stage import Stage

UNIT = "wangshan_government"


def test_a_list_with_a_bare_item_is_not_taken_until_it_has_all_three() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area="620600",
        summary="排查",
        tasks=[{"title": "台账", "units": [UNIT]}],
    )
    stage.says(case, Kind.REGISTERED, UNIT, summary="校舍屋顶渗漏", text="学校")
    assert stage.reasons(case, EffectKind.NOTED)[-1] == "item_needs_measure_and_owner"
    assert (
        stage.refused(case, Kind.COMPLETED, UNIT, task="t1", text="一处") == "item_without_measure_or_owner"
    )
    stage.says(case, Kind.REGISTERED, UNIT, step=1, measure="更换防水")
    assert (
        stage.refused(case, Kind.COMPLETED, UNIT, task="t1", text="一处") == "item_without_measure_or_owner"
    )
    stage.says(case, Kind.REGISTERED, UNIT, step=1, owner="wei_huang")
    assert (
        stage.refused(case, Kind.COMPLETED, UNIT, task="t1", text="一处") == "item_without_measure_or_owner"
    )
    stage.says(case, Kind.REGISTERED, UNIT, step=1, due_at="2026-12-05T10:00:00Z")
    stage.says(case, Kind.COMPLETED, UNIT, task="t1", text="一处")
    assert stage.is_done(case, "campaign_submission", "t1")
    (item,) = stage.case(case).items
    assert (item.summary, item.measure, item.owner) == ("校舍屋顶渗漏", "更换防水", "wei_huang")


def test_time_runs_on_while_the_measure_is_missing() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area="620600",
        summary="排查",
        tasks=[{"title": "台账", "units": [UNIT]}],
    )
    assert stage.limit(case, "campaign_submission") == "11-30 11:00", (
        "seven days where the campaign names no other limit"
    )
    stage.says(case, Kind.REGISTERED, UNIT, summary="校舍屋顶渗漏", text="学校")
    stage.after(days=7, hours=1)
    assert stage.has_lapsed(case, "campaign_submission")
