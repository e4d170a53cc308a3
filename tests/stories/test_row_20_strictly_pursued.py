"""What is not reported in time lapses by itself, with how late it was, why, and the evidence for and against.
Row 20.
"""

from datetime import timedelta

from shared.facts import EffectKind, LapseCause
from shared.vocabulary import Document, Kind, Level, ReportKind
from tests.stories.stage import Stage, wall


def test_a_report_handed_in_late_is_the_units_lapse_and_the_leaders_are_told_all_the_same() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, learned=timedelta(minutes=42))
    lapsed = [
        effect
        for effect in stage.effects(case, EffectKind.LAPSED)
        if (effect.duty or "").startswith("first_report")
    ]
    assert {(effect.cause, effect.late_by_seconds, effect.unit) for effect in lapsed} == {
        (LapseCause.REPORTED_LATE, 12 * 60, "wangshan_info_centre")
    }
    assert len(stage.told(case, "first_report")) == 5
    sent = [
        sent.data
        for decision in stage.decisions(case)
        for sent in decision.sends
        if sent.kind is Kind.REFERRED
    ]
    assert [(one["rule"], one["cause"], one["unit"]) for one in sent] == [
        ("first_report", "reported_late", "wangshan_info_centre")
    ]


def test_a_report_that_was_in_time_accuses_neither_its_unit_nor_the_leader_who_stays_dark() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=31)
    (accountability,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    assert stage.case(accountability).report.unit == "gov_office", "nobody of the duty roster took it either"
    lapsed = [
        effect for effect in stage.effects(case, EffectKind.LAPSED) if effect.duty_rule == "first_report"
    ]
    assert [(effect.person, effect.unit) for effect in lapsed] == [("zhao_jia", "gov_office")]


def test_a_written_report_that_is_late_stays_on_record_when_it_comes() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=75)
    stage.says(case, Kind.FILED, "wangshan_info_centre", document=Document.WRITTEN_REPORT, text="书面报告")
    duty = stage.duty(case, "written_report")
    assert duty.lapse
    assert (wall(duty.lapse.at), duty.discharged_via) == ("11-23 12:00", "filed.written_report")
    late = [effect for effect in stage.effects(case, EffectKind.DISCHARGED) if effect.duty == duty.id]
    assert [(effect.why, effect.late_by_seconds) for effect in late] == [("done_late", 15 * 60)]


def test_a_leader_without_a_line_is_nobodys_lapse_once_a_stand_in_has_answered() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    _, notice = next(stage.notices(case, "first_report-gov_main"))
    stage.fails(notice)
    stage.acknowledges(case, "secretary_general")
    stage.after(minutes=31)
    (mayor,) = [duty for duty in stage.duties(case, "first_report") if duty.posts == ("gov_main",)]
    assert (mayor.lapse, mayor.discharged_by) == (None, stage.holder("secretary_general"))
    assert "unreached" in [effect.kind for effect in stage.effects(case, EffectKind.UNREACHED)]


def test_a_report_that_was_late_is_one_case_with_all_it_was_owed_to() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, learned=timedelta(minutes=42))
    assert len(list(stage.effects(case, EffectKind.LAPSED))) == 5, "each stays on record"
    (pursued,) = stage.raised(case, ReportKind.ACCOUNTABILITY)
    measure = stage.case(pursued).measure
    assert measure is not None
    assert sorted(measure.owed_to) == [
        "emergency_office",
        "gov_in_charge",
        "gov_main",
        "party_in_charge",
        "party_main",
    ]
