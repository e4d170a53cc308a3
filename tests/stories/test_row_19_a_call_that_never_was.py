"""Whoever is said to have been told by telephone hears of it and may say that it is not so; then it is owed
as before. Row 19.
"""

import pytest

from shared.case import Duty, DutyState
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, Role
from tests.stories.stage import Stage, moment, wall

OFFICER = "zhang_lai"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def case(stage: Stage) -> CaseId:
    return stage.report(level=Level.II)


def of_the_mayor(stage: Stage, case: CaseId) -> Duty:
    return next(duty for duty in stage.case(case).duties if duty.id == "first_report-gov_main")


def test_the_leader_is_told_who_wrote_down_which_call(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=3)
    stage.logs_a_call(
        case,
        "gov_main",
        OFFICER,
        note="已报市长",
        called_at=moment("2026-11-23 11:02"),
        number="…0102",
        listed=True,
    )
    ((_, notice),) = stage.notices(case, purpose=Purpose.CALLED)
    called = notice.brief.called
    assert called
    assert (notice.post, called.by.zh, wall(called.at)) == ("gov_main", "章来", "11-23 11:02")
    assert (called.number, called.listed, called.said) == ("…0102", True, "已报市长")
    assert of_the_mayor(stage, case).state is DutyState.DISCHARGED
    (call,) = stage.case(case).calls
    assert (call.by, call.duties, call.contested_at) == (OFFICER, ("first_report-gov_main",), None)


def test_not_so_and_it_is_owed_again_to_its_first_limit_and_the_chain_goes_on(
    stage: Stage, case: CaseId
) -> None:
    stage.after(minutes=3)
    stage.logs_a_call(case, "gov_main", OFFICER)
    stage.after(minutes=7)
    stage.says(case, Kind.CONTESTED, "gov_main", role=Role.LEADER, text="未接到任何电话")
    duty = of_the_mayor(stage, case)
    assert (duty.state, wall(duty.due_at), duty.discharged_at) == (DutyState.OPEN, "11-23 11:30", None)
    stage.after(minutes=6)
    assert ("11-23 11:15", "secretary_general") in stage.told(case, "first_report-gov_main", Purpose.FALLBACK)
    stage.acknowledges(case, "gov_main")
    assert of_the_mayor(stage, case).state is DutyState.DISCHARGED


def test_contested_after_the_limit_the_lapse_stands_as_without_the_call_and_names_it(
    stage: Stage, case: CaseId
) -> None:
    stage.logs_a_call(case, "gov_main", OFFICER)
    stage.after(hours=2)
    stage.says(case, Kind.CONTESTED, "gov_main", role=Role.LEADER)
    duty = of_the_mayor(stage, case)
    assert duty.lapse
    assert (duty.state, wall(duty.lapse.at), duty.lapse.excuses) == (
        DutyState.LAPSED,
        "11-23 11:30",
        ("call_contested",),
    )
    assert stage.reasons(case, EffectKind.OWED_AGAIN) == ["call_contested"]


def test_only_the_person_called_contests_and_not_once_they_have_answered(stage: Stage, case: CaseId) -> None:
    stage.logs_a_call(case, "gov_main", OFFICER)
    assert (
        stage.refused(case, Kind.CONTESTED, "party_main", role=Role.LEADER) == "no_call_to_them_is_on_record"
    )
    stage.acknowledges(case, "gov_main")
    assert stage.refused(case, Kind.CONTESTED, "gov_main", role=Role.LEADER) == "has_answered_since"


def test_a_contact_of_the_chain_who_was_not_called_stands_in_for_nobody(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=6)
    stage.logs_a_call(case, "secretary_general", OFFICER)
    assert all(duty.taken_by for duty in stage.duties(case, "first_report"))
    stage.says(case, Kind.CONTESTED, "secretary_general", role=Role.LEADER)
    assert not any(duty.taken_by for duty in stage.duties(case, "first_report"))
    stage.after(minutes=5)
    assert ("11-23 11:11", "deputy_sg_in_charge") in stage.told(case, "first_report", Purpose.FALLBACK)


def test_calls_that_one_logged_oneself_are_no_answers_when_one_would_end_the_case(
    stage: Stage, case: CaseId
) -> None:
    for leader in ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office"):
        stage.logs_a_call(case, leader, OFFICER)
    stage.says(case, Kind.WITHDRAWN, OFFICER, text="完毕")
    assert stage.case(case).ending, "who wrote the calls down does not end the case alone by them"
    stage.says(case, Kind.WITHDRAWN, "two_offices_duty", text="完毕")
    assert stage.case(case).ended_at, "for anybody else they are answers"
