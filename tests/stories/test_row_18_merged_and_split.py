"""One emergency reported twice is one case on the earliest clock, and two in one report are two, on the clock
they began with. Row 18.
"""

from shared.case import CaseStatus
from shared.facts import EffectKind
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage, wall


def test_the_case_that_goes_on_takes_over_the_earlier_clock() -> None:
    stage = Stage()
    early = stage.report(level=Level.II, unit="wangshan_info_centre")
    stage.after(minutes=10)
    late = stage.report(level=Level.II, unit="wangshan_emergency", summary="园区爆炸")
    assert stage.limit(late, "first_report") == "11-23 11:40"
    stage.by_two(early, Kind.MERGED, "emergency_office", into=late)
    assert (stage.case(early).status, stage.case(early).merged_into) == (CaseStatus.MERGED, late)
    assert stage.owed(early) == set()
    assert wall(stage.case(late).starts_at) == "11-23 11:00"
    assert {wall(duty.due_at) for duty in stage.duties(late, "first_report")} == {"11-23 11:30"}


def test_a_lapse_of_the_duplicate_stays_where_it_happened() -> None:
    stage = Stage()
    early = stage.report(level=Level.II)
    stage.after(minutes=40)
    late = stage.report(level=Level.II, unit="wangshan_emergency", summary="园区爆炸")
    stage.by_two(early, Kind.MERGED, "emergency_office", into=late)
    assert all(duty.lapse for duty in stage.duties(early, "first_report"))
    assert not any(duty.lapse for duty in stage.duties(late, "first_report")), (
        "nobody lapses twice for the same"
    )
    assert {wall(duty.due_at) for duty in stage.duties(late, "first_report")} == {"11-23 12:10"}, (
        "and it stays where it was"
    )


def test_the_case_that_goes_on_takes_the_graver_level() -> None:
    stage = Stage()
    grave = stage.report(level=Level.II, unit="wangshan_info_centre")
    stage.after(minutes=10)
    mild = stage.report(level=Level.IV, unit="wangshan_emergency", summary="园区冒烟")
    stage.by_two(grave, Kind.MERGED, "emergency_office", into=mild)
    goes_on = stage.case(mild)
    assert (goes_on.level, wall(goes_on.starts_at)) == (Level.II, "11-23 11:00")
    assert stage.limit(mild, "first_report") == "11-23 11:30"
    assert "press_first" in stage.owed(mild), "what only the graver level owes"
    assert stage.reasons(mild, EffectKind.REGRADED) == ["merged_with_a_graver_one"]


def test_a_sensitive_duplicate_makes_the_case_sensitive_and_no_limit_comes_later() -> None:
    stage = Stage()
    sensitive = stage.report(level=Level.IV, sensitive=True)
    plain = stage.report(level=Level.IV, unit="wangshan_emergency")
    stage.by_two(sensitive, Kind.MERGED, "emergency_office", into=plain)
    assert stage.case(plain).sensitive
    assert stage.limit(plain, "first_report") == "11-23 11:30"
    milder = stage.report(level=Level.IV, unit="wangshan_government")
    stage.says(milder, Kind.MERGED, "emergency_office", into=plain)
    assert (stage.case(plain).sensitive, stage.limit(plain, "first_report")) == (True, "11-23 11:30")


def test_what_only_the_graver_level_owes_counts_from_the_merge_where_its_limit_lies_behind() -> None:
    stage = Stage()
    grave = stage.report(level=Level.I)
    stage.after(hours=6)
    mild = stage.report(level=Level.IV, unit="wangshan_emergency")
    stage.by_two(grave, Kind.MERGED, "emergency_office", into=mild)
    assert stage.limit(mild, "press_first") == "11-23 22:00", (
        "five hours from the merge: nobody here could have known before"
    )
    assert not [duty.id for duty in stage.case(mild).duties if duty.lapse]
    assert stage.has_lapsed(grave, "press_first"), "the duplicate's own lapse stands"


def test_merged_to_and_fro_it_never_goes_in_a_circle() -> None:
    stage = Stage()
    one, other = stage.report(level=Level.II), stage.report(level=Level.II, unit="wangshan_emergency")
    stage.by_two(one, Kind.MERGED, "emergency_office", into=other)
    assert stage.refused(other, Kind.MERGED, "emergency_office", into=one) == "that_one_was_merged_into_this"
    assert stage.refused(one, Kind.PROGRESSED, "emergency_office", text="x") == "case_is_merged"


def test_a_second_event_in_the_same_report_is_split_off_with_its_clock() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, summary="爆炸，另有危桥垮塌")
    stage.after(minutes=12)
    stage.says(
        case, Kind.SPLIT, "emergency_office", summary="危桥垮塌", to_unit="transport_bureau", level=Level.III
    )
    (other,) = stage.raised(case, ReportKind.INCIDENT)
    found = stage.case(other)
    assert (found.report.unit, found.level, wall(found.starts_at)) == (
        "transport_bureau",
        Level.III,
        "11-23 11:00",
    )
    assert stage.limit(other, "first_report") == "11-23 11:30"
    assert "first_report" in stage.owed(case), "the first goes on as it was"
