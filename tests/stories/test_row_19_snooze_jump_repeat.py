"""Whoever is called may put it off a little, the chain may be jumped or begun again by hand, and the limit
runs on meanwhile. Row 19.
"""

from datetime import timedelta

import pytest

from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, Role
from tests.stories.stage import Stage

OTHERS = ("gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
DUTY = "first_report-party_main"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def case(stage: Stage) -> CaseId:
    found = stage.report(level=Level.II)
    stage.acknowledges(found, *OTHERS)
    return found


def snooze(stage: Stage, case: CaseId, minutes: float) -> None:
    stage.says(case, Kind.SNOOZED, "party_main", role=Role.LEADER, duty=DUTY, span=timedelta(minutes=minutes))


def test_i_know_remind_me_in_eight_minutes(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=2)
    snooze(stage, case, 8)
    stage.after(minutes=7)
    assert stage.told(case, DUTY, Purpose.FALLBACK) == [], "the chain waits too"
    stage.after(minutes=1)
    assert stage.told(case, DUTY, Purpose.AGAIN) == [("11-23 11:10", "party_main")]
    stage.after(minutes=6)
    assert stage.told(case, DUTY, Purpose.FALLBACK)[0] == ("11-23 11:15", "secretary_general")
    assert stage.limit(case, "first_report") == "11-23 11:30"


def test_not_for_longer_than_ten_minutes_and_not_more_than_three_times(stage: Stage, case: CaseId) -> None:
    refused = stage.refused(case, Kind.SNOOZED, "party_main", duty=DUTY, span=timedelta(minutes=11))
    assert refused == "snoozed_longer_than_allowed"
    for _ in range(3):
        snooze(stage, case, 5)
        stage.after(minutes=5)
    assert (
        stage.refused(case, Kind.SNOOZED, "party_main", duty=DUTY, span=timedelta(minutes=5))
        == "snoozed_too_often"
    )
    stage.after(minutes=16)
    lapse = stage.duties(case, "first_report")[0].lapse
    assert lapse
    assert "snoozed" in lapse.excuses, "that they knew is on the lapse"


def test_nobody_puts_off_a_call_that_was_not_theirs(stage: Stage, case: CaseId) -> None:
    assert (
        stage.refused(case, Kind.SNOOZED, "hotline_head", duty=DUTY, span=timedelta(minutes=5))
        == "was_not_called"
    )


def test_the_desk_jumps_to_any_post_and_the_chain_goes_on_from_there(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=1)
    stage.says(case, Kind.ESCALATED, duty=DUTY, post="deputy_sg_in_charge")
    stage.after(minutes=4)
    assert stage.told(case, DUTY, Purpose.FALLBACK) == [
        ("11-23 11:01", "deputy_sg_in_charge"),
        ("11-23 11:04", "two_offices_duty"),
    ]


def test_the_chain_is_begun_again_from_a_step_or_from_the_first(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=12)
    assert stage.reasons(case, EffectKind.CHAIN_ENDED) == []
    stage.after(minutes=3)
    stage.says(case, Kind.ESCALATED, duty=DUTY, step=1)
    assert stage.told(case, DUTY, Purpose.FALLBACK)[-1] == ("11-23 11:15", "secretary_general")
    stage.says(case, Kind.ESCALATED, duty=DUTY, step=0)
    assert stage.told(case, DUTY, Purpose.AGAIN) == [("11-23 11:15", "party_main")]
    assert stage.refused(case, Kind.ESCALATED, duty=DUTY, step=9) == "no_such_step"
