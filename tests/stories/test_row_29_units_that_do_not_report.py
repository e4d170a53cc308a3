"""What an outside source knows and no unit reports within half an hour is a suspected omission, which a
person confirms or not. Row 29.
"""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from services.notifier.channels import Form
from services.notifier.messages.writer import Writer
from shared.acts.states import left_unreferred
from shared.facts import EffectKind, LapseCause, Notice, Purpose
from shared.ids import CaseId
from shared.standing import standing_case
from shared.vocabulary import Category, Kind, Language, Level, ReportKind, Role
from tests.escalator.builders import ROOT
from tests.stories.stage import ZONE, Stage, wall

COMPETENT = "wangshan_emergency"


def hit(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.OPINION,
        category=Category.ACCIDENT,
        topic="external_media",
        unit="propaganda",
        summary="外媒称望山化工厂爆炸",
    )


def suspected(stage: Stage) -> CaseId:
    case = hit(stage)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=31)
    assert stage.reasons(case, EffectKind.SUSPECTED) == ["no_unit_has_reported"]
    return case


def test_the_competent_units_own_report_answers_the_witness() -> None:
    stage = Stage()
    case = hit(stage)
    assert (stage.duty(case, "cross_check").owed_by, stage.limit(case, "cross_check")) == (
        COMPETENT,
        "11-23 11:30",
    )
    stage.after(minutes=20)
    stage.matches(case, stage.report(level=Level.III, unit=COMPETENT))
    assert stage.is_done(case, "cross_check")
    assert stage.is_done(case, "verification"), "a report that is there needs no verification"
    stage.after(minutes=20)
    assert not stage.effects(case, EffectKind.SUSPECTED)
    assert "area 1.00: same county" in str(stage.effects(case, EffectKind.MATCHED)[0].note), (
        "why they are thought one is on record"
    )


def test_only_once_a_person_has_confirmed_it_does_it_count_against_the_unit() -> None:
    stage = Stage()
    case = suspected(stage)
    assert stage.duty(case, "cross_check").lapse is None, "a suspicion is nobody's fault yet"
    assert stage.raised(case, ReportKind.ACCOUNTABILITY) == []
    stage.says(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="县里十点已知情")
    lapse = stage.duty(case, "cross_check").lapse
    assert lapse
    assert lapse.cause is LapseCause.OMITTED
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    measure = stage.case(pursued).measure
    assert measure
    assert (stage.case(pursued).report.unit, measure.proposed, measure.why) == (
        COMPETENT,
        "admonitory_talk",
        ("omitted",),
    )


def test_what_was_concealed_on_purpose_is_proposed_for_referral() -> None:
    stage = Stage()
    case = suspected(stage)
    stage.says(
        case,
        Kind.CONFIRMED,
        "emergency_office",
        role=Role.SUPERVISOR,
        text="现场负责人要求暂不上报",
        intent=True,
    )
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    measure = stage.case(pursued).measure
    assert measure
    assert (measure.proposed, measure.why) == ("referral", ("on_purpose",))


def test_the_unit_is_told_at_once_what_the_witness_said_and_answers_and_the_judge_has_a_term() -> None:
    stage = Stage()
    case = suspected(stage)
    ((at, notice),) = stage.notices(case, "cross_check", Purpose.INFORM)
    assert (wall(at), notice.post, notice.channels) == ("11-23 11:30", "wangshan_emergency_head", ("sms",))
    assert texts(stage, notice) == (
        "【烽火·疑似漏报】未定级舆情·事故灾难：望山县，外媒称望山化工厂爆炸。市委宣传部于 11:00 反映此事，"
        "至 11:30 未查到望山县应急管理局的报告，列为疑似漏报，由人于 11-26 11:30 前核实。"
        "如已报告或另有情况，请在链接中提交“情况说明”。",
        "[Fenghuo, omission suspected] Not graded public-opinion hit, accident, Wangshan County: "
        "外媒称望山化工厂爆炸. Publicity Department told of this at 11:00. No report by Emergency Bureau of "
        "Wangshan County was found by 11:30: an omission is suspected, and a person judges by 11-26 11:30. If you have "
        "reported it or know better, hand in a statement by the link.",
    )
    stage.says(case, Kind.STATED, COMPETENT, text="11:05 已电话报县政府，正在核实")
    suspicion = stage.case(case).suspicion
    assert suspicion
    assert suspicion.statement == "11:05 已电话报县政府，正在核实"
    assert (
        stage.refused(case, Kind.STATED, "wangshan_info_centre", text="不是我们")
        == "for_the_unit_itself_to_say"
    )
    assert stage.limit(case, "omission_judgement") == "11-26 11:30"
    stage.after(days=3, minutes=1)
    assert ("11-26 11:30", "emergency_office") in stage.told(case, "omission_judgement", Purpose.OVERDUE), (
        "whoever judges owes that in time"
    )


def test_one_that_is_refuted_leaves_nothing_against_the_unit() -> None:
    stage = Stage()
    case = suspected(stage)
    stage.says(case, Kind.REFUTED, "emergency_office", role=Role.SUPERVISOR, text="旧闻翻炒")
    assert stage.duty(case, "cross_check").lapse is None
    assert stage.is_done(case, "omission_judgement")
    _, notice = list(stage.notices(case, "cross_check", Purpose.INFORM))[-1]
    assert "经核实（旧闻翻炒），望山县应急管理局不构成漏报，不计入任何记录和统计。" in texts(stage, notice)[0]
    assert stage.refused(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR) == "judged_already"
    assert stage.raised(case, ReportKind.ACCOUNTABILITY) == []


def test_a_report_in_time_that_is_found_later_withdraws_the_suspicion_and_the_unit_hears_it() -> None:
    stage = Stage()
    case = hit(stage)
    stage.after(minutes=10)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.after(minutes=21)
    assert stage.reasons(case, EffectKind.SUSPECTED) == ["no_unit_has_reported"]
    stage.matches(case, report)
    assert stage.reasons(case, EffectKind.SUSPECTED)[-1] == "suspicion_withdrawn"
    assert "cross_check" not in [effect.duty_rule for effect in stage.effects(case, EffectKind.LAPSED)]
    assert "omission_judgement" not in stage.owed(case), "nothing is left to judge"
    _, notice = list(stage.notices(case, "cross_check", Purpose.INFORM))[-1]
    assert texts(stage, notice) == (
        "【烽火·疑似漏报撤销】未定级舆情·事故灾难：望山县，外媒称望山化工厂爆炸。市委宣传部于 11:00 反映此事，"
        "现查到望山县应急管理局已按时报告，疑似漏报撤销，不计入任何记录和统计。",
        "[Fenghuo, suspicion withdrawn] Not graded public-opinion hit, accident, Wangshan County: "
        "外媒称望山化工厂爆炸. Publicity Department told of this at 11:00. Emergency Bureau of Wangshan County "
        "had reported it in time: the suspicion is withdrawn and counts nowhere.",
    )
    refused = stage.refused(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="x")
    assert refused == "suspicion_withdrawn"


def test_once_a_report_in_time_is_found_nobody_is_asked_to_pursue_the_lapse() -> None:
    stage = Stage(policy={"    cause: omitted #": "    refers: true\n    cause: omitted #"})
    case = hit(stage)
    stage.after(minutes=10)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.after(minutes=21)
    stage.says(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="未见报告")
    stage.matches(case, report)
    lapsed = stage.duty(case, "cross_check")
    assert lapsed.lapse is not None
    assert lapsed.lapse.found == report
    assert lapsed.id not in [duty.id for duty in left_unreferred(stage.case(case))]
    assert (
        stage.refused(
            case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, duty=lapsed.id, text="x"
        )
        == "nothing_was_left_unreferred"
    )


def test_a_policy_without_measures_takes_a_lapse_off_the_ledger_once() -> None:
    text = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8")
    measures = text[text.index("\naccountability:") : text.index("\npublic_notice:")]
    stage = Stage(policy={measures: "", **dict.fromkeys(re.findall(r'"@accountability\.\w+"', text), "P30D")})
    case = hit(stage)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=10)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.after(minutes=21)
    stage.says(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="未见报告")
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    assert stage.case(pursued).measure is None
    stage.matches(case, report)
    assert stage.case(pursued).status == "withdrawn"
    ledger = stage.case(standing_case("ledger", COMPETENT)).standing
    assert ledger is not None
    assert ledger.lapses == ()


def test_nothing_is_suspected_while_reports_are_still_being_matched() -> None:
    stage = Stage()
    case = hit(stage)
    rules = stage.world.rules
    stage.world.rules = replace(rules, is_match_awaited=True)
    stage.after(minutes=31)
    assert "still_being_matched" in stage.reasons(case, EffectKind.NOTED)
    assert not stage.effects(case, EffectKind.SUSPECTED)
    stage.world.rules = rules
    stage.after(minutes=5)
    assert stage.reasons(case, EffectKind.SUSPECTED) == ["no_unit_has_reported"]


def test_a_report_that_comes_too_late_is_matched_and_still_judged() -> None:
    stage = Stage()
    case = suspected(stage)
    stage.after(minutes=20)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.matches(case, report)
    suspicion = stage.case(case).suspicion
    assert suspicion
    assert (suspicion.matched, suspicion.is_to_judge) == (report, True)


def test_what_owes_no_report_is_no_witness() -> None:
    stage = Stage()
    original = {"format": "cloudevents", "source": "hotline-12345", "id": "1", "digest": "0" * 64}
    case = stage.report(
        ReportKind.COMPLAINT, unit="hotline_centre", topic="gas", summary="暖气不热", original=original
    )
    assert stage.case(case).suspicion is None


def texts(stage: Stage, notice: Notice) -> tuple[str, str]:
    """The text message in Chinese and in English."""
    writer = Writer(ZONE)
    zh, en = (
        writer.write(
            CaseId("c"), structs.replace(notice, language=language), Form.SHORT, link=None, now=stage.now
        ).text
        for language in Language
    )
    return zh, en


@pytest.mark.parametrize(
    ("report", "competent"),
    [
        (
            {
                "kind": ReportKind.INCIDENT,
                "unit": "heating_company",
                "area": "620602",
                "original": "heating-monitor",
            },
            "beacon_hill_emergency",
        ),
    ],
)
def test_the_sensors_are_witnesses_too(report: dict[str, Any], competent: str) -> None:
    stage = Stage()
    original = {"format": "cloudevents", "source": report.pop("original"), "id": "1", "digest": "0" * 64}
    case = stage.report(**report, summary="泄漏", original=original)
    assert stage.duty(case, "cross_check").owed_by == competent


def judged(stage: Stage) -> tuple[CaseId, CaseId, CaseId]:
    """A report in time that nothing has matched yet; the omission confirmed; and the case it is pursued in."""
    case = hit(stage)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=10)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.after(minutes=21)
    stage.says(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="未见报告")
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    return case, report, pursued


def test_a_report_in_time_that_is_found_after_the_judgement_leaves_nothing_against_the_unit() -> None:
    stage = Stage()
    case, report, pursued = judged(stage)
    stage.says(
        pursued,
        Kind.MEASURE_DECIDED,
        "discipline",
        role=Role.DISCIPLINE,
        measure="admonitory_talk",
        text="漏报",
    )
    stage.after(days=1)
    stage.matches(case, report)

    suspicion, duty = stage.case(case).suspicion, stage.duty(case, "cross_check")
    assert suspicion
    assert suspicion.withdrawn_at
    assert duty.lapse, "what was written stays written"
    assert (duty.lapse.found, duty.lapse.is_pursued, duty.is_owed) == (report, False, False)
    _, told = list(stage.notices(case, "cross_check", Purpose.INFORM))[-1]
    assert "现查到望山县应急管理局已按时报告，疑似漏报撤销，不计入任何记录和统计。" in texts(stage, told)[0]

    ended = stage.case(pursued)
    assert (ended.status, ended.measure and ended.measure.reviewed) == ("withdrawn", "set_aside")
    assert not stage.owed(pursued)
    told_of_it = [
        text
        for post in ("wangshan_emergency_head", "discipline")
        for text in stage.texts(pursued, post, Purpose.WITHDRAWN)
    ]
    assert len(told_of_it) == 2
    assert all("现查到望山县应急管理局已按时报告，此项责任追究撤销" in text for text in told_of_it)
    ledger = stage.case(standing_case("ledger", COMPETENT)).standing
    assert ledger
    assert duty.lapse.found_at not in ledger.lapses, "nor does it count as a repeat"
    before = len(stage.effects(pursued))
    stage.matches(case, report, score=0.9)
    assert len(stage.effects(pursued)) == before, "once"


def test_a_report_too_late_found_after_the_judgement_changes_nothing() -> None:
    stage = Stage()
    case, _, pursued = judged(stage)
    stage.matches(case, stage.report(level=Level.III, unit=COMPETENT))
    assert stage.case(pursued).status == "open"
    lapse = stage.duty(case, "cross_check").lapse
    assert lapse
    assert lapse.is_pursued


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "refute", "in_time", "late", "wait"]), st.sampled_from([0.7, 0.8, 0.9])
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(WORDS)
def test_nobody_whose_report_was_in_time_stands_accused_whatever_came_first(
    words: list[tuple[str, float]],
) -> None:
    stage = Stage()
    case = hit(stage)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=10)
    report = stage.report(level=Level.III, unit=COMPETENT)
    stage.after(minutes=21)
    for word, score in words:
        if word in ("in_time", "late"):
            found = report if word == "in_time" else stage.report(level=Level.III, unit=COMPETENT)
            stage.matches(case, found, score=score)
        elif word == "wait":
            stage.after(hours=2)
        else:
            kind = Kind.CONFIRMED if word == "confirm" else Kind.REFUTED
            stage.tries(case, kind, "emergency_office", role=Role.SUPERVISOR, text="x")
    lapse, suspicion = stage.duty(case, "cross_check").lapse, stage.case(case).suspicion
    accused = [
        one for one in stage.raised(case, ReportKind.ACCOUNTABILITY) if stage.case(one).status == "open"
    ]
    if any(word == "in_time" for word, _ in words):
        assert not accused
        assert lapse is None or not lapse.is_pursued
    elif suspicion is not None and suspicion.confirmed:
        assert len(accused) == 1


def merged_into_the_report(stage: Stage, by: str, *, reported_after: int) -> tuple[CaseId, CaseId]:
    """A witness whose case somebody merges into the competent unit's report, which nothing has matched."""
    case = hit(stage)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=reported_after)
    report = stage.report(level=Level.III, unit=COMPETENT, summary="库区渗漏")
    stage.after(minutes=60 - reported_after)
    stage.says(case, Kind.MERGED, by, into=report, text="同一处险情")
    return case, report


def test_whoever_merges_the_witness_into_a_report_in_time_withdraws_the_suspicion() -> None:
    stage = Stage()
    case, report = merged_into_the_report(stage, "emergency_office", reported_after=10)
    suspicion = stage.case(case).suspicion
    assert suspicion is not None
    assert (suspicion.matched, suspicion.withdrawn_at is not None) == (report, True)
    assert stage.effects(case, EffectKind.MATCHED)[0].why == "report_found_by_hand"
    assert not stage.effects(case, EffectKind.LAPSED)
    _, told = list(stage.notices(case, "cross_check", Purpose.INFORM))[-1]
    assert "现查到望山县应急管理局已按时报告，疑似漏报撤销，不计入任何记录和统计。" in texts(stage, told)[0]


def test_a_report_too_late_answers_no_suspicion_by_a_merge() -> None:
    stage = Stage()
    case, report = merged_into_the_report(stage, "emergency_office", reported_after=40)
    suspicion = stage.case(case).suspicion
    assert suspicion is not None
    assert (suspicion.matched, suspicion.is_to_judge) == (report, True)


def test_the_suspected_unit_withdraws_nothing_by_merging_the_witness_itself() -> None:
    stage = Stage()
    case = stage.report(
        unit=COMPETENT,
        by=stage.actor("propaganda_head", Role.REPORTER),
        reported_by="propaganda_head",
        person=stage.holder("propaganda_head"),
        level=Level.III,
        summary="外媒称望山化工厂爆炸",
    )
    stage.acknowledges(case, "gov_main", "gov_in_charge", "party_in_charge", "emergency_office")
    report = stage.report(level=Level.III, unit=COMPETENT, summary="另一处火情")
    stage.after(minutes=35)
    raised = stage.case(case).suspicion
    assert raised is not None
    assert raised.is_to_judge, "who reports for another unit is its witness"
    ((_, notice),) = stage.notices(case, "cross_check", Purpose.INFORM)
    assert "市委宣传部于" in texts(stage, notice)[0], "and not the unit itself, in whose name it was told"
    stage.says(case, Kind.MERGED, "wangshan_emergency_head", into=report, text="同一件事")
    suspicion = stage.case(case).suspicion
    assert suspicion is not None
    assert (stage.case(case).status, suspicion.matched, suspicion.is_to_judge) == ("merged", None, True)
