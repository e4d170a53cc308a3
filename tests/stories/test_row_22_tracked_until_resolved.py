"""The leader in charge tracks it until it is resolved: nothing closes by itself, and what goes quiet is
raised again. Row 22.
"""

import pytest

from shared.case import CaseStatus
from shared.facts import EffectKind, Purpose
from shared.ids import CaseId, PostId
from shared.language.reasons import in_words
from shared.territory import may
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.stories.stage import Stage

UNIT = "wangshan_info_centre"


def acknowledged(stage: Stage) -> CaseId:
    case = stage.report(level=Level.II)
    stage.acknowledges(case, "party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    return case


def test_nothing_that_anybody_leaves_lying_closes_by_itself() -> None:
    stage = Stage()
    case = acknowledged(stage)
    stage.after(days=90)
    assert stage.case(case).status is CaseStatus.OPEN
    assert {"progress", "follow_up", "written_report"} <= stage.owed(case)


def test_the_leader_in_charge_owes_word_at_the_levels_interval_and_is_rung_daily_until_it_comes() -> None:
    stage = Stage()
    case = acknowledged(stage)
    for _ in range(2):
        stage.after(hours=1)
        stage.says(case, Kind.PROGRESSED, "gov_in_charge", text="已到现场")
    assert (stage.limit(case, "progress"), stage.duty(case, "progress").bearer) == (
        "11-23 15:00",
        stage.holder("gov_in_charge"),
    )
    stage.after(days=3)
    again = stage.told(case, "progress", Purpose.AGAIN)
    assert (
        again
        == [
            ("11-24 15:00", "gov_in_charge"),
            ("11-25 15:00", "gov_in_charge"),
            ("11-26 15:00", "gov_in_charge"),
        ][: len(again)]
    )
    assert len(again) >= 2
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    assert "progress" not in stage.owed(case)


def test_an_acknowledged_case_that_goes_quiet_is_raised_again_as_if_nobody_had_answered() -> None:
    stage = Stage()
    case = acknowledged(stage)
    stage.after(hours=1, minutes=1)
    assert stage.told(case, "stay_with_it", Purpose.REMINDER) == [("11-23 12:00", "wangshan_info_duty")]
    stage.after(hours=1)
    assert [effect.why for effect in stage.effects(case, EffectKind.UNACKNOWLEDGED)] == ["went_quiet"]
    assert stage.told(case, "stay_with_it", Purpose.AGAIN) == [("11-23 13:00", "wangshan_info_duty")]
    stage.after(minutes=10)
    assert ("11-23 13:05", "secretary_general") in stage.told(case, "stay_with_it", Purpose.FALLBACK)


def test_any_word_about_the_case_keeps_it_from_being_raised_again() -> None:
    stage = Stage()
    case = acknowledged(stage)
    stage.after(minutes=50)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="明火已控制")
    stage.after(hours=1, minutes=20)
    assert not stage.effects(case, EffectKind.UNACKNOWLEDGED)


@pytest.mark.parametrize("kind", [ReportKind.INCIDENT, ReportKind.DISPUTE, ReportKind.COMPLAINT])
@pytest.mark.parametrize("act", [Kind.RESOLVED, Kind.CLOSED])
def test_only_the_leader_in_charge_or_somebody_above_ends_what_is_grave(kind: ReportKind, act: Kind) -> None:
    stage = Stage()
    case = stage.report(kind, level=Level.IV, sensitive=True)
    leader = str(stage.duty(case, "progress").bearer_post)
    for who in (UNIT, "wangshan_main", "emergency_office", "secretary_general", "vice_mayor_health"):
        assert stage.refused(case, act, who, text="已解决") == "only_the_leader_ends_it"
    for who in (leader, "gov_main", "party_main"):
        actor = stage.actor(who, Role.LEADER)
        assert may(actor, act, stage.case(case), stage.directory, stage.now) is None
    refusal = may(stage.actor("emergency_office"), act, stage.case(case), stage.directory, stage.now)
    assert refusal
    words = in_words(refusal, stage.directory)
    name = stage.directory.posts_by_id[PostId(leader)].name
    assert words.zh == f"您无权办理：重大事项由分管领导或其上级办结，请以续报说明处置完毕。请找：{name.zh}。"
    assert words.en == (
        "You may not do this: a grave matter is ended by the leader in charge, or somebody above; "
        f"hand in a follow-up that says it is settled. Ask: {name.en}."
    )
    stage.says(case, Kind.RESOLVED, leader, text="已解决")
    assert "progress" not in stage.owed(case)


def test_what_is_not_grave_its_unit_ends() -> None:
    stage = Stage()
    case = stage.report(level=Level.III)
    stage.says(case, Kind.RESOLVED, UNIT, text="已解决")
    assert stage.case(case).status is CaseStatus.RESOLVED


def test_closing_names_its_evidence_and_a_closed_case_can_be_reopened() -> None:
    stage = Stage()
    case = acknowledged(stage)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="现场清理完毕")
    stage.says(case, Kind.CLOSED, "gov_in_charge", text="复查合格，照片 12 张")
    assert stage.owed(case) == set()
    assert stage.refused(case, Kind.PROGRESSED, UNIT, text="补充") == "case_is_closed"
    stage.says(case, Kind.REOPENED, UNIT, text="复燃")
    assert stage.limit(case, "follow_up") == "11-23 13:00"
    assert {"follow_up", "progress"} <= stage.owed(case)
