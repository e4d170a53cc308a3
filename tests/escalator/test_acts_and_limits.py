"""What people's acts may do to a limit, to a pending transfer and to a call, and what they may not."""

from datetime import timedelta
from typing import Any

import pytest

from shared.case import DutyState, TaskState
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Kind, Role
from tests.escalator.builders import LEARNED, Story, default_rules

UNIT = "wangshan_info_centre"
OTHER = "wangshan_emergency"
DAY = timedelta(days=1)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def tasked() -> Story:
    """A task for `OTHER`, due in three days."""
    story = Story()
    story.reported(kind="task", level=None, tasks=[{"title": "排查", "unit": OTHER}])
    return story


def pause(story: Story, minutes: float, duty: str | None = None, **more: Any) -> None:
    story.act(Kind.PAUSED, minutes, role=Role.SUPERVISOR, text="等待鉴定", duty=duty, **more)


def why(story: Story, kind: Kind, minutes: float, **data: Any) -> str:
    """Act; the reason it was refused for."""
    decision = story.act(kind, minutes, **data)
    return next((effect.why for effect in decision.effects if effect.kind is EffectKind.REFUSED), "")


def test_regrading_takes_away_no_pause_and_no_lapse(story: Story) -> None:
    story.reported()
    pause(story, 10, "written_report-wangshan_info_duty")
    story.act(Kind.RESUMED, 40, text="已出结果")
    assert story.duty("written_report").due_at == LEARNED + timedelta(minutes=90)
    story.act(Kind.REGRADED, 41, level="IV", text="降级")
    assert story.duty("written_report").due_at == LEARNED + timedelta(hours=4, minutes=30)
    story.act(Kind.REGRADED, 42, level="II", text="升级")
    assert story.duty("written_report").due_at == LEARNED + timedelta(minutes=90)
    assert story.duty("first_report-party_main").lapse is not None


def test_what_is_done_while_its_clock_stands_still_is_in_time_and_the_record_says_so(story: Story) -> None:
    story.reported()
    pause(story, 20, "written_report-wangshan_info_duty")
    story.act(Kind.FILED, 80, document="written_report", text="见附件")
    duty = story.duty("written_report")
    assert (duty.state, duty.due_at) == (DutyState.DISCHARGED, LEARNED + timedelta(hours=2))


def test_pausing_a_task_moves_the_tasks_own_limit_so_that_an_extension_can_still_be_asked(tasked: Story) -> None:
    pause(tasked, 60)
    tasked.act(Kind.RESUMED, 60 + 1440, text="继续")
    assert tasked.task().due_at == tasked.duty("task_complete").due_at == LEARNED + 4 * DAY
    assert tasked.task().first_due_at == LEARNED + 3 * DAY
    later = {"task": "t1", "due_at": LEARNED + 6 * DAY, "text": "材料未齐"}
    assert why(tasked, Kind.EXTENSION_ASKED, 3.5 * 1440, unit=OTHER, **later) == ""
    tasked.act(Kind.EXTENSION_DECIDED, 3.6 * 1440, unit=UNIT, task="t1", approve=True)
    assert tasked.duty("task_complete").due_at == LEARNED + 6 * DAY


def test_an_extension_is_granted_later_or_not_at_all(tasked: Story) -> None:
    tasked.act(Kind.EXTENSION_ASKED, 10, unit=OTHER, task="t1", due_at=LEARNED + 5 * DAY, text="材料未齐")
    earlier = {"task": "t1", "approve": True, "due_at": LEARNED + DAY}
    assert why(tasked, Kind.EXTENSION_DECIDED, 20, unit=UNIT, **earlier) == "no_later_limit_named"
    assert tasked.task().due_at == LEARNED + 3 * DAY


def test_a_task_completed_by_who_objected_to_it_leaves_the_superior_nothing_to_decide(tasked: Story) -> None:
    tasked.act(Kind.OBJECTED, 10, unit=OTHER, task="t1", text="不属我局")
    assert tasked.duty("impose_lead").is_owed
    tasked.act(Kind.COMPLETED, 20, unit=OTHER, task="t1", text="还是办了")
    assert (tasked.task().state, tasked.task().transfer) == (TaskState.COMPLETED, None)
    assert tasked.duty("impose_lead").cancelled_why == "task_is_completed"


def test_who_the_superior_decides_about_owes_no_answer(story: Story) -> None:
    story.reported()
    for minute in (1, 3):
        story.act(Kind.TRANSFERRED, minute, unit=UNIT, to_unit=OTHER, text="职责在贵局")
        story.act(Kind.OBJECTED, minute + 1, unit=OTHER, text="不属我局")
    story.act(Kind.TRANSFERRED, 5, unit=UNIT, to_unit="fire_rescue", text="职责在贵队")
    assert story.duty("impose_lead").is_owed
    assert not story.duty("transfer_answer").is_owed
    imposed = story.act(Kind.IMPOSED, 6, unit="government", to_unit=OTHER, text="由该局牵头")
    assert (story.now.holder, story.duty("impose_lead").state) == (OTHER, DutyState.DISCHARGED), imposed.effects


def test_accepting_a_task_answers_no_transfer_of_the_case(story: Story) -> None:
    story.reported()
    story.act(Kind.ASSIGNED, 1, tasks=[{"title": "疏散", "unit": OTHER}])
    story.act(Kind.TRANSFERRED, 2, unit=UNIT, to_unit=OTHER, text="职责在贵局")
    story.act(Kind.ACCEPTED, 3, unit=OTHER, task="t1")
    assert story.duty("transfer_answer").is_owed
    story.act(Kind.ACCEPTED, 4, unit=OTHER)
    assert story.duty("transfer_answer").state is DutyState.DISCHARGED


def test_an_acknowledgement_after_the_end_opens_nothing(story: Story) -> None:
    story.reported()
    story.act(Kind.CLOSED, 1, text="处置完毕")
    story.acknowledged(story.holder("party_main"), 2)
    assert not [duty.id for duty in story.now.duties if duty.is_owed]


def test_a_failed_call_moves_no_chain_on_that_was_put_off(story: Story) -> None:
    first = story.reported().notices[0]
    story.act(Kind.SNOOZED, 1, who=first.person, span=timedelta(minutes=10))
    for channel in first.channels:
        story.delivery(Kind.FAILED, first.id, first.person, channel, 2)
    assert len(story.lit()) == 5, "they know, and will be reminded"
    story.time_passes(11)
    assert (11.0, first.person) in story.lit()[5:]


def test_whoever_was_called_long_ago_about_something_else_is_called_as_a_contact_of_the_chain() -> None:
    story = Story()
    story.reported(unit="party_office")
    story.time_passes(5)
    called = [notice.purpose for notice in story.notices() if notice.person == story.holder("secretary_general")]
    assert called == [Purpose.DUTY, Purpose.FALLBACK], "as the one who must acknowledge for the unit, then for five who are dark"


def test_who_is_being_rung_at_this_moment_is_not_rung_for_a_second_duty(story: Story) -> None:
    notices = story.reported().notices
    for number, minute in ((0, 1), (1, 2)):
        for channel in notices[number].channels:
            story.delivery(Kind.FAILED, notices[number].id, notices[number].person, channel, minute)
    assert [person for _, person in story.lit()[5:]] == [story.holder("secretary_general")]
    for channel in notices[2].channels:
        story.delivery(Kind.FAILED, notices[2].id, notices[2].person, channel, 4)
    assert [minute for minute, person in story.lit() if person == story.holder("secretary_general")] == [1.0, 4.0], "after that, again"


def test_one_answers_for_all_where_the_policy_says_so() -> None:
    story = Story(
        default_rules(**{"cause: not_acknowledged\n    refers: true": "cause: not_acknowledged\n    answer: any\n    refers: true"})
    )
    told = story.reported()
    assert len([notice for notice in told.notices if notice.purpose is Purpose.REPORT]) == 5
    story.acknowledged(story.holder("gov_in_charge"), 3)
    assert [duty.state for duty in story.now.duties if duty.rule == "first_report"] == [DutyState.DISCHARGED]
