"""A task shows its slips, blue, yellow and red, and gets more time only from whoever assigned it, asked for
before the limit. Row 26.
"""

from typing import Any

import pytest

from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, ReportKind
from tests.stories.stage import Stage, moment, wall

UNIT = "transport_bureau"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def case(stage: Stage) -> CaseId:
    found = stage.report(
        ReportKind.TASK,
        unit="government",
        area="620600",
        summary="桥梁检测",
        tasks=[{"title": "检测", "unit": UNIT, "within": "P10D"}],
    )
    stage.says(found, Kind.ACCEPTED, UNIT, task="t1")
    return found


def test_the_slip_turns_with_the_term_and_everybody_above_hears_when_it_is_over(
    stage: Stage, case: CaseId
) -> None:
    stage.after(days=18)
    assert stage.slips(case, "task_complete") == [
        ("11-28 11:00", "blue"),
        ("12-01 11:00", "yellow"),
        ("12-03 11:00", "red"),
    ]
    assert stage.told(case, "task_complete", Purpose.OVERDUE) == [
        ("12-03 11:00", "transport_head"),
        ("12-03 11:00", "gov_main"),
        ("12-03 11:00", "emergency_office"),
        ("12-04 11:00", "party_in_charge"),
        ("12-04 11:00", "gov_in_charge"),
        ("12-10 11:00", "discipline"),
    ]


def test_more_time_is_asked_for_before_the_limit_and_granted_by_whoever_assigned_it(
    stage: Stage, case: CaseId
) -> None:
    stage.after(days=7)
    stage.says(
        case, Kind.EXTENSION_ASKED, UNIT, task="t1", due_at=moment("2026-12-08 11:00"), text="设备未到"
    )
    assert stage.limit(case, "extension_decision") == "12-01 11:00"
    assert (
        stage.refused(case, Kind.EXTENSION_DECIDED, UNIT, task="t1", approve=True)
        == "only_the_assigner_decides"
    )
    stage.says(case, Kind.EXTENSION_DECIDED, "government", task="t1", approve=True)
    task, duty = stage.task(case), stage.duty(case, "task_complete", "t1")
    assert duty.first_due_at
    assert [wall(task.due_at), wall(duty.due_at), wall(duty.first_due_at)] == [
        "12-08 11:00",
        "12-08 11:00",
        "12-03 11:00",
    ]
    assert [
        (effect.why, effect.was and wall(effect.was)) for effect in stage.effects(case, EffectKind.MOVED)
    ] == [("extension_granted", "12-03 11:00")]


def test_asked_after_the_limit_it_is_refused_and_the_lapse_stays(stage: Stage, case: CaseId) -> None:
    stage.after(days=10, minutes=1)
    asked: dict[str, Any] = {"task": "t1", "due_at": moment("2026-12-08 11:00"), "text": "设备未到"}
    assert stage.refused(case, Kind.EXTENSION_ASKED, UNIT, **asked) == "asked_after_the_limit"
    assert stage.has_lapsed(case, "task_complete")


def test_an_extension_granted_too_late_does_not_undo_the_lapse(stage: Stage, case: CaseId) -> None:
    stage.after(days=9)
    stage.says(
        case, Kind.EXTENSION_ASKED, UNIT, task="t1", due_at=moment("2026-12-08 11:00"), text="设备未到"
    )
    stage.after(days=2)
    stage.says(case, Kind.EXTENSION_DECIDED, "government", task="t1", approve=True)
    assert stage.has_lapsed(case, "task_complete")
    assert stage.has_lapsed(case, "extension_decision"), "whoever decides too late has lapsed too"


def test_a_result_that_is_not_enough_comes_back_and_whoever_did_it_cannot_verify_it(
    stage: Stage, case: CaseId
) -> None:
    stage.after(days=4)
    stage.says(case, Kind.COMPLETED, UNIT, task="t1", text="初检合格")
    assert stage.refused(case, Kind.VERIFIED, UNIT, task="t1") == "only_the_assigner_decides"
    stage.says(case, Kind.RETURNED, "government", task="t1", text="缺静载试验")
    assert stage.limit(case, "task_complete", "t1") == "12-03 11:00"
    stage.after(days=8)
    stage.says(case, Kind.COMPLETED, UNIT, task="t1", text="补做试验")
    assert stage.has_lapsed(case, "task_complete"), "the second delivery was late"
    stage.after(days=4)
    assert stage.has_lapsed(case, "task_verify"), "and nobody has checked it within three days"
