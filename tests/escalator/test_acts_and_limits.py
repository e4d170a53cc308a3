"""What people's acts may do to a limit, to a pending transfer and to a call, and what they may not."""

from datetime import timedelta
from typing import Any

import pytest

from services.escalator.deciding import states
from shared.case import DutyState, TaskState
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Kind, Role
from tests.escalator.builders import KEEPS_OPEN, LEARNED, Story, default_rules

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
    story.by_two(Kind.REGRADED, 41, level="IV", text="降级")
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


def test_pausing_a_task_moves_the_tasks_own_limit_so_that_an_extension_can_still_be_asked(
    tasked: Story,
) -> None:
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
    assert (story.now.holder, story.duty("impose_lead").state) == (OTHER, DutyState.DISCHARGED), (
        imposed.effects
    )


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
    story.by_two(Kind.CLOSED, 1, who="li_ding", text="处置完毕")
    story.acknowledged(story.holder("party_main"), 2)
    assert not [duty.id for duty in story.now.duties if duty.is_owed]


def test_a_failed_call_moves_no_chain_on_that_was_put_off(story: Story) -> None:
    first = story.reported().notices[0]
    story.act(Kind.SNOOZED, 1, who=first.person, span=timedelta(minutes=10))
    for channel in first.channels:
        story.delivery(Kind.FAILED, first.id, first.person, channel, 2)
    assert len(story.lit()) == 5, "they know, and will be reminded"
    assert story.duty("first_report-party_main").next_link_at == LEARNED + timedelta(minutes=16), (
        "the chain waits as long as that"
    )
    story.time_passes(11)
    assert (11.0, first.person) in story.lit()[5:]


def test_whoever_was_called_long_ago_about_something_else_is_called_as_a_contact_of_the_chain() -> None:
    story = Story()
    story.reported(unit="party_office")
    story.time_passes(5)
    called = [
        notice.purpose for notice in story.notices() if notice.person == story.holder("secretary_general")
    ]
    assert called == [Purpose.DUTY, Purpose.FALLBACK], (
        "as the one who must acknowledge for the unit, then for five who are dark"
    )


def test_who_is_being_rung_at_this_moment_is_not_rung_for_a_second_duty(story: Story) -> None:
    notices = story.reported().notices
    for number, minute in ((0, 1), (1, 2)):
        for channel in notices[number].channels:
            story.delivery(Kind.FAILED, notices[number].id, notices[number].person, channel, minute)
    assert [person for _, person in story.lit()[5:]] == [story.holder("secretary_general")]
    for channel in notices[2].channels:
        story.delivery(Kind.FAILED, notices[2].id, notices[2].person, channel, 4)
    assert [minute for minute, person in story.lit() if person == story.holder("secretary_general")] == [
        1.0,
        4.0,
    ], "after that, again"


def test_one_answers_for_all_where_the_policy_says_so() -> None:
    story = Story(
        default_rules(
            **{
                "cause: not_acknowledged\n    refers: true": "cause: not_acknowledged\n    answer: any\n    refers: true"
            }
        )
    )
    told = story.reported()
    assert len([notice for notice in told.notices if notice.purpose is Purpose.REPORT]) == 5
    story.acknowledged(story.holder("gov_in_charge"), 3)
    assert [duty.state for duty in story.now.duties if duty.rule == "first_report"] == [DutyState.DISCHARGED]
    story.act(Kind.REGRADED, 4, level="I", text="升级")
    assert [duty.state for duty in story.now.duties if duty.rule == "first_report"] == [
        DutyState.DISCHARGED
    ], "nobody new is owed it"


def test_a_pause_ends_when_it_was_to_end_however_late_its_clock_is(story: Story) -> None:
    story.reported()
    pause(story, 10, "written_report-wangshan_info_duty", span=timedelta(minutes=5))
    story.act(Kind.RESUMED, 45, duty="written_report-wangshan_info_duty")
    assert story.duty("written_report").due_at == LEARNED + timedelta(minutes=65)


def test_going_through_the_chain_by_hand_forgets_nobody_who_was_called() -> None:
    story = Story(default_rules(**KEEPS_OPEN))
    story.reported()
    story.act(Kind.ESCALATED, 1, step=2, duty="first_report-gov_main")
    assert [lit.post for lit in story.duty("first_report-gov_main").lit] == [
        "gov_main",
        "deputy_sg_in_charge",
    ]
    story.acknowledged(story.holder("deputy_sg_in_charge"), 2)
    story.act(Kind.ESCALATED, 3, step=1, duty="first_report-gov_main")
    story.act(Kind.ESCALATED, 3, step=2, duty="first_report-gov_main")
    assert {lit.post for lit in story.duty("first_report-gov_main").lit} == {
        "gov_main",
        "secretary_general",
        "deputy_sg_in_charge",
    }
    assert story.duty("first_report-gov_main").taken_by == story.holder("deputy_sg_in_charge"), (
        "an answer is not asked for twice"
    )


def test_a_case_that_is_closed_is_handed_over_no_more(story: Story) -> None:
    story.reported()
    story.act(Kind.TRANSFERRED, 1, unit=UNIT, to_unit=OTHER, text="职责在贵局")
    story.by_two(Kind.CLOSED, 2, who="li_ding", text="处置完毕")
    assert (story.now.transfer, story.now.ended_at) == (None, LEARNED + timedelta(minutes=2))


def test_an_extension_granted_after_the_limit_takes_no_lapse_back(story: Story) -> None:
    story.reported(kind="petition", level=None)
    story.act(Kind.PROGRESSED, 1, text="受理")
    duty = story.duty("petition_close")
    story.act(Kind.EXTENSION_ASKED, 2, duty=duty.id, due_at=duty.due_at + DAY, text="鉴定未出")
    story.time_passes(61 * 1440)
    story.act(Kind.EXTENSION_DECIDED, 61 * 1440, duty=duty.id, approve=True)
    assert (story.duty("petition_close").state, story.duty("petition_close").due_at) == (
        DutyState.LAPSED,
        duty.due_at,
    )


@pytest.mark.parametrize(
    ("unit", "refused"), [("wangshan_government", True), ("government", False), ("party_committee", False)]
)
def test_only_the_superior_that_was_asked_or_one_above_it_imposes(
    story: Story, unit: str, refused: bool
) -> None:
    story.reported()
    for minute in (1, 3):
        story.act(Kind.TRANSFERRED, minute, unit=UNIT, to_unit="fire_rescue", text="职责在贵队")
        story.act(Kind.OBJECTED, minute + 1, unit="fire_rescue", text="不属我队")
    assert bool(why(story, Kind.IMPOSED, 5, unit=unit, who="chair", to_unit=OTHER)) is refused
    if not refused:
        assert story.duty("impose_lead").discharged_by == "chair"


@pytest.mark.parametrize(("unit", "refused"), [("wangshan_government", False), ("public_security", True)])
def test_without_a_deadlock_whoever_stands_above_the_holder_may_impose(
    story: Story, unit: str, refused: bool
) -> None:
    story.reported()
    assert bool(why(story, Kind.IMPOSED, 5, unit=unit, to_unit=OTHER)) is refused


def test_who_judged_a_suspicion_is_kept_with_it() -> None:
    story = Story()
    story.reported(kind="opinion")
    story.time_passes(31)
    story.act(Kind.REFUTED, 32, who="zhou_wu", text="谣言")
    assert story.now.suspicion is not None
    assert (story.now.suspicion.confirmed, story.now.suspicion.by) == (False, "zhou_wu")


def test_the_chain_of_holders_says_how_each_came_to_it(tasked: Story) -> None:
    tasked.act(Kind.TRANSFERRED, 1, unit=OTHER, task="t1", to_unit="fire_rescue", text="职责在贵队")
    tasked.act(Kind.ACCEPTED, 2, unit="fire_rescue", task="t1")
    assert tasked.task().transfer is None
    tasked.act(Kind.IMPOSED, 3, unit="government", role=Role.LEADER, task="t1", to_unit=OTHER)
    assert [(held.unit, held.how) for held in tasked.task().held] == [
        (OTHER, "assigned"),
        ("fire_rescue", "accepted"),
        (OTHER, "imposed"),
    ]


def test_a_move_that_no_table_has_names_state_and_move() -> None:
    with pytest.raises(states.ImpossibleError, match=r"^verified can't be returned$"):
        states.move(states.TASK, TaskState.VERIFIED, "returned")
