"""Any major emergency is reported to the leaders and to the emergency office within half an hour, one duty
for each of them. Row 18.
"""

from datetime import timedelta

import pytest

from shared.facts import Purpose, Via
from shared.vocabulary import Document, Kind, Level
from tests.stories.stage import Stage

OWED = ["party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office"]


def test_each_of_five_is_owed_it_and_answers_for_themselves() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert stage.told(case, "first_report", Purpose.REPORT) == [("11-23 11:00", post) for post in OWED]
    assert {duty.due_at for duty in stage.duties(case, "first_report")} == {stage.now + timedelta(minutes=30)}
    stage.after(minutes=3)
    stage.acknowledges(case, *OWED[:4])
    stage.acknowledges(case, "emergency_office", via=Via.LOGGED_CALL)
    assert all(stage.is_done(case, duty.rule) for duty in stage.duties(case, "first_report"))
    assert {duty.discharged_via for duty in stage.duties(case, "first_report")} == {"link", "logged_call"}


@pytest.mark.parametrize(
    ("level", "first", "written", "follow_up", "final", "acknowledged"),
    [
        (Level.I, "11:30", "12:00", "12:00", "11-24 11:00", "11:05"),
        (Level.II, "11:30", "12:00", "13:00", "11-24 11:00", "11:10"),
        (Level.III, "11:30", "12:00", "17:00", "11-26 11:00", "11:15"),
        (Level.IV, "13:00", "15:00", "11-24 11:00", "11-30 11:00", "11:30"),
    ],
)
def test_each_level_has_its_own_limits(
    level: Level, first: str, written: str, follow_up: str, final: str, acknowledged: str
) -> None:
    stage = Stage()
    case = stage.report(level=level)
    wanted = {
        "first_report": first,
        "written_report": written,
        "follow_up": follow_up,
        "acknowledge": acknowledged,
    }
    assert {rule: stage.limit(case, rule).removeprefix("11-23 ") for rule in wanted} == wanted
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="已扑灭")
    assert stage.limit(case, "final_report") == final


def test_a_sensitive_one_ignores_its_grading() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV, sensitive=True)
    assert stage.limit(case, "first_report") == "11-23 11:30"
    assert stage.limit(case, "follow_up") == "11-23 12:00"


def test_a_follow_up_comes_at_each_interval_until_the_handling_ends() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    for hour in (1.5, 1.5, 1.5):
        stage.after(hours=hour)
        stage.says(case, Kind.FOLLOWED_UP, "wangshan_info_centre", text="明火已控制")
    assert [stage.limit(case, "follow_up"), "follow_up" in stage.owed(case)] == ["11-23 17:30", True]
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    assert "follow_up" not in stage.owed(case)
    assert stage.duty(case, "follow_up").cancelled_why == "ended_by_resolved"
    stage.says(case, Kind.FILED, "wangshan_info_centre", document=Document.FINAL_REPORT, text="终报")
    assert stage.is_done(case, "final_report")
