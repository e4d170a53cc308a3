"""A named person watches television round the clock, and what they spot reaches the leaders within half an
hour. Row 16.
"""

from shared.facts import LapseCause, Purpose
from shared.vocabulary import Category, Kind, ReportKind
from tests.stories.stage import Stage, wall


def test_the_watch_is_signed_in_by_the_person_whose_shift_it_is() -> None:
    stage = Stage("2026-11-23 07:00")
    case = stage.watches("roster", "tv_watch")
    stage.at("2026-11-23 08:05")
    on_watch = stage.holder("tv_watch")
    assert (stage.duty(case, "sign_in").bearer, stage.limit(case, "sign_in")) == (on_watch, "11-23 08:15")
    stage.says(case, Kind.SIGNED_IN, on_watch)
    assert stage.is_done(case, "sign_in")
    stage.at("2026-11-23 20:01")
    assert stage.duty(case, "sign_in").bearer == stage.holder("tv_watch") != on_watch


def test_a_watch_nobody_signs_in_for_is_an_absence() -> None:
    stage = Stage("2026-11-23 07:00")
    case = stage.watches("roster", "tv_watch")
    stage.at("2026-11-23 08:16")
    lapse = stage.duty(case, "sign_in").lapse
    assert lapse
    assert (wall(lapse.at), lapse.cause) == ("11-23 08:15", LapseCause.ABSENT)
    assert "two_offices_duty" in [post for _, post in stage.told(case, "sign_in", Purpose.OVERDUE)]


def test_a_hit_is_reported_within_half_an_hour_of_being_spotted() -> None:
    stage = Stage()
    watcher = stage.holder("tv_watch")
    case = stage.report(
        ReportKind.OPINION,
        category=Category.ACCIDENT,
        topic="tv",
        unit="tv_centre",
        summary="新闻直播间播出爆炸画面",
        person=watcher,
    )
    assert (stage.case(case).report.person, stage.limit(case, "first_report")) == (watcher, "11-23 11:30")
    stage.after(minutes=31)
    assert len([duty for duty in stage.duties(case, "first_report") if duty.lapse]) == 5
