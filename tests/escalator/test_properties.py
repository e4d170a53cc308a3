"""What holds over any history of any case, however its facts fall and however late its clocks are."""

import os
from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.escalator.deciding import states
from services.escalator.deciding.clockwork import next_clock
from shared.case import ENDED, Case, Duty, DutyState, HolderTerm, TaskState, read_case, write_case
from shared.facts import EffectKind, Purpose
from shared.ids import UnitId
from shared.vocabulary import CASE_ACTS, Kind, Level
from tests.escalator.builders import Story, default_rules
from tests.escalator.histories import History, Step

RULES = default_rules()
EXAMPLES = int(os.environ.get("FENGHUO_EXAMPLES", "60"))
"""Histories a property is tried on; fewer where the whole is run for each of thousands of mutants."""
LENGTH = 25
NOT_SAID = {"refuted": None, "found": None, "let_off": None, "referred_by": None}
seeds = st.integers(0, 2**32)
"""Seeded, not drawn piece by piece: a hundred times as fast, and a failing seed can be played again by
hand.
"""


def played(seed: int) -> History:
    return History(Random(seed), RULES).play(LENGTH)


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_an_open_case_and_each_open_task_has_exactly_one_unit_that_answers_for_it(seed: int) -> None:
    for step in played(seed).steps:
        case = step.after
        _one_holder(case.holder, case.held)
        for task in case.tasks:
            _one_holder(task.unit, task.held)
            assert task.transfer is None or task.state in (TaskState.ASSIGNED, TaskState.ACCEPTED), (
                "nothing is handed over that is done"
            )


def _one_holder(unit: UnitId, held: tuple[HolderTerm, ...]) -> None:
    assert [one.unit for one in held if one.until is None] == [unit]
    assert all(earlier.until == later.since for earlier, later in pairwise(held)), "without a gap"


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_every_duty_is_discharged_or_lapsed_or_cancelled_with_a_reason_and_a_lapse_stays(seed: int) -> None:
    for step in played(seed).steps:
        after = {duty.id: duty for duty in step.after.duties}
        for duty in after.values():
            _is_whole(duty)
        for before in step.before.duties if step.before else ():
            now = after[before.id]
            assert _may_become(before.state, now.state), f"{before.id}: {before.state} → {now.state}"
            if before.lapse is not None:
                assert now.lapse is not None, "a lapse once written is never taken back"
                assert replace(now.lapse, **NOT_SAID) == replace(before.lapse, **NOT_SAID), (
                    "nor changed; a person may judge it, a report in time may turn up"
                )


def _is_whole(duty: Duty) -> None:
    assert (duty.state is DutyState.CANCELLED) == bool(duty.cancelled_why)
    assert (duty.state in (DutyState.DISCHARGED, DutyState.LAPSED_DISCHARGED)) == (
        duty.discharged_at is not None
    )
    assert duty.state is DutyState.CANCELLED or (duty.lapse is not None) == (
        duty.state in (DutyState.LAPSED, DutyState.LAPSED_DISCHARGED)
    )
    if duty.state is DutyState.DISCHARGED:
        assert duty.discharged_at is not None
        assert duty.discharged_at <= duty.due_at, "in time means on or before the limit"
    if not duty.is_owed:
        assert next_clock(duty) is None
        assert (duty.reminders, duty.overdue, duty.paused_at, duty.snoozed_until) == ((), (), None, None), (
            "what has ended rings nobody"
        )


def _may_become(before: DutyState, after: DutyState) -> bool:
    """By the table, in any number of moves."""
    reached = {before}
    for _ in states.DUTY:
        reached |= {to for (state, _), to in states.DUTY.items() if state in reached}
    return after in reached


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_what_lapsed_is_told_once_and_only_then(seed: int) -> None:
    history = played(seed)
    told = Counter(effect.duty for effect in history.all_effects(EffectKind.LAPSED))
    assert set(told.values()) <= {1}
    assert set(told) == {duty.id for duty in history.now.duties if duty.lapse is not None}


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_once_a_case_has_ended_nothing_is_owed_that_ends_with_it(seed: int) -> None:
    for step in played(seed).steps:
        case = step.after
        if case.status not in ENDED:
            continue
        owed = [duty for duty in case.duties if duty.is_owed]
        assert all(case.status.value not in case.plan_of(duty).until for duty in owed), [
            duty.id for duty in owed
        ]
        assert all(task.state in (TaskState.VERIFIED, TaskState.CANCELLED) for task in case.tasks)
        if step.before is not None and step.before.status not in ENDED:
            assert not owed, "at the end itself nothing at all is"


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_nobody_is_told_without_a_duty_nor_twice_for_the_same_step(seed: int) -> None:
    history = played(seed)
    ids = [notice.id for notice in history.notices()]
    assert len(ids) == len(set(ids))
    for step in history.steps:
        known = {duty.id for duty in step.after.duties}
        for notice in step.decision.notices:
            assert notice.duties or notice.purpose is Purpose.NEWS, "no notice without a duty, but news"
            assert set(notice.duties) <= known
        calls = [(notice.person, notice.purpose) for notice in step.decision.notices]
        assert len(calls) == len(set(calls)), "one call a person, bundling all it is about"


BY_ITSELF = tuple(kind for kind in CASE_ACTS if kind not in (Kind.ESCALATED, Kind.SNOOZED, Kind.REASSIGNED))
"""What people do but having somebody called once more."""


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_the_report_and_the_chain_ring_each_person_once_a_duty(seed: int) -> None:
    history = History(Random(seed), RULES, acts=BY_ITSELF).play(LENGTH)
    rung = Counter(
        (duty, notice.person, notice.purpose)
        for notice in history.notices()
        if notice.purpose in (Purpose.REPORT, Purpose.FALLBACK)
        for duty in notice.duties
    )
    assert set(rung.values()) <= {1}


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_what_must_happen_next_has_its_clock_and_a_clock_fires_once(seed: int) -> None:
    for step in played(seed).steps:
        case, clock = step.after, step.decision.clock
        moments = [at for duty in case.duties if (at := next_clock(duty)) is not None] + [
            one.at for one in case.openings
        ]
        assert case.clock_at == min(moments, default=None)
        before = step.before.clock_at if step.before is not None else None
        if clock is not None:
            assert clock.at == case.clock_at
            assert clock.at is not None or before is not None, "there is nothing to take away"
        elif case.clock_at is None:
            assert before is None or (step.kind is Kind.DUE and before <= step.at), (
                "gone by itself: it has struck"
            )
        else:
            assert case.clock_at == before, "a new moment is armed"
        if step.kind is Kind.DUE:
            _nothing_left_to_do(step)


def _nothing_left_to_do(step: Step) -> None:
    """Of what there was before the clock struck."""
    now = step.decision.about.time
    known = {duty.id for duty in step.before.duties} if step.before else set[str]()
    for duty in step.after.duties:
        at = next_clock(duty)
        assert duty.id not in known or at is None or at > now, f"{duty.id} would strike again for {at}"


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_a_clock_that_strikes_again_changes_nothing(seed: int) -> None:
    history = played(seed)
    for step, following in pairwise(history.steps):
        if (
            step.kind is Kind.DUE
            and following.kind is Kind.DUE
            and following.at == step.at
            and following.struck == step.struck
        ):
            assert following.decision.is_empty


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_a_case_survives_its_own_storage(seed: int) -> None:
    for step in played(seed).steps:
        assert read_case(write_case(step.after)) == step.after


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds, st.sampled_from(list(Level)), st.booleans())
def test_regrading_never_forgives(seed: int, level: Level, sensitive: bool) -> None:
    history = played(seed)
    before = _lapses(history.now)
    for given_level in (level, Level.IV, None, Level.I):
        history.act(Kind.REGRADED, history.minute, level=given_level, sensitive=sensitive, text="x")
        assert before.items() <= _lapses(history.now).items()


def _lapses(case: Case) -> dict[str, object]:
    return {duty.id: duty.lapse.at for duty in case.duties if duty.lapse is not None}


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds)
def test_a_redelivered_fact_is_decided_the_same_on_what_was_stored(seed: int) -> None:
    """`Story.happens` decides each fact twice; here the second time is after a restart, from what the bucket
    holds.
    """
    history = History(Random(seed), RULES)
    history.begin()
    restarted = Story(RULES)
    restarted.case = read_case(write_case(history.now))
    restarted.sequence = history.sequence
    for person in history.chance.sample(history.people, 5):
        one, other = (
            history.acknowledged(person, history.minute),
            restarted.acknowledged(person, history.minute),
        )
        assert (one, history.now) == (other, restarted.now)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from([0.0, 4.0, 6.0, 29.0, 31.0]), st.permutations(range(7)))
def test_in_a_burst_the_order_of_answers_and_failures_does_not_matter(
    minute: float, order: list[int]
) -> None:
    """Everybody answers, or no channel gets through, at one moment: whichever comes first, the same is owed
    and the same are called.
    """
    assert _burst(order, minute) == _burst(list(range(7)), minute)


def _burst(order: list[int], minute: float) -> object:
    story = Story(RULES)
    notices = story.reported(level="II").notices
    story.time_passes(minute)
    facts = [
        *[lambda person=notice.person: story.acknowledged(person, minute) for notice in notices[:3]],
        *[
            lambda notice=notice, channel=channel: story.delivery(
                Kind.FAILED, notice.id, notice.person, channel, minute
            )
            for notice in notices[3:5]
            for channel in notice.channels
        ],
    ]
    for number in order:
        facts[number]()
    owed = [
        (duty.id, duty.state, duty.discharged_at, duty.lapse, duty.taken_by, duty.chain, duty.next_link_at)
        for duty in story.now.duties
    ]
    called = Counter((notice.person, notice.purpose) for notice in story.notices())
    return sorted(owed, key=str), called, story.now.clock_at
