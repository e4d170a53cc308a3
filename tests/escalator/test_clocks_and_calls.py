"""Clocks to the moment, and calls to the right person: what is late, what stands still, who has left, who
sits in for whom.
"""

from datetime import timedelta

import pytest

from services.escalator.deciding.draft import Rules
from services.escalator.policy.duty_spec import known_triggers
from services.escalator.policy.model import Thresholds
from shared.case import Duty, DutyState
from shared.facts import Actor, CaseAct, Due, EffectKind, HarmCount, Matched, Purpose
from shared.ids import CaseId, PostId, UnitId
from shared.story.narrator import SHOWN
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.escalator.builders import LEARNED, Story, default_rules

UNIT = "wangshan_info_centre"
OTHER = "wangshan_emergency"
DAY = 1440.0
MINUTE = timedelta(minutes=1)


@pytest.fixture
def story() -> Story:
    return Story()


def owed_of(story: Story, rule: str) -> list[Duty]:
    return [duty for duty in story.now.duties if duty.rule == rule and duty.is_owed]


def strike(story: Story, minutes: float, at: float | None = None) -> None:
    """The case's clock, brought at `minutes` for `at`."""
    story.happens(Kind.DUE, Due(duty=None, at=LEARNED + (minutes if at is None else at) * MINUTE), minutes)


def test_at_the_limit_itself_nobody_is_told_that_it_is_overdue(story: Story) -> None:
    story.reported()
    story.time_passes(59)
    strike(story, 60)
    assert story.duty("written_report").state is DutyState.OPEN
    assert not [
        notice
        for notice in story.notices()
        if notice.purpose is Purpose.OVERDUE and "written_report-wangshan_info_duty" in notice.duties
    ]


def test_when_a_snooze_ends_late_the_chain_waits_from_the_call_on(story: Story) -> None:
    first = story.reported().notices[0]
    story.act(Kind.SNOOZED, 2, who=first.person, span=timedelta(minutes=10))
    for post in ("gov_main", "party_in_charge", "gov_in_charge", "emergency_office"):
        story.acknowledged(story.holder(post), 2)
    strike(story, 20, at=12)
    assert story.duty("first_report-party_main").next_link_at == LEARNED + 25 * MINUTE
    assert story.holder("secretary_general") not in [person for _, person in story.lit()]


@pytest.mark.parametrize(("reported", "state"), [(29, DutyState.DISCHARGED), (31, DutyState.CANCELLED)])
def test_a_report_found_before_the_clock_of_its_limit_strikes_is_late_or_in_time_by_its_own_moment(
    story: Story, reported: float, state: DutyState
) -> None:
    story.reported(kind=ReportKind.OPINION, unit="propaganda")
    (check,) = owed_of(story, "cross_check")
    at = check.due_at + (reported - 30) * MINUTE
    data = Matched(report=CaseId("other"), unit=UnitId(OTHER), reported_at=at, score=0.9, why=())
    story.happens(Kind.MATCHED, data, (check.due_at - LEARNED) / MINUTE + 2)
    assert story.duty(check.id).state is state
    suspicion = story.now.suspicion
    assert suspicion
    assert suspicion.is_to_judge is (reported > 30), "what came too late is for a person to judge"


def test_nagging_stands_still_with_the_clock_and_so_does_a_snooze(story: Story) -> None:
    story.reported()
    story.acknowledged(story.holder("party_main"), 1)
    story.time_passes(130)
    duty = story.duty("progress")
    assert duty.nag_at is not None
    assert duty.nag_at == duty.due_at + timedelta(days=1)
    story.act(Kind.SNOOZED, 131, who=duty.bearer, duty=duty.id, span=timedelta(minutes=10))
    story.act(Kind.PAUSED, 135, role=Role.SUPERVISOR, text="会商", duty=duty.id)
    story.act(Kind.RESUMED, 195, duty=duty.id)
    after = story.duty("progress")
    assert after.nag_at == duty.nag_at + timedelta(hours=1)
    assert after.snoozed_until == LEARNED + 201 * MINUTE


def test_what_follows_a_lapse_stands_still_with_the_clock(story: Story) -> None:
    story.reported(kind="task", level=None, tasks=[{"title": "排查", "unit": OTHER}])
    story.time_passes(3.5 * DAY)
    before = story.duty("task_complete").overdue
    story.act(Kind.PAUSED, 3.5 * DAY, role=Role.SUPERVISOR, text="会商", duty="task_complete-t1")
    story.act(Kind.RESUMED, 4.5 * DAY, duty="task_complete-t1")
    assert [one.at for one in story.duty("task_complete").overdue] == [
        one.at + timedelta(days=1) for one in before
    ]
    assert story.duty("task_complete").due_at == LEARNED + timedelta(days=3), (
        "a limit that has passed stays where it was"
    )


def test_whoever_left_the_directory_is_followed_by_who_holds_the_post(story: Story) -> None:
    story.reported()
    directory = story.rules.directory
    posts = tuple(
        post.model_copy(update={"holder": "feng_ren"}) if post.id == "propaganda_head" else post
        for post in directory.posts
    )
    people = tuple(person for person in directory.people if person.id != "pan_qiu")
    story.rules = Rules(story.rules.policy, directory.revised(posts=posts, people=people))
    story.time_passes(151)
    assert (150.0, "feng_ren") in story.lit("press_first")


def test_a_post_on_a_roster_is_whoever_is_on_duty_then(story: Story) -> None:
    directory = story.rules.directory
    minute = next(
        60.0 * hour
        for hour in range(200)
        if _on_duty(story, 60.0 * hour) != directory.holder_of(PostId("two_offices_duty")).id
    )
    story.reported(minute, learned_at=LEARNED, level="IV")
    story.act(Kind.ESCALATED, minute, post="two_offices_duty", duty="first_report-emergency_office")
    assert story.lit()[-1] == (minute, _on_duty(story, minute))


def _on_duty(story: Story, minute: float) -> str:
    return story.rules.directory.holder_of(PostId("two_offices_duty"), LEARNED + minute * MINUTE).id


def test_who_stood_in_and_when_is_kept(story: Story) -> None:
    story.reported()
    story.time_passes(5)
    story.acknowledged(story.holder("secretary_general"), 6)
    assert story.duty("first_report-party_main").taken_at == LEARNED + 6 * MINUTE
    story.act(Kind.ESCALATED, 7, post="secretary_general", duty="acknowledge-wangshan_info_duty")
    assert story.duty("acknowledge").lit[-1].at == LEARNED + 7 * MINUTE, (
        "an answer that is known already counts as of now"
    )


def test_the_log_keeps_what_was_said(story: Story) -> None:
    story.reported()
    story.act(Kind.PROGRESSED, 1, text="正在疏散")
    _, *acts = story.now.log  # the report stands first
    assert [(entry.kind, entry.by, entry.text) for entry in acts] == [
        (Kind.PROGRESSED, "officer", "正在疏散")
    ]


def test_of_a_task_laid_on_hundreds_the_log_keeps_what_its_sentence_names(story: Story) -> None:
    story.reported(level=None)
    units = [unit.id for unit in story.rules.directory.units]
    task = {"title": "全面排查", "units": units, "due_at": LEARNED + 3 * DAY * MINUTE}
    story.act(Kind.ASSIGNED, 1, unit="emergency_bureau", tasks=[task])
    [kept] = story.now.log[-1].data["tasks"]
    assert (kept["title"], kept["units"]) == ("全面排查", units[:SHOWN])
    assert set(kept) == {"title", "units", "due_at"}


def test_who_assigned_a_task_is_told_where_the_policy_says_so_and_the_lapse_is_referred() -> None:
    rules = default_rules(**{"overdue: { PT0S: [superior_head] }": "overdue: { PT0S: [assigner, refer] }"})
    story = Story(rules)
    story.reported(level=None)
    story.act(Kind.ASSIGNED, 1, unit="emergency_bureau", tasks=[{"title": "排查", "unit": OTHER}])
    story.act(Kind.COMPLETED, 2, unit=OTHER, task="t1", text="已办")
    story.time_passes(3 * DAY + 3)
    told = [effect.person for effect in story.all_effects(EffectKind.TOLD) if effect.duty == "task_verify-t1"]
    assert told == [story.holder("emergency_bureau_head")]
    assert [
        effect.why for effect in story.all_effects(EffectKind.REFERRED) if effect.duty == "task_verify-t1"
    ] == ["not_done"]
    sent = [
        sent.data
        for decision in story.decisions
        for sent in decision.sends
        if sent.data.get("rule") == "task_verify"
    ]
    assert [(one["unit"], one["late_by_seconds"]) for one in sent] == [("emergency_bureau", 0.001)]


def test_a_rule_of_its_own_recipients_for_the_sensitive_tells_them_and_lets_the_others_go() -> None:
    own = '{ when: { sensitive: true }, within: "@half_hour.within", to: [party_main, discipline] }'
    story = Story(default_rules(**{'{ when: { sensitive: true }, within: "@half_hour.within" }': own}))
    story.reported()
    story.act(Kind.REGRADED, 3, sensitive=True, text="事涉敏感")
    assert [duty.bearer for duty in owed_of(story, "first_report")] == [
        story.holder("party_main"),
        story.holder("discipline"),
    ]
    assert story.duty("first_report-discipline").due_at == LEARNED + 33 * MINUTE
    assert story.duty("first_report-gov_main").cancelled_why == "not_owed_at_this_level"


def test_what_a_lower_level_let_go_is_owed_again_at_the_higher_one(story: Story) -> None:
    story.reported()
    story.by_two(Kind.REGRADED, 1, level="IV")
    assert not owed_of(story, "press_first")
    story.act(Kind.REGRADED, 2, level="II")
    assert [duty.due_at for duty in owed_of(story, "press_first")] == [
        LEARNED + timedelta(hours=5, minutes=2)
    ]


def test_the_bounce_limit_is_the_policys() -> None:
    story = Story(default_rules(**{"bounce_limit: 2": "bounce_limit: 1"}))
    story.reported()
    story.act(Kind.TRANSFERRED, 1, unit=UNIT, to_unit=OTHER, text="职责在贵局")
    assert story.now.transfer is not None
    assert story.now.transfer.reason == "职责在贵局"
    story.act(Kind.OBJECTED, 2, unit=OTHER, text="不属我局")
    assert (story.now.bounces, story.now.transfer.superior) == (1, "wangshan_government")


def test_an_imposition_ends_what_was_asked_of_another(story: Story) -> None:
    story.reported()
    story.act(Kind.TRANSFERRED, 1, unit=UNIT, to_unit="fire_rescue", text="职责在贵队")
    story.act(Kind.IMPOSED, 2, unit="wangshan_government", to_unit=OTHER)
    assert story.duty("transfer_answer").cancelled_why == "lead_imposed"


def test_a_withdrawn_report_takes_pending_transfers_of_its_tasks_along(story: Story) -> None:
    story.reported(level=None)
    story.act(Kind.ASSIGNED, 1, tasks=[{"title": "排查", "unit": OTHER}])
    story.act(Kind.TRANSFERRED, 2, unit=OTHER, task="t1", to_unit="fire_rescue", text="职责在贵队")
    story.act(Kind.WITHDRAWN, 3, text="误报")
    assert (story.task().state, story.task().transfer) == ("cancelled", None)


def test_a_policy_without_snooze_knows_none() -> None:
    story = Story(default_rules(**{"snooze: { up_to: PT10M, times: 3 }\n": ""}))
    story.reported()
    refused = story.act(Kind.SNOOZED, 1, who=story.holder("party_main"), span=timedelta(minutes=1))
    assert [effect.why for effect in refused.effects] == ["no_snooze_in_this_policy"]


def test_an_order_without_a_supervisor_is_of_whoever_it_was_owed_to() -> None:
    story = Story(default_rules(**{"  supervised_by: petition # whose unit issues supervision orders\n": ""}))
    story.reported(kind="task", level=None, tasks=[{"title": "排查", "unit": OTHER}])
    story.time_passes(7 * DAY)
    orders = [case for case in story.world().cases.values() if case.report.kind == "supervision_order"]
    assert [case.report.unit for case in orders] == [UNIT]


@pytest.mark.parametrize(
    ("deaths", "injuries", "loss", "level"),
    [
        (30, 0, 0, Level.I),
        (29, 99, 99_999_999, Level.II),
        (0, 100, 0, Level.I),
        (0, 0, 100_000_000, Level.I),
        (0, 0, 50_000_000, Level.II),
        (0, 0, 10_000_000, Level.III),
        (2, 9, 9_999_999, Level.IV),
    ],
)
def test_the_higher_of_the_three_counts(deaths: int, injuries: int, loss: int, level: Level) -> None:
    found = Thresholds(deaths=(30, 10, 3), injuries=(100, 50, 10), loss=(100_000_000, 50_000_000, 10_000_000))
    assert found.level_of(HarmCount(deaths=deaths, injuries=injuries, loss=loss)) is level


def test_what_only_the_machine_says_opens_nothing() -> None:
    assert known_triggers().isdisjoint({"due", "decided", "delivered", "failed", "rejected", "checked"})


def test_the_measure_says_who_decided_it(story: Story) -> None:
    story.reported()
    story.time_passes(31)
    world = story.world()
    case = next(case for case in world.cases.values() if case.measure is not None)
    by = Actor(principal="feng_ren", role=Role.DISCIPLINE)
    world.happens(Kind.MEASURE_DECIDED, case.id, CaseAct(by=by, measure="reminder"), LEARNED + 40 * MINUTE)
    measure = world.cases[case.id].measure
    assert measure is not None
    assert (measure.decided, measure.decided_by, measure.decided_at) == (
        "reminder",
        "feng_ren",
        LEARNED + 40 * MINUTE,
    )


def test_whoever_has_answered_is_not_asked_again_when_others_become_recipients() -> None:
    own = '{ when: { sensitive: true }, within: "@half_hour.within", to: [party_main, discipline] }'
    story = Story(default_rules(**{'{ when: { sensitive: true }, within: "@half_hour.within" }': own}))
    story.reported()
    story.acknowledged(story.holder("party_main"), 1)
    story.act(Kind.REGRADED, 3, sensitive=True, text="事涉敏感")
    assert [duty.bearer for duty in owed_of(story, "first_report")] == [story.holder("discipline")]
