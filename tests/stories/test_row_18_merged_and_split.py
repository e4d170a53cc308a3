"""One emergency reported twice is one case on the earliest clock, and two in one report are two, on the clock they began with. Row 18."""

from shared.case import CaseStatus
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage, wall


def test_the_case_that_goes_on_takes_over_the_earlier_clock() -> None:
    stage = Stage()
    early = stage.report(level=Level.II, unit="wangshan_info_centre")
    stage.after(minutes=10)
    late = stage.report(level=Level.II, unit="wangshan_emergency", summary="园区爆炸")
    assert stage.limit(late, "first_report") == "11-23 11:40"
    stage.says(early, Kind.MERGED, "emergency_office", into=late)
    assert (stage.case(early).status, stage.case(early).merged_into) == (CaseStatus.MERGED, late)
    assert stage.owed(early) == set()
    assert wall(stage.case(late).starts_at) == "11-23 11:00"
    assert {wall(duty.due_at) for duty in stage.duties(late, "first_report")} == {"11-23 11:30"}


def test_a_lapse_of_the_duplicate_stays_where_it_happened() -> None:
    stage = Stage()
    early = stage.report(level=Level.II)
    stage.after(minutes=40)
    late = stage.report(level=Level.II, unit="wangshan_emergency", summary="园区爆炸")
    stage.says(early, Kind.MERGED, "emergency_office", into=late)
    assert all(duty.lapse for duty in stage.duties(early, "first_report"))
    assert all(duty.lapse for duty in stage.duties(late, "first_report")), "and by the earlier clock the limit has passed here too"


def test_merged_to_and_fro_it_never_goes_in_a_circle() -> None:
    stage = Stage()
    one, other = stage.report(level=Level.II), stage.report(level=Level.II, unit="wangshan_emergency")
    stage.says(one, Kind.MERGED, "emergency_office", into=other)
    assert stage.refused(other, Kind.MERGED, "emergency_office", into=one) == "that_one_was_merged_into_this"
    assert stage.refused(one, Kind.PROGRESSED, "emergency_office", text="x") == "case_is_merged"


def test_a_second_event_in_the_same_report_is_split_off_with_its_clock() -> None:
    stage = Stage()
    case = stage.report(level=Level.II, summary="爆炸，另有危桥垮塌")
    stage.after(minutes=12)
    stage.says(case, Kind.SPLIT, "emergency_office", summary="危桥垮塌", to_unit="transport_bureau", level=Level.III)
    (other,) = stage.raised(case, ReportKind.INCIDENT)
    found = stage.case(other)
    assert (found.report.unit, found.level, wall(found.starts_at)) == ("transport_bureau", Level.III, "11-23 11:00")
    assert stage.limit(other, "first_report") == "11-23 11:30"
    assert "first_report" in stage.owed(case), "the first goes on as it was"
