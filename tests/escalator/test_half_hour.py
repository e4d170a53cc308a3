"""The half-hour rule, sentence by sentence."""

from datetime import timedelta

import pytest

from services.escalator.deciding.draft import UndecidableError
from services.escalator.playing.world import handed_over_at_once
from shared.case import CaseStatus, Duty, DutyState
from shared.directory import Directory
from shared.facts import Due, EffectKind, LapseCause, Purpose, Via
from shared.ids import DutyId, PersonId, PostId
from shared.vocabulary import Kind
from tests.escalator.builders import KEEPS_OPEN, LEADERS, LEARNED, Story, default_rules

OWED = ["party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office"]
CHAIN = ["secretary_general", "deputy_sg_in_charge", "two_offices_duty"]


@pytest.fixture
def story() -> Story:
    return Story()


def owed_to_leaders(story: Story) -> list[Duty]:
    return [duty for duty in story.now.duties if duty.id.startswith(LEADERS)]


def all_but_one_answer(story: Story, dark: str, minutes: float = 1) -> None:
    for post in OWED:
        if post != dark:
            story.acknowledged(story.holder(post), minutes)


def test_whoever_learns_of_a_major_emergency_owes_a_report_to_each_of_five(story: Story) -> None:
    decision = story.reported()
    assert [duty.posts for duty in owed_to_leaders(story)] == [(post,) for post in OWED]
    assert {duty.due_at for duty in owed_to_leaders(story)} == {LEARNED + timedelta(minutes=30)}
    told = [notice for notice in decision.notices if notice.purpose is Purpose.REPORT]
    assert [notice.person for notice in told] == [story.holder(post) for post in OWED]
    assert all(notice.channels == ("voice", "sms") for notice in told)


def test_one_person_in_two_posts_is_owed_one_duty_and_rung_once() -> None:
    rules = default_rules(**{"[party_main, gov_main,": "[party_main, secretary_general, gov_main,"})
    directory = rules.directory
    both = directory.holder_of(PostId("party_main")).id
    merged = tuple(
        post.model_copy(update={"holder": both}) if post.id == "secretary_general" else post
        for post in directory.posts
    )
    story = Story(
        type(rules)(rules.policy, Directory.model_validate({**directory.model_dump(), "posts": merged}))
    )
    decision = story.reported()
    assert story.duty("first_report-party_main").posts == ("party_main", "secretary_general")
    assert [notice.person for notice in decision.notices].count(PersonId(both)) == 1


def test_an_acknowledgement_discharges_exactly_that_persons_duty(story: Story) -> None:
    story.reported()
    story.acknowledged(story.holder("gov_main"), 2)
    assert story.duty("first_report-gov_main").state is DutyState.DISCHARGED
    assert [duty.state for duty in owed_to_leaders(story) if duty.id != "first_report-gov_main"] == [
        DutyState.OPEN
    ] * 4


def test_a_message_merely_sent_discharges_nothing(story: Story) -> None:
    decision = story.reported()
    for notice in decision.notices:
        for channel in notice.channels:
            story.delivery(Kind.DELIVERED, notice.id, notice.person, channel, 0.1)
    assert all(duty.state is DutyState.OPEN for duty in owed_to_leaders(story))


def test_a_contact_who_stays_dark_for_five_minutes_lights_the_next(story: Story) -> None:
    story.reported()
    all_but_one_answer(story, dark="party_main")
    story.time_passes(14)
    assert story.lit()[5:] == [
        (5.0, story.holder("secretary_general")),
        (8.0, story.holder("deputy_sg_in_charge")),
        (11.0, story.holder("two_offices_duty")),
    ]
    assert story.effects(EffectKind.CHAIN_ENDED, LEADERS) == [
        ("first_report-party_main", "nobody_left_to_light")
    ]


def test_all_who_stay_dark_at_once_light_the_next_with_one_call(story: Story) -> None:
    story.reported()
    story.time_passes(5)
    assert story.lit()[5:] == [(5.0, story.holder("secretary_general"))]
    notice = next(decision.notices for decision in reversed(story.decisions) if decision.notices)[0]
    assert len(notice.duties) == 5
    assert len(notice.brief.dark) == 5


def test_who_takes_it_for_the_dark_one_stops_the_chain_and_settles_the_duty(story: Story) -> None:
    story.reported()
    all_but_one_answer(story, dark="party_main")
    story.time_passes(5)
    stand_in = story.holder("secretary_general")
    decision = story.acknowledged(stand_in, 6)
    duty = story.duty("first_report-party_main")
    assert (duty.state, duty.taken_by, duty.is_stood_in) == (DutyState.DISCHARGED, stand_in, True)
    assert [(notice.post, notice.purpose) for notice in decision.notices] == [("party_main", Purpose.INFORM)]
    story.time_passes(31)
    assert len(story.lit()) == 7, "nobody else is rung"
    story.acknowledged(story.holder("party_main"), 40)
    assert story.duty("first_report-party_main").discharged_by == stand_in
    assert not story.duty("first_report-party_main").is_stood_in, "now he knows of it himself"


def test_where_the_policy_keeps_it_open_the_first_duty_waits_for_its_own_person() -> None:
    story = Story(default_rules(**KEEPS_OPEN))
    story.reported()
    all_but_one_answer(story, dark="party_main")
    story.time_passes(5)
    story.acknowledged(story.holder("secretary_general"), 6)
    assert story.duty("first_report-party_main").state is DutyState.OPEN
    story.time_passes(31)
    lapse = story.duty("first_report-party_main").lapse
    assert lapse
    assert (lapse.stood_in, lapse.unit) == (story.holder("secretary_general"), "party_committee")


def test_a_failed_delivery_moves_the_chain_on_at_once(story: Story) -> None:
    first = story.reported().notices[0]
    story.delivery(Kind.FAILED, first.id, first.person, "voice", 0.2)
    assert len(story.lit()) == 5, "another channel may still get through"
    story.delivery(Kind.FAILED, first.id, first.person, "sms", 0.3)
    assert story.lit()[5:] == [(0.3, story.holder("secretary_general"))]


def test_one_channel_that_works_keeps_the_full_wait(story: Story) -> None:
    first = story.reported().notices[0]
    story.delivery(Kind.FAILED, first.id, first.person, "voice", 0.2)
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.3)
    assert len(story.lit()) == 5


def test_several_unreachable_leaders_ring_the_next_once(story: Story) -> None:
    notices = story.reported().notices
    for notice in notices[:3]:
        for channel in notice.channels:
            story.delivery(Kind.FAILED, notice.id, notice.person, channel, 0.2)
    assert [person for _, person in story.lit()[5:]] == [story.holder("secretary_general")]
    story.acknowledged(story.holder("secretary_general"), 1)
    assert [duty.taken_by is not None for duty in owed_to_leaders(story)] == [True, True, True, False, False]


def test_reminders_go_to_those_who_have_not_answered(story: Story) -> None:
    story.reported()
    all_but_one_answer(story, dark="gov_main")
    story.time_passes(29)
    reminders = [(minute, person) for minute, person in story.lit()[5:] if person == story.holder("gov_main")]
    assert reminders == [(15.0, story.holder("gov_main")), (25.0, story.holder("gov_main"))]


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, DutyState.DISCHARGED), (0.001, DutyState.LAPSED_DISCHARGED)]
)
def test_on_the_limit_is_in_time_and_a_moment_after_is_late(
    story: Story, seconds: float, state: DutyState
) -> None:
    story.reported()
    story.acknowledged(story.holder("party_main"), 30 + seconds / 60)
    assert story.duty("first_report-party_main").state is state


def test_the_limit_passes_and_the_lapse_is_on_record_for_good(story: Story) -> None:
    story.reported()
    all_but_one_answer(story, dark="party_main")
    story.time_passes(31)
    duty = story.duty("first_report-party_main")
    assert duty.state is DutyState.LAPSED
    assert duty.lapse
    assert (duty.lapse.at, duty.lapse.cause) == (LEARNED + timedelta(minutes=30), LapseCause.NOT_ACKNOWLEDGED)
    decision = story.acknowledged(story.holder("party_main"), 42)
    assert story.duty("first_report-party_main").state is DutyState.LAPSED_DISCHARGED
    assert story.duty("first_report-party_main").lapse == duty.lapse
    assert decision.effects[0].late_by_seconds == 12 * 60


def test_a_report_handed_in_after_the_limit_lapses_at_once_and_the_leaders_are_still_told(
    story: Story,
) -> None:
    decision = story.reported(minutes=40)
    lapsed = [
        effect
        for effect in decision.effects
        if effect.kind is EffectKind.LAPSED and (effect.duty or "").startswith(LEADERS)
    ]
    assert [(effect.cause, effect.late_by_seconds) for effect in lapsed] == [
        (LapseCause.REPORTED_LATE, 600)
    ] * 5
    assert len(story.lit()) == 5


def test_what_counts_from_a_report_counts_from_when_it_came_in(story: Story) -> None:
    story.reported(minutes=40)
    assert story.duty("acknowledge").due_at == LEARNED + timedelta(minutes=50), (
        "nobody could acknowledge it before"
    )
    assert story.duty("written_report").due_at == LEARNED + timedelta(hours=1), (
        "the report's own clocks run from when the unit learned of it"
    )


def test_a_report_that_waited_in_the_inbox_is_judged_by_when_it_was_handed_in(story: Story) -> None:
    story.reported(minutes=40, handed_in_at=LEARNED + timedelta(minutes=29))
    assert not story.effects(EffectKind.LAPSED, LEADERS)


def test_an_answer_that_overtakes_the_limits_clock_is_late_all_the_same(story: Story) -> None:
    story.reported()
    story.acknowledged(story.holder("party_main"), 30.5)
    assert story.effects(EffectKind.LAPSED, LEADERS)[0] == ("first_report-party_main", "limit_passed")


def test_level_iv_has_two_hours_and_a_sensitive_matter_ignores_grading() -> None:
    ordinary, sensitive = Story(), Story()
    ordinary.reported(level="IV")
    sensitive.reported(level="IV", sensitive=True)
    assert ordinary.now.duties[0].due_at == LEARNED + timedelta(hours=2)
    assert sensitive.now.duties[0].due_at == LEARNED + timedelta(minutes=30)


def test_a_logged_call_discharges_only_where_the_policy_says_so() -> None:
    allowed, not_allowed = Story(), Story(default_rules(**{"[acknowledged, logged_call]": "[acknowledged]"}))
    for story in (allowed, not_allowed):
        story.reported()
        story.acknowledged(story.holder("party_main"), 3, via=Via.LOGGED_CALL)
    assert allowed.duty("first_report-party_main").state is DutyState.DISCHARGED
    assert not_allowed.duty("first_report-party_main").state is DutyState.OPEN


def test_each_decision_names_its_reason_and_its_line(story: Story) -> None:
    story.reported()
    story.time_passes(31)
    text = story.rules.policy.text.split("\n")
    for decision in story.decisions:
        for effect in decision.effects:
            assert effect.why
            if effect.rule:
                assert effect.rule.path.split(".")[-1] in text[effect.rule.line - 1]


def test_a_clock_that_strikes_twice_does_nothing_the_second_time(story: Story) -> None:
    story.reported()
    story.time_passes(5)
    first, before = story.decisions[-1], handed_over_at_once(story.now).duties
    repeat = story.happens(Kind.DUE, Due(duty=DutyId("first_report-party_main"), at=first.about.time), 5.01)
    assert repeat.is_empty
    assert story.now.duties == before


def test_after_downtime_all_that_is_overdue_goes_out_as_one_call_a_person(story: Story) -> None:
    story.reported()
    at = story.now.clock_at
    assert at
    decision = story.happens(Kind.DUE, Due(duty=story.now.clock_duty, at=at), 26)
    reminded = [
        notice.person
        for notice in decision.notices
        if notice.purpose is Purpose.REMINDER and any(duty.startswith(LEADERS) for duty in notice.duties)
    ]
    assert sorted(reminded) == sorted(story.holder(post) for post in OWED)


def test_withdrawing_cancels_what_is_owed_and_tells_who_was_told(story: Story) -> None:
    story.reported()
    story.acknowledged(story.holder("party_main"), 1)
    decision = story.by_two(Kind.WITHDRAWN, 3, text="误报")
    assert story.now.status is CaseStatus.WITHDRAWN
    assert [duty.state for duty in owed_to_leaders(story)] == [DutyState.DISCHARGED] + [
        DutyState.CANCELLED
    ] * 4
    told = [notice.person for notice in decision.notices if notice.purpose is Purpose.WITHDRAWN]
    assert len(told) == len(set(told)), "once each"
    assert set(told) == {story.holder(post) for post in [*OWED, "wangshan_info_duty"]}
    assert story.now.clock_at is None


def test_closing_forgives_no_lapse(story: Story) -> None:
    story.reported(minutes=40)
    story.by_two(Kind.CLOSED, 50, who="li_ding", text="处置完毕")
    assert all(duty.lapse for duty in owed_to_leaders(story))


def test_a_transfer_binds_the_sender_until_it_is_accepted(story: Story) -> None:
    story.reported()
    sender, receiver = story.now.holder, story.rules.directory.units[3].id
    story.act(Kind.TRANSFERRED, 1, to_unit=receiver, text="职责在贵局")
    assert story.now.holder == sender
    assert story.act(Kind.ACCEPTED, 2, unit=sender).effects[0].kind is EffectKind.REFUSED
    story.act(Kind.ACCEPTED, 3, unit=receiver)
    assert story.now.holder == receiver


def test_an_objection_needs_a_transfer_and_leaves_the_case_with_the_sender(story: Story) -> None:
    story.reported()
    assert story.act(Kind.OBJECTED, 1, text="不属我局").effects[0].why == "no_transfer_pending"
    asked = story.rules.directory.units[3].id
    story.act(Kind.TRANSFERRED, 2, to_unit=asked)
    story.act(Kind.OBJECTED, 3, unit=asked, text="不属我局")
    assert (story.now.transfer, story.now.holder) == (None, story.now.report.unit)


def test_a_matter_the_half_hour_is_not_about_owes_the_leaders_nothing(story: Story) -> None:
    story.reported(kind="petition", level="IV")
    assert owed_to_leaders(story) == []
    assert [duty.rule for duty in story.now.duties] == ["petition_route"]


def test_a_matter_nothing_is_owed_for_is_filed_without_a_clock(story: Story) -> None:
    decision = story.reported(kind="task")
    assert (story.now.duties, story.now.clock_at) == ((), None)
    assert decision.effects[0].why == "no_duty_for_task"


def test_an_act_on_a_case_nobody_reported_is_set_aside(story: Story) -> None:
    with pytest.raises(UndecidableError, match="never reported"):
        story.acknowledged("somebody", 1)
