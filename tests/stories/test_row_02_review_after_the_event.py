"""After the event it is reviewed why reports were late or mechanisms unsound, and what must be mended becomes
tasks. Row 2.
"""

from shared.case import TaskState
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Document, Kind, Level, ReviewCause
from tests.stories.stage import Stage

UNIT = "wangshan_info_centre"


def test_the_review_is_owed_within_thirty_days_of_the_end_and_its_slip_turns() -> None:
    stage = Stage()
    case = stage.report(level=Level.III)
    stage.after(hours=5)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    assert stage.limit(case, "review_after") == "12-23 16:00"
    stage.after(days=31)
    assert stage.slips(case, "review_after") == [
        ("12-08 16:00", "blue"),
        ("12-17 16:00", "yellow"),
        ("12-23 16:00", "red"),
    ]
    assert stage.told(case, "review_after", Purpose.OVERDUE) == [
        ("12-23 16:00", "wangshan_info_duty"),
        ("12-23 16:00", "emergency_office"),
    ]


def test_what_it_finds_is_mended_by_tasks_that_are_verified() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    stage.after(days=10)
    causes = (ReviewCause.MECHANISM, ReviewCause.AWARENESS)
    stage.says(case, Kind.FILED, UNIT, document=Document.REVIEW, causes=causes, text="夜间无人值守；层层请示")
    assert stage.is_done(case, "review_after")
    assert ("causes_found", "mechanism, awareness") in [
        (effect.why, effect.note) for effect in stage.effects(case, EffectKind.NOTED)
    ]
    stage.says(
        case, Kind.ASSIGNED, "emergency_office", tasks=[{"title": "夜间双岗", "unit": UNIT, "within": "P10D"}]
    )
    stage.says(case, Kind.ACCEPTED, UNIT, task="t1")
    stage.says(case, Kind.COMPLETED, UNIT, task="t1", text="已排双岗")
    stage.says(case, Kind.VERIFIED, "emergency_office", task="t1")
    assert stage.task(case).state is TaskState.VERIFIED


def test_a_case_that_flares_up_again_owes_no_review_yet() -> None:
    stage = Stage()
    case = stage.report(level=Level.III)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    stage.after(hours=1)
    stage.says(case, Kind.REOPENED, UNIT, text="复燃")
    assert stage.duty(case, "review_after").cancelled_why == "ended_by_reopened"
    assert "follow_up" in stage.owed(case), "as long as it is handled, follow-ups are owed"
