"""The duty roster holds round the clock: leader on duty, sign-in, handover; nobody there is a lapse. Row
25.
"""

from shared.facts import EffectKind, LapseCause, Purpose
from shared.ids import CaseId, PostId, UnitId
from shared.standing import standing_case
from shared.vocabulary import Kind, ReportKind
from tests.stories.stage import Stage, moment


def morning(stage: Stage) -> CaseId:
    case = stage.watches("roster", "two_offices")
    stage.at("2026-11-24 08:31")
    return case


def test_every_shift_is_signed_in_within_a_quarter_of_an_hour() -> None:
    stage = Stage()
    case = morning(stage)
    on_shift = stage.holder("two_offices_duty")
    assert (stage.duty(case, "sign_in").bearer, stage.limit(case, "sign_in")) == (on_shift, "11-24 08:45")
    stage.says(case, Kind.SIGNED_IN, on_shift)
    assert stage.is_done(case, "sign_in")
    stage.at("2026-11-25 08:31")
    assert (stage.duty(case, "sign_in").bearer, stage.limit(case, "sign_in")) == (
        stage.holder("two_offices_duty"),
        "11-25 08:45",
    )


def test_absence_is_a_lapse_of_the_unit_and_is_referred() -> None:
    stage = Stage()
    case = morning(stage)
    stage.after(minutes=20)
    lapse = stage.duty(case, "sign_in").lapse
    assert lapse
    assert lapse.cause is LapseCause.ABSENT
    assert [post for _, post in stage.told(case, "sign_in", Purpose.OVERDUE)] == [
        "two_offices_duty",
        "deputy_sg_in_charge",
        "emergency_office",
    ]
    assert stage.case(standing_case("ledger", "gov_office")).standing
    assert stage.raised(case, ReportKind.ACCOUNTABILITY)


def test_a_missed_shift_does_not_hide_the_next() -> None:
    stage = Stage()
    case = morning(stage)
    stage.at("2026-11-25 08:50")
    first, second = stage.duties(case, "sign_in")
    assert (first.cancelled_why, first.lapse is not None) == ("its_next_round_has_begun", True)
    assert second.lapse is not None
    assert len(stage.raised(case, ReportKind.ACCOUNTABILITY)) == 2


def test_whoever_stands_in_signs_in_and_that_is_on_record() -> None:
    stage = Stage()
    case = morning(stage)
    stage.says(case, Kind.SIGNED_IN, "qi_ying")
    assert stage.is_done(case, "sign_in")
    assert "stands_in_on_the_shift" in stage.reasons(case, EffectKind.NOTED)


def test_a_shift_is_handed_over_by_name() -> None:
    stage = Stage()
    case = morning(stage)
    assert stage.limit(case, "hand_over") == "11-24 09:00"
    stage.says(case, Kind.HANDED_OVER, stage.holder("two_offices_duty"), to_person="bai_su", text="三件待办")
    assert stage.is_done(case, "hand_over")
    assert [(effect.why, effect.person) for effect in stage.effects(case, EffectKind.COMMAND)] == [
        ("shift_handed_over", "bai_su")
    ]


def test_who_is_rung_at_night_is_whoever_is_on_shift_and_a_leader_is_on_duty_with_them() -> None:
    stage = Stage()
    roster = stage.directory.rosters[0]
    for day in ("2026-11-24 23:00", "2026-11-25 23:00"):
        shift = roster.shift_at(moment(day))
        assert shift
        assert shift.leader in ("wu_ji", "zheng_geng")
        assert stage.directory.holder_of(PostId("two_offices_duty"), moment(day)).id == shift.person
    assert stage.directory.units_by_id[UnitId("gov_office")].duty_post == "two_offices_duty"
