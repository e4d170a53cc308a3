"""Until it is resolved the clock runs; only a leader or supervisor stops it, with a reason, for a while and
on record. Row 22.
"""

from datetime import timedelta

from shared.facts import EffectKind
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.stories.stage import Stage


def test_what_stood_still_for_two_days_is_due_two_days_later() -> None:
    stage = Stage()
    case = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="征地纠纷")
    stage.after(days=1)
    stage.says(case, Kind.PAUSED, "petition", role=Role.SUPERVISOR, text="等司法鉴定", span=timedelta(days=5))
    stage.after(days=2)
    stage.says(case, Kind.RESUMED, "petition", role=Role.SUPERVISOR)
    assert stage.limit(case, "handling") == "12-02 11:00"
    assert [(effect.why, effect.note) for effect in stage.effects(case, EffectKind.PAUSED)] == [
        ("paused", "等司法鉴定")
    ]


def test_forgotten_it_goes_on_by_itself() -> None:
    stage = Stage()
    case = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="征地纠纷")
    stage.says(case, Kind.PAUSED, "petition", role=Role.SUPERVISOR, text="等司法鉴定", span=timedelta(days=2))
    stage.after(days=3)
    assert stage.reasons(case, EffectKind.RESUMED) == ["pause_is_over"]
    assert stage.limit(case, "handling") == "12-02 11:00"
    stage.after(days=7)
    assert stage.has_lapsed(case, "handling")


def test_not_by_anybody_not_without_a_reason_and_not_for_ever() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert (
        stage.refused(case, Kind.PAUSED, "wangshan_info_centre", role=Role.DUTY_OFFICER, text="忙")
        == "role_may_not"
    )
    assert (
        stage.refused(case, Kind.PAUSED, "shaquan_government", role=Role.LEADER, text="忙") == "no_standing"
    )
    assert stage.refused(case, Kind.PAUSED, "gov_main", role=Role.LEADER) == "a_pause_needs_a_reason"
    longest = {"text": "等", "span": timedelta(days=8)}
    assert (
        stage.refused(case, Kind.PAUSED, "gov_main", role=Role.LEADER, **longest)
        == "paused_longer_than_allowed"
    )


def test_a_lapse_that_came_first_is_not_paused_away() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=61)
    stage.says(
        case,
        Kind.PAUSED,
        "gov_main",
        role=Role.LEADER,
        text="通信中断",
        duty=stage.duty(case, "written_report").id,
    )
    stage.after(hours=2)
    stage.says(case, Kind.RESUMED, "gov_main", role=Role.LEADER)
    assert stage.has_lapsed(case, "written_report")
    assert stage.limit(case, "written_report") == "11-23 12:00"


def test_what_is_done_while_the_clock_stands_still_is_done_in_time() -> None:
    stage = Stage()
    case = stage.report(ReportKind.DISPUTE, unit="shaquan_government", area="620621", summary="征地纠纷")
    stage.after(days=6)
    stage.says(case, Kind.PAUSED, "petition", role=Role.SUPERVISOR, text="等司法鉴定", span=timedelta(days=5))
    stage.after(days=3)
    stage.says(case, Kind.RESOLVED, "shaquan_government")
    duty = stage.duty(case, "handling")
    assert duty.discharged_at
    assert duty.discharged_at <= duty.due_at
    assert not stage.has_lapsed(case, "handling")
