"""A report that was accepted always rings: what can't be decided on is left out with a reason, everything
beside it goes on.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.escalator.deciding import duties, lighting, new_case, opening
from services.escalator.deciding.bare_case import decide_somehow
from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import DESK_DUTY, Draft, Why
from services.escalator.policy.rule import DutyRule
from shared.case import Case, DutyState, write_case
from shared.facts import (
    Acknowledgement,
    Actor,
    Decision,
    Effect,
    EffectKind,
    Fact,
    Purpose,
    Reason,
    TaskForm,
    Via,
)
from shared.ids import PersonId, PostId, UnitId
from shared.vocabulary import Kind, Role
from tests.escalator.builders import CASE, LEADERS, LEARNED, Story, a_report, default_rules

LATER = LEARNED + timedelta(minutes=1)


def reported(**changes: Any) -> Fact:
    """The fact as it would lie on record, with fields of its data replaced by whatever: a value of None takes
    the field away.
    """
    data = a_report().model_dump(mode="json", exclude_none=True) | changes
    given = {name: value for name, value in data.items() if value is not None}
    return Fact.of(
        Kind.REPORTED, id="r", source="/services/intake", subject=CASE, time=LATER, data=a_report()
    ).model_copy(update={"data": given})


def opened(fact: Fact) -> tuple[Case, Decision]:
    return decide(None, fact, 1, LATER, default_rules())


def left_out(decision: Decision) -> list[Effect]:
    return [effect for effect in decision.effects if effect.kind is EffectKind.LEFT_OUT]


def rings_the_leaders(case: Case, decision: Decision) -> bool:
    owed = [duty for duty in case.duties if duty.id.startswith(LEADERS)]
    called = {notice.person for notice in decision.notices if notice.purpose is Purpose.REPORT}
    wanted = 5 if case.level is not None else 1
    return len(owed) == wanted and {duty.bearer for duty in owed} <= called and case.clock_at is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "meteorite"),
        ("category", None),
        ("topic", "Not A Topic"),
        ("level", "V"),
        ("harm", {"deaths": -1}),
        ("place", "behind the mill"),
        ("tasks", [{"title": "no unit"}]),
        ("unit", "abolished_bureau"),
        ("unit", None),
        ("area", "999999"),
        ("area", 7),
        ("learned_at", "yesterday"),
        ("summary", None),
        ("reported_by", None),
        ("kind", "landslide"),
        ("by", {"principal": "x"}),
    ],
)
def test_a_field_that_can_not_be_read_is_left_out_and_the_leaders_are_called(
    field: str, value: object
) -> None:
    case, decision = opened(reported(**{field: value}))
    assert rings_the_leaders(case, decision)
    assert [one.note for one in case.left_out] == [effect.note for effect in left_out(decision)]
    assert any(
        value is None or (effect.note or "").startswith((field, str(value))) for effect in left_out(decision)
    )
    assert write_case(case)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(sorted(a_report().model_dump(exclude_none=True))),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab 甲\n", max_size=9), st.just([1])),
        max_size=4,
    ).filter(lambda changes: "exercise" not in changes and "kind" not in changes)
)
def test_whatever_else_a_report_says_somebody_is_called(changes: dict[str, Any]) -> None:
    case, decision = opened(reported(**changes))
    assert decision.notices
    assert case.clock_at is not None


def test_tasks_that_the_reporter_may_not_lay_any_more_are_left_out() -> None:
    report = a_report(
        tasks=(TaskForm(title="clear the road", unit=UnitId("government")),),
        by=Actor(principal="somebody", role=Role.REPORTER, unit=a_report().unit),
    )
    case, decision = opened(reported(**report.model_dump(mode="json", exclude_none=True)))
    assert rings_the_leaders(case, decision)
    assert case.tasks == ()
    assert [(effect.why, effect.note) for effect in left_out(decision)] == [
        ("may_not_be_said_so", "tasks.0.unit")
    ]


def test_a_rule_that_fails_is_left_out_and_the_others_open(monkeypatch: pytest.MonkeyPatch) -> None:
    real = opening.open_rule

    def broken(draft: Draft, rule: DutyRule, *rest: Any, **more: Any) -> Any:
        if rule.name == "acknowledge":
            real(draft, rule, *rest, **more)
            raise KeyError("a fault of ours")
        return real(draft, rule, *rest, **more)

    whole, _ = opened(reported())
    monkeypatch.setattr(opening, "open_rule", broken)
    case, decision = opened(reported())
    assert rings_the_leaders(case, decision)
    assert {duty.rule for duty in whole.duties} - {duty.rule for duty in case.duties} == {"acknowledge"}, (
        "undone as a whole"
    )
    [effect] = left_out(decision)
    assert (effect.why, effect.rule) == ("rule_failed", whole.plans["acknowledge"].limit)
    assert "a fault of ours" in (effect.note or "")


def broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("nothing works")


def test_where_no_duty_can_open_the_duty_desk_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_rule", broken)
    case, decision = opened(reported())
    [notice] = [notice for notice in decision.notices if notice.purpose is not Purpose.NEWS]
    rules = default_rules()
    assert notice.purpose is Purpose.UNDECIDED
    assert notice.person == rules.directory.holder_of(notice.post, LATER).id
    assert notice.post == "two_offices_duty"
    assert notice.channels
    assert [duty.rule for duty in case.duties] == [DESK_DUTY]
    assert "nobody_was_called" in [effect.why for effect in decision.effects]


@pytest.fixture
def undecidable(monkeypatch: pytest.MonkeyPatch) -> Story:
    """A report of which `decide` makes nothing at all."""
    monkeypatch.setattr(new_case, "matter_of", broken)
    story = Story()
    fact = reported(
        reported_by="zhao_jia",
        person="zhao_jia",
        summary="bridge down",
        unit="water_bureau",
        details="x" * 9_000,
    )
    story.case, decision = decide_somehow(None, fact, 1, LATER, story.rules)
    assert decide_somehow(None, fact, 1, LATER, story.rules) == (story.case, decision), (
        "a repeat says the same"
    )
    story.sequence, story.decisions = 1, [decision]
    return story


def test_of_a_report_that_can_not_be_decided_on_the_desk_hears_who_reported_what(undecidable: Story) -> None:
    [notice] = undecidable.notices()
    assert (notice.purpose, notice.post, notice.id) == (Purpose.UNDECIDED, "two_offices_duty", f"{CASE}.1.0")
    assert (notice.brief.summary, notice.brief.unit) == ("bridge down", "water_bureau")
    assert notice.brief.reported_by == default_rules().directory.people_by_id[PersonId("zhao_jia")].name
    assert [(one.why, "nothing works" in (one.note or "")) for one in undecidable.now.left_out] == [
        ("report_not_worked_out", True)
    ]
    assert undecidable.now.report.details is None
    assert undecidable.now.clock_at is not None


def test_the_desks_call_goes_on_along_its_chain_and_ends_with_it(undecidable: Story) -> None:
    undecidable.time_passes(24 * 60)
    half_hour = undecidable.rules.policy.document.half_hour
    posts = (*reversed(half_hour.fallback.chain), *reversed(half_hour.owed_to))
    people = list(dict.fromkeys(undecidable.holder(post) for post in posts))
    called = undecidable.lit(DESK_DUTY)
    assert list(dict.fromkeys(person for _, person in called)) == people
    assert [minute for minute, person in called if person == people[0]] == [1, 16, 26], (
        "and again, before its limit"
    )
    assert {notice.purpose for notice in undecidable.notices()} == {Purpose.UNDECIDED}
    assert undecidable.effects(EffectKind.CHAIN_ENDED, DESK_DUTY)
    [lapse] = undecidable.all_effects(EffectKind.LAPSED)
    assert lapse.unit == undecidable.rules.directory.posts_by_id[PostId("two_offices_duty")].unit
    assert not undecidable.all_effects(EffectKind.REFERRED), "a failure of ours is nobody's"
    assert undecidable.now.clock_at is None, "nobody is rung for ever"


def test_whoever_of_the_chain_answers_has_taken_it(undecidable: Story) -> None:
    undecidable.time_passes(6)
    second = undecidable.lit(DESK_DUTY)[1][1]
    undecidable.acknowledged(second, 7)
    assert undecidable.duty(DESK_DUTY).state is DutyState.DISCHARGED
    undecidable.time_passes(24 * 60)
    assert len(undecidable.lit(DESK_DUTY)) == 2, "nobody further is called"


def test_a_report_that_its_reporter_may_not_open_rings_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    reporter = Actor(principal="somebody", role=Role.REPORTER, unit=a_report().unit)
    fact = reported(kind="supervision_order", by=reporter.model_dump(mode="json", exclude_none=True))
    case, decision = decide_somehow(None, fact, 1, LATER, default_rules())
    assert [notice.post for notice in decision.notices] == ["two_offices_duty"]
    assert [duty.rule for duty in case.duties] == [DESK_DUTY]


def test_an_act_that_fails_is_answered_as_set_aside_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    story.reported()
    before = story.now

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.escalator.deciding.decide.answer", broken)
    decision = story.acknowledged(before.duties[0].bearer, 1)
    assert [(effect.kind, effect.why) for effect in decision.effects] == [
        (EffectKind.REFUSED, Reason.ACT_SET_ASIDE)
    ]
    assert [duty.state for duty in story.now.duties] == [duty.state for duty in before.duties]
    assert not any(lit.answered_at for duty in story.now.duties for lit in duty.lit)
    assert story.now.left_out[-1].kind == Kind.ACKNOWLEDGED
    assert story.now.log[-1].kind == Kind.ACKNOWLEDGED


def test_a_clock_that_fails_for_one_duty_does_its_work_for_the_others_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    story.reported()
    unlucky = story.now.duties[0].id
    real = lighting.light_next

    def broken(draft: Draft, duty: Any, why: Why) -> None:
        if duty.id == unlucky:
            raise ValueError("a fault of ours")
        real(draft, duty, why)

    monkeypatch.setattr(lighting, "light_next", broken)
    decision = story.clock_strikes()
    while not left_out(decision):
        decision = story.clock_strikes()
    moved = [duty.id for duty in story.now.duties if duty.id.startswith(LEADERS) and len(duty.lit) > 1]
    assert len(moved) == 4
    assert unlucky not in moved
    assert story.now.clock_at is not None
    assert story.now.clock_at > decision.about.time, "never a clock that is always due"


def test_a_limit_that_can_not_lapse_keeps_nobody_from_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()
    story.reported()
    person = story.now.duties[0].bearer

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(duties, "lapse", broken)
    said = Acknowledgement(person=person, via=Via.LINK, by=Actor(principal=person, role=Role.LEADER))
    decision = story.happens(Kind.ACKNOWLEDGED, said, 31)
    assert EffectKind.DISCHARGED in [effect.kind for effect in decision.effects]
    assert {effect.why for effect in left_out(decision)} == {"fault_of_ours"}
