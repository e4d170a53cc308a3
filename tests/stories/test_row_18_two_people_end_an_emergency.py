"""A grave emergency that a leader has not answered ends early, or is graded down, only when a second person
above agrees. Row 18.
"""

from typing import Any

import pytest

from services.escalator.playing.world import handed_over_at_once
from shared.case import CaseStatus
from shared.facts import Actor, EffectKind, Purpose
from shared.ids import CaseId, PersonId, UnitId
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.stories.stage import Stage

LEADERS = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
UNIT, ABOVE = "wangshan_info_centre", "wangshan_government"


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def case(stage: Stage) -> CaseId:
    return stage.report(level=Level.II)


def another(stage: Stage) -> CaseId:
    return stage.report(level=Level.II, unit="wangshan_emergency", summary="园区爆炸")


@pytest.mark.parametrize("kind", [Kind.WITHDRAWN, Kind.CLOSED, Kind.MERGED, Kind.REGRADED])
def test_what_one_person_asks_for_changes_nothing_and_the_superior_is_asked(
    stage: Stage, case: CaseId, kind: Kind
) -> None:
    asked: dict[str, Any] = {Kind.MERGED: {"into": another(stage)}, Kind.REGRADED: {"level": Level.IV}}.get(
        kind, {}
    )
    before = handed_over_at_once(stage.case(case))
    by = "gov_in_charge" if kind is Kind.CLOSED else "wangshan_info_duty"
    stage.says(case, kind, by, text="误报", **asked)
    now = stage.case(case)
    assert (now.status, now.level, now.duties, now.clock_at) == (
        CaseStatus.OPEN,
        Level.II,
        before.duties,
        before.clock_at,
    )
    assert now.ending
    assert (now.ending.kind, now.ending.by, now.ending.text) == (
        kind,
        stage.holder(by),
        "误报",
    )
    assert stage.told(case, purpose=Purpose.SECOND) == [("11-23 11:00", "wangshan_main")]
    assert stage.reasons(case, EffectKind.WAITS) == ["needs_second_person"]


def test_meanwhile_the_chain_goes_on_and_the_limits_pass(stage: Stage, case: CaseId) -> None:
    stage.after(minutes=4)
    stage.says(case, Kind.REGRADED, UNIT, level=Level.IV, text="轻微")
    stage.after(minutes=27)
    assert stage.told(case, "first_report-gov_main", Purpose.FALLBACK)
    stage.says(case, Kind.SECONDED, ABOVE, role=Role.LEADER, approve=True)
    assert stage.case(case).level is Level.IV
    assert stage.has_lapsed(case, "first_report"), (
        "grading down forgives no limit that has passed while it waited"
    )


def test_a_second_person_above_agrees_and_everybody_who_was_rung_hears_of_it(
    stage: Stage, case: CaseId
) -> None:
    stage.after(minutes=6)
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    stage.says(case, Kind.SECONDED, ABOVE, role=Role.LEADER, approve=True)
    assert stage.case(case).status is CaseStatus.WITHDRAWN
    told = {notice.post: notice.brief.ending for _, notice in stage.notices(case, purpose=Purpose.WITHDRAWN)}
    assert set(told) == {*LEADERS, "secretary_general", "wangshan_info_duty"}
    for ending in told.values():
        assert ending
        assert ending.seconded_by
        names = [
            stage.directory.people_by_id[PersonId(stage.holder(post))].name
            for post in ("wangshan_info_duty", "wangshan_main")
        ]
        assert ([ending.by, ending.seconded_by], ending.why) == (names, "误报")


def test_who_was_rung_hears_what_a_lower_grade_leaves_them_to_do(stage: Stage, case: CaseId) -> None:
    stage.acknowledges(case, "gov_main")
    stage.by_two(case, Kind.REGRADED, UNIT, ABOVE, level=Level.IV, text="仅一人轻伤")
    assert stage.owed(case) >= {"first_report", "written_report"}
    owes = {
        str(notice.post): notice.brief.ending.owes
        for _, notice in stage.notices(case, purpose=Purpose.ENDED)
        if notice.brief.ending
    }
    assert (owes["emergency_office"], owes["party_main"], owes["gov_main"]) == (True, False, False)


@pytest.mark.parametrize("who", [UNIT, "wangshan_emergency", "shaquan_government", "water_bureau"])
def test_the_second_is_another_person_of_a_unit_above(stage: Stage, case: CaseId, who: str) -> None:
    stage.says(case, Kind.CLOSED, "gov_in_charge", text="完毕")
    assert (
        stage.refused(case, Kind.SECONDED, who, role=Role.LEADER, approve=True)
        == "not_of_the_competent_superior"
    )
    assert stage.refused(case, Kind.SECONDED, ABOVE, role=Role.AUDITOR, approve=True) == "role_may_not"
    stage.says(case, Kind.WITHDRAWN, ABOVE, text="误报")
    assert (
        stage.refused(case, Kind.SECONDED, ABOVE, role=Role.LEADER, approve=True)
        == "nobody_seconds_their_own_act"
    )
    assert stage.case(case).status is CaseStatus.OPEN


@pytest.mark.parametrize("who", [ABOVE, "government", "emergency_duty", "two_offices_duty"])
def test_a_unit_above_or_an_office_of_the_whole_city_may(stage: Stage, case: CaseId, who: str) -> None:
    stage.says(case, Kind.CLOSED, "gov_in_charge", text="完毕")
    stage.says(case, Kind.SECONDED, who, role=Role.DUTY_OFFICER, approve=True)
    assert stage.case(case).status is CaseStatus.CLOSED


def test_who_does_not_agree_leaves_everything_as_it_was(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    stage.says(case, Kind.SECONDED, ABOVE, role=Role.LEADER, approve=False, text="尚未核实")
    assert (stage.case(case).status, stage.case(case).ending) == (CaseStatus.OPEN, None)
    assert (
        stage.refused(case, Kind.SECONDED, ABOVE, role=Role.LEADER, approve=True)
        == "nothing_waits_for_a_second_person"
    )


def test_when_all_have_answered_one_person_is_enough(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    stage.acknowledges(case, *LEADERS)
    assert stage.case(case).ending is None
    assert "everybody_has_answered_meanwhile" in stage.reasons(case, EffectKind.NOTED)
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    assert stage.case(case).status is CaseStatus.WITHDRAWN


def test_graded_up_meanwhile_it_must_be_asked_for_again(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.CLOSED, "gov_in_charge", text="完毕")
    stage.says(case, Kind.REGRADED, "emergency_office", level=Level.I, text="三人失踪")
    assert (stage.case(case).level, stage.case(case).ending) == (Level.I, None), (
        "up takes one person, and what waited is another matter"
    )


def test_the_same_asked_again_rings_nobody_again_and_another_takes_its_place(
    stage: Stage, case: CaseId
) -> None:
    stage.says(case, Kind.CLOSED, "gov_in_charge", text="完毕")
    assert (
        stage.refused(case, Kind.CLOSED, "gov_in_charge", text="完毕") == "waits_for_a_second_person_already"
    )
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    ending = stage.case(case).ending
    assert ending
    assert ending.kind is Kind.WITHDRAWN


def test_the_head_above_is_not_asked_about_their_own_request(stage: Stage, case: CaseId) -> None:
    stage.says(case, Kind.WITHDRAWN, ABOVE, text="完毕")
    assert [post for _, post in stage.told(case, purpose=Purpose.SECOND)] == ["gov_main"]


def test_what_could_not_be_done_anyway_is_refused_at_once(stage: Stage) -> None:
    case = stage.report(level=Level.II, tasks=[{"title": "疏散", "unit": UNIT}])
    assert stage.refused(case, Kind.CLOSED, "gov_in_charge", text="完毕") == "tasks_are_open"
    assert stage.case(case).ending is None


def test_a_source_that_withdraws_its_alert_ends_nothing(stage: Stage) -> None:
    by = "source:met-observatory"
    case = stage.report(
        level=Level.II, unit="met_observatory", area="620621", summary="暴雨红色预警", reported_by=by
    )
    source = Actor(principal=by, role=Role.PUBLISHER, unit=UnitId("met_observatory"))
    stage.says(case, Kind.WITHDRAWN, source, text="解除")
    assert stage.case(case).status is CaseStatus.OPEN
    told = {notice.post: notice for _, notice in stage.notices(case, purpose=Purpose.INFORM)}
    assert set(LEADERS) <= set(told)
    assert all(
        notice.brief.ending and notice.brief.ending.by_source and not notice.brief.ending.seconded_by
        for notice in told.values()
    )
    assert stage.told(case, purpose=Purpose.SECOND) == [("11-23 11:00", "gov_main")]


@pytest.mark.parametrize(
    "report",
    [
        {"level": Level.III},
        {"level": Level.I, "exercise": True},
        {"kind": ReportKind.DISPUTE, "level": Level.IV},
    ],
)
def test_what_is_not_grave_or_owed_to_no_leader_or_an_exercise_one_person_ends(
    stage: Stage, report: dict[str, Any]
) -> None:
    case = stage.report(**report)
    stage.says(case, Kind.WITHDRAWN, UNIT, text="误报")
    assert stage.case(case).status is CaseStatus.WITHDRAWN


def test_a_sensitive_one_is_grave_whatever_its_level(stage: Stage) -> None:
    case = stage.report(level=Level.IV, sensitive=True)
    stage.says(case, Kind.REGRADED, "emergency_office", sensitive=False, text="不涉敏感")
    assert (stage.case(case).sensitive, stage.case(case).ending is not None) == (True, True)
