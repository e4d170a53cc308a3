"""A major emergency that turns out graver or lesser is regraded: its limits count from the same start, and
nothing is forgiven; whoever is owed the report only now has half an hour from then. Row 18.
"""

from typing import Any

import pytest

from shared.case import DutyState
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage, wall

UNIT = "wangshan_info_centre"
LEADERS = ("party_main", "gov_main", "party_in_charge", "gov_in_charge")


def regrade(stage: Stage, case: CaseId, **graded: Any) -> None:
    stage.says(case, Kind.REGRADED, "emergency_office", text="核定", **graded)


def test_upwards_the_shorter_limits_hold_from_the_original_start() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV)
    stage.after(minutes=20)
    regrade(stage, case, level=Level.I)
    limits = {rule: stage.limit(case, rule) for rule in ("written_report", "follow_up")}
    assert limits == {"written_report": "11-23 12:00", "follow_up": "11-23 12:00"}
    reports = {str(duty.bearer_post): wall(duty.due_at) for duty in stage.duties(case, "first_report")}
    assert reports == {"emergency_office": "11-23 11:30", **dict.fromkeys(LEADERS, "11-23 11:50")}
    moved = [
        (effect.was and wall(effect.was), effect.due_at and wall(effect.due_at))
        for effect in stage.effects(case, EffectKind.MOVED)
    ]
    assert ("11-23 13:00", "11-23 11:30") in moved, "from where to where is on record"
    assert {"press_first", "press_conference"} <= stage.owed(case), (
        "what only a graver event owes is owed now"
    )
    assert stage.reasons(case, EffectKind.REGRADED) == ["regraded"]


def test_a_shorter_limit_that_would_lie_behind_by_then_accuses_nobody() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV)
    stage.after(minutes=90)
    assert not stage.has_lapsed(case, "first_report")
    regrade(stage, case, level=Level.II)
    assert not stage.has_lapsed(case, "first_report"), "nobody could have reported sooner what nobody knew"
    limits = {str(duty.bearer_post): wall(duty.due_at) for duty in stage.duties(case, "first_report")}
    assert limits == dict.fromkeys(("emergency_office", *LEADERS), "11-23 13:00")
    stage.after(minutes=31)
    assert stage.has_lapsed(case, "first_report"), "from then on the whole term of the new level counts"
    assert stage.told(case, "first_report", Purpose.REPORT)[1:] == [("11-23 12:30", one) for one in LEADERS]


@pytest.mark.parametrize("kind", [ReportKind.INCIDENT, ReportKind.DISPUTE, ReportKind.COMPLAINT])
def test_upwards_and_down_and_up_again_the_leaders_are_owed_the_report_again(kind: ReportKind) -> None:
    stage = Stage()
    case = stage.report(kind, level=Level.II)
    rule = "first_report" if kind is ReportKind.INCIDENT else "grave_report"
    stage.by_two(case, Kind.REGRADED, "emergency_office", text="核定", level=Level.IV)
    stage.after(minutes=3)
    regrade(stage, case, level=Level.I)
    open_now = {str(duty.bearer_post): wall(duty.due_at) for duty in stage.duties(case, rule) if duty.is_owed}
    assert list(open_now.values()).count("11-23 11:33") >= len(LEADERS)


def test_downwards_no_lapse_is_taken_back_and_what_is_no_longer_owed_ends_with_that_reason() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=61)
    assert stage.has_lapsed(case, "written_report")
    stage.by_two(case, Kind.REGRADED, "emergency_office", text="核定", level=Level.IV)
    written = stage.duty(case, "written_report")
    assert (written.state, wall(written.due_at)) == (DutyState.LAPSED, "11-23 12:00")
    assert stage.duty(case, "press_first").cancelled_why == "not_owed_at_this_level"
    assert stage.limit(case, "follow_up") == "11-24 11:00"


@pytest.mark.parametrize("before", [Level.III, None])
def test_one_person_alone_grades_down_and_forgives_nothing_by_it(before: Level | None) -> None:
    stage = Stage()
    case = stage.report(level=before)
    stage.after(minutes=25)
    regrade(stage, case, level=Level.IV)
    assert stage.limit(case, "first_report") == "11-23 11:30", "not two hours, five minutes before the limit"
    assert stage.limit(case, "written_report") == "11-23 12:00"
    assert "limit_stays_one_person_alone" in stage.reasons(case, EffectKind.NOTED)
    assert "not_owed_at_this_level" not in stage.reasons(case, EffectKind.CANCELLED)
    stage.after(minutes=6)
    assert stage.has_lapsed(case, "first_report")


def test_called_sensitive_its_grading_is_ignored() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV)
    regrade(stage, case, sensitive=True)
    assert (stage.limit(case, "first_report"), stage.limit(case, "written_report")) == (
        "11-23 11:30",
        "11-23 12:00",
    )
    assert len([duty for duty in stage.duties(case, "first_report") if duty.is_owed]) == 5


@pytest.mark.parametrize("level", [None, Level.IV])
def test_a_report_that_tells_of_grave_harm_is_grave_whatever_level_it_names(level: Level | None) -> None:
    stage = Stage()
    case = stage.report(level=level, harm={"deaths": 12})
    assert stage.case(case).level is Level.II
    assert [post for _, post in stage.told(case, "first_report", Purpose.REPORT)] == [
        *LEADERS,
        "emergency_office",
    ]


def test_under_grading_is_said_at_once() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV, harm={"deaths": 3})
    assert ("under_graded", "III") in [
        (effect.why, effect.note) for effect in stage.effects(case, EffectKind.NOTED)
    ]
