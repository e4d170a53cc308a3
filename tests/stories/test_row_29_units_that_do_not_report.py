"""What an outside source knows and no unit reports within half an hour is a suspected omission, which a
person confirms or not. Row 29.
"""

from typing import Any

import pytest

from shared.case import DutyState
from shared.facts import EffectKind, LapseCause
from shared.ids import CaseId
from shared.vocabulary import Category, Kind, Level, ReportKind, Role
from tests.stories.stage import Stage

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
    lapse = stage.duty(case, "cross_check").lapse
    assert lapse
    assert lapse.cause is LapseCause.OMITTED
    assert stage.raised(case, ReportKind.ACCOUNTABILITY) == [], "a suspicion is nobody's fault yet"
    stage.says(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR, text="县里十点已知情")
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


def test_one_that_is_refuted_stays_on_record_as_refuted() -> None:
    stage = Stage()
    case = suspected(stage)
    stage.says(case, Kind.REFUTED, "emergency_office", role=Role.SUPERVISOR, text="旧闻翻炒")
    duty = stage.duty(case, "cross_check")
    assert duty.lapse
    assert (duty.state, duty.lapse.refuted) == (DutyState.LAPSED_DISCHARGED, "旧闻翻炒")
    assert stage.refused(case, Kind.CONFIRMED, "emergency_office", role=Role.SUPERVISOR) == "judged_already"
    assert stage.raised(case, ReportKind.ACCOUNTABILITY) == []


def test_a_report_that_comes_too_late_is_matched_and_the_lateness_stays() -> None:
    stage = Stage()
    case = suspected(stage)
    stage.after(minutes=20)
    stage.matches(case, stage.report(level=Level.III, unit=COMPETENT))
    assert stage.duty(case, "cross_check").state is DutyState.LAPSED_DISCHARGED


@pytest.mark.parametrize(
    ("report", "competent"),
    [
        (
            {
                "kind": ReportKind.COMPLAINT,
                "unit": "hotline_centre",
                "topic": "gas",
                "original": "hotline-12345",
            },
            "wangshan_government",
        ),
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
def test_the_hotline_and_the_sensors_are_witnesses_too(report: dict[str, Any], competent: str) -> None:
    stage = Stage()
    original = {"format": "cloudevents", "source": report.pop("original"), "id": "1", "digest": "0" * 64}
    case = stage.report(**report, summary="泄漏", original=original)
    assert stage.duty(case, "cross_check").owed_by == competent
