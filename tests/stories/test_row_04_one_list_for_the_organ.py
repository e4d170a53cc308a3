"""What several units owed of one campaign and did not do is one list for the discipline organ: one message, one
limit, and a person's word on who answers for it. Each unit hears of its own lapse. Rows 3, 4.
"""

from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, ReportKind, Role
from tests.stories.stage import Stage

UNITS = ["beacon_hill_government", "shaquan_government", "wangshan_government", "water_bureau"]
LATE = UNITS[1:]


def campaign(stage: Stage) -> CaseId:
    """One unit of four hands in; the limit of the others passes."""
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area="620600",
        summary="矛盾纠纷和安全隐患大排查",
        tasks=[{"title": "一周内排查上报", "units": UNITS, "within": "P7D"}],
    )
    stage.says(case, Kind.COMPLETED, UNITS[0], task="t1", document=Document.NIL_REPORT, text="零报告")
    stage.after(days=7, minutes=1)
    return case


def test_the_organ_gets_one_message_with_the_list_and_each_unit_hears_of_its_own_lapse() -> None:
    stage = Stage()
    case = campaign(stage)
    assert [duty.owed_by for duty in stage.duties(case, "campaign_submission") if duty.lapse] == LATE
    assert not stage.raised(case, ReportKind.ACCOUNTABILITY), "nothing is opened at the second of the limit"
    assert stage.told(case, "list_judged", Purpose.DUTY) == [("11-30 11:00", "discipline")]
    assert stage.limit(case, "list_judged") == "12-21 11:00"

    (told,) = stage.texts(case, "discipline", Purpose.DUTY)
    assert told.startswith("【烽火·待办】追责研判：请于 12-21 11:00 前完成"), told
    assert "3个单位逾期未履行：沙泉县人民政府、望山县人民政府、市水务局。" in told
    (office,) = stage.texts(case, "emergency_office", Purpose.OVERDUE)
    assert office.startswith(
        "【烽火·逾期】排查上报：3个单位时限已到（应于 11:00:00 前完成）：沙泉县人民政府、"
    ), office
    for unit, name in (("shaquan_main", "沙泉县人民政府"), ("wangshan_main", "望山县人民政府")):
        (own,) = stage.texts(case, unit, Purpose.OVERDUE)
        assert own.startswith(f"【烽火·逾期】{name}：排查上报时限已到"), own
        assert "3个单位" not in own


def test_the_organ_refers_one_lets_one_off_and_refers_what_is_left() -> None:
    stage = Stage()
    case = campaign(stage)
    organ = stage.actor("discipline", Role.DISCIPLINE)
    first, second, _ = [duty.id for duty in stage.duties(case, "campaign_submission") if duty.lapse]
    stage.says(case, Kind.CONFIRMED, organ, duty=first, text="三次提醒未报")
    (opened,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    assert stage.case(opened).report.unit == LATE[0]
    assert stage.duties(case, "list_judged")[0].is_owed, "two wait for a word"
    assert stage.refused(case, Kind.CONFIRMED, organ, duty=first, text="再次") == "referred_already"

    stage.says(case, Kind.REFUTED, organ, duty=second, text="当日断网，有记录")
    assert stage.refused(case, Kind.CONFIRMED, organ, duty=second, text="改变主意") == "judged_already"
    let_off = next(duty for duty in stage.duties(case, "campaign_submission") if duty.id == second)
    assert let_off.lapse, "that it lapsed stays on record"
    assert let_off.lapse.let_off == "当日断网，有记录"

    stage.says(case, Kind.CONFIRMED, organ, text="其余未报")
    pursued = [stage.case(one).report.unit for one in stage.raised(case, ReportKind.ACCOUNTABILITY)]
    assert pursued == [LATE[0], LATE[2]]
    assert stage.is_done(case, "list_judged")
    assert stage.refused(case, Kind.REFUTED, organ, text="再看") == "nothing_is_suspected"


def test_whom_our_own_failure_excuses_is_on_no_list_and_an_exercise_makes_none() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area="620600",
        exercise=True,
        summary="排查演练",
        tasks=[{"title": "一周内排查上报", "units": UNITS, "within": "P7D"}],
    )
    stage.after(days=7, minutes=1)
    assert len([duty for duty in stage.duties(case, "campaign_submission") if duty.lapse]) == len(UNITS)
    assert not stage.duties(case, "list_judged")
    assert EffectKind.REFERRED not in {effect.kind for effect in stage.effects(case)}
