"""Nobody passes it on: a transfer binds the sender until accepted, and after two bounces the common superior
imposes the lead. Row 23.
"""

from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage

ONE, TWO, THREE = "heating_company", "power_company", "water_bureau"


def dispute(stage: Stage) -> CaseId:
    return stage.report(ReportKind.DISPUTE, unit=ONE, area="620600", summary="泵站停电致停暖，责任不清")


def test_the_sender_answers_until_the_transfer_is_accepted_and_silence_is_no_refusal() -> None:
    stage = Stage()
    case = dispute(stage)
    stage.says(case, Kind.TRANSFERRED, ONE, to_unit=TWO, text="属供电责任")
    assert stage.limit(case, "transfer_answer") == "11-30 11:00", "five working days"
    assert stage.told(case, "transfer_answer", Purpose.DUTY) == [("11-23 11:00", "power_head")]
    stage.after(days=7, minutes=1)
    assert stage.case(case).holder == ONE
    assert stage.duty(case, "handling").owed_by == ONE
    assert ("11-30 11:00", "gov_main") in stage.told(case, "transfer_answer", Purpose.OVERDUE)
    assert stage.refused(case, Kind.OBJECTED, TWO, text="不归我们") == "too_late_to_refuse"
    stage.says(case, Kind.ACCEPTED, TWO)
    assert stage.case(case).holder == TWO
    assert stage.has_lapsed(case, "transfer_answer")


def test_a_refusal_needs_a_reason_and_leaves_it_with_the_sender() -> None:
    stage = Stage()
    case = dispute(stage)
    stage.says(case, Kind.TRANSFERRED, ONE, to_unit=TWO, text="属供电责任")
    assert stage.refused(case, Kind.OBJECTED, TWO) == "refusal_needs_a_reason"
    assert stage.refused(case, Kind.ACCEPTED, THREE) == "offered_to_another_unit"
    stage.says(case, Kind.OBJECTED, TWO, text="线路完好，记录附后")
    assert (stage.case(case).holder, stage.case(case).bounces) == (ONE, 1)


def test_after_two_bounces_the_common_superior_is_asked_and_its_word_is_final() -> None:
    stage = Stage()
    case = dispute(stage)
    for unit in (TWO, THREE):
        stage.says(case, Kind.TRANSFERRED, ONE, to_unit=unit, text="不归我们")
        stage.says(case, Kind.OBJECTED, unit, text="也不归我们")
    duty = stage.duty(case, "impose_lead")
    assert (duty.owed_by, stage.limit(case, "impose_lead")) == ("government", "11-24 11:00")
    assert stage.told(case, "impose_lead", Purpose.DUTY) == [("11-23 11:00", "gov_main")]
    assert stage.case(case).holder == ONE, "somebody answers for it meanwhile"
    assert stage.refused(case, Kind.IMPOSED, TWO, to_unit=ONE) == "only_the_common_superior_imposes"
    stage.after(hours=3)
    stage.says(case, Kind.IMPOSED, "gov_main", to_unit=TWO, text="供电牵头，供热配合")
    assert stage.is_done(case, "impose_lead")
    assert (stage.case(case).holder, stage.duty(case, "handling").owed_by) == (TWO, TWO)
    assert (
        stage.refused(case, Kind.TRANSFERRED, TWO, to_unit=THREE, text="还是不归我们") == "lead_was_imposed"
    )


def test_back_to_a_previous_holder_goes_to_the_superior_at_once() -> None:
    stage = Stage()
    case = dispute(stage)
    stage.says(case, Kind.TRANSFERRED, ONE, to_unit=TWO, text="属供电责任")
    stage.says(case, Kind.ACCEPTED, TWO)
    stage.after(days=1)
    stage.says(case, Kind.TRANSFERRED, TWO, to_unit=ONE, text="退回")
    assert "back_to_a_previous_holder" in stage.reasons(case, EffectKind.HOLDER)
    assert stage.duty(case, "impose_lead").owed_by == "government"


def test_a_superior_that_says_nothing_is_told_upwards() -> None:
    stage = Stage()
    case = stage.report(level=Level.III)
    for unit in ("wangshan_emergency", "health_commission"):
        stage.says(case, Kind.TRANSFERRED, "wangshan_info_centre", to_unit=unit, text="不归我们")
        stage.says(case, Kind.OBJECTED, unit, text="也不归我们")
    assert stage.limit(case, "impose_lead") == "11-23 12:00"
    stage.after(hours=1, minutes=1)
    assert "gov_in_charge" in [post for _, post in stage.told(case, "impose_lead", Purpose.OVERDUE)]


def test_who_held_it_how_long_is_part_of_the_case() -> None:
    stage = Stage()
    case = dispute(stage)
    stage.after(days=1)
    stage.says(case, Kind.TRANSFERRED, ONE, to_unit=TWO, text="属供电责任")
    stage.after(days=2)
    stage.says(case, Kind.ACCEPTED, TWO)
    stage.after(days=1)
    held = stage.case(case).held
    assert [(one.unit, (one.until or stage.now) - one.since) for one in held] == [
        (ONE, held[1].since - held[0].since),
        (TWO, stage.now - held[1].since),
    ]
    assert (held[0].until, (held[1].since - held[0].since).days) == (held[1].since, 3)
