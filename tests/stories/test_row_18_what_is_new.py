"""Whoever was told of a case hears what is new in it, in words that say it: follow-ups with harm, another
level, the end. Rows 18, 21, 22, 23.
"""

from services.notifier.channels import Form
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level
from tests.stories.stage import Stage

UNIT, COUNTY = "wangshan_info_centre", "wangshan_emergency"
DESK, READER, ENGLISH = "+860000000134", "party_in_charge", "gov_in_charge"


def reported(stage: Stage, level: Level = Level.III) -> CaseId:
    case = stage.report(level=level, harm={"trapped": 5})
    stage.acknowledges(case, READER, ENGLISH)
    stage.after(minutes=10)
    return case


def news(stage: Stage, case: CaseId, form: Form = Form.SHORT, reader: str = READER) -> str:
    return stage.texts(case, reader, Purpose.NEWS, form)[-1]


def test_a_follow_up_says_the_harm_before_and_after_who_says_so_and_whom_to_ring() -> None:
    stage = Stage()
    case = reported(stage)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="已打通巷道，正在清点人数。", deaths=1)
    assert news(stage, case) == (
        "【烽火·续报】III级较大事故灾难：望山县，化工厂爆炸。最新情况：死亡0→1人、被困5人。"
        f"姜月（望山县信息中心）：已打通巷道，正在清点人数。值班室 {DESK}。详情： https://f/a/x"
    )
    assert stage.channels(case, READER, Purpose.NEWS) == [("sms",)], "a telephone rings only for I and II"
    assert not stage.texts(case, UNIT, Purpose.NEWS), "nobody is told of what they said themselves"
    told = [effect.rule.path for effect in stage.effects(case, EffectKind.TOLD) if effect.rule]
    assert told[-1] == "tells.follow_up"


def test_whoever_has_not_answered_yet_reads_that_an_answer_is_still_owed() -> None:
    stage = Stage()
    case = reported(stage)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="正在清点人数。")
    assert (
        "您尚未确认，请于 11:30 前确认（还有 20 分钟）。"
        in stage.texts(case, "emergency_office", Purpose.NEWS)[0]
    )
    assert "尚未确认" not in news(stage, case)


def test_harm_that_grades_up_rings_everybody_with_the_level_before_and_after_and_the_limits() -> None:
    stage = Stage()
    case = reported(stage)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="清点完毕", trapped=38)
    assert stage.channels(case, READER, Purpose.NEWS) == [("voice", "sms")]
    assert news(stage, case, Form.SPOKEN) == (
        "烽火通知，升级。一级特别重大事故灾难：望山县，化工厂爆炸。级别由三级较大上调为一级特别重大。"
        "最新情况：被困38人，此前5。姜月（望山县信息中心）：清点完毕。"
        "详情请打开短信中的链接，或致电值班室 0 0 0 0 0 0 0 1 3 4。"
    )
    office = stage.texts(case, "emergency_office", Purpose.NEWS)[-1]
    assert "【烽火·升级】" in office
    assert "被困5→38人" in office
    assert "时限调整：续报（12:10前）" in office
    assert len(stage.texts(case, READER, Purpose.NEWS)) == 1, "the follow-up and the level are one message"


def test_graded_up_by_a_person_in_english() -> None:
    stage = Stage()
    case = reported(stage, Level.III)
    stage.says(case, Kind.REGRADED, "emergency_office", text="38 people are trapped", level=Level.I)
    said = news(stage, case, reader=ENGLISH)
    assert said.startswith(
        "[Fenghuo, graded up] Level I (extremely grave) accident, Wangshan County: 化工厂爆炸 (5 trapped). "
    )
    assert "Graded up from Level III" in said
    assert f": 38 people are trapped. Duty desk: {DESK}. More: https://f/a/x" in said
    assert stage.channels(case, READER, Purpose.NEWS) == [("voice", "sms")]


def test_a_transfer_says_who_is_asked_and_then_who_answers_for_it() -> None:
    stage = Stage()
    case = reported(stage)
    stage.says(case, Kind.TRANSFERRED, UNIT, to_unit=COUNTY, text="属应急局职责")
    assert "【烽火·移送】" in news(stage, case)
    assert "移送望山县应急管理局，对方接收前仍由原单位负责。" in news(stage, case)
    stage.says(case, Kind.ACCEPTED, COUNTY)
    assert "【烽火·接收】" in news(stage, case)
    assert "现由望山县应急管理局负责。" in news(stage, case)


def test_resolved_and_withdrawn_are_told_once_in_both_languages() -> None:
    for reader, resolved, withdrawn in (
        (READER, "【烽火·处置完毕】", "【烽火·已撤回】"),
        (ENGLISH, "[Fenghuo, resolved]", "[Fenghuo, withdrawn]"),
    ):
        stage = Stage()
        case = reported(stage, Level.III)
        stage.says(case, Kind.RESOLVED, UNIT, text="明火已扑灭")
        assert news(stage, case, reader=reader).startswith(resolved)
        assert "明火已扑灭" in news(stage, case, reader=reader)
        before = len(stage.texts(case, reader))
        stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
        assert [text.split("]")[0].split("】")[0] for text in stage.texts(case, reader)[before:]] == [
            withdrawn[:-1]
        ]


def test_who_was_told_of_a_duplicate_hears_of_the_case_that_goes_on() -> None:
    stage = Stage()
    one, other = reported(stage), stage.report(level=Level.III)
    stage.says(other, Kind.MERGED, "emergency_office", into=one, text="同一起")
    assert set(stage.case(other).told) <= set(stage.case(one).told)
