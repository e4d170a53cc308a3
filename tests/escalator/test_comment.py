"""A comment is noted and moves nothing: whatever the case, whenever it is said."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.escalator.playing.world import handed_over_at_once
from shared.case import ENDED, DutyState
from shared.facts import Actor, EffectKind
from shared.ids import UnitId
from shared.vocabulary import Kind, Role
from tests.escalator.builders import Story, default_rules
from tests.escalator.histories import History

UNIT = "wangshan_info_centre"
RULES = default_rules()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_comment_changes_nothing_of_a_case_whatever_has_happened_to_it(seed: int) -> None:
    history = History(Random(seed), RULES).play(15)
    before, now = history.now, history.minute
    decision = history.act(Kind.COMMENTED, now, unit="emergency_office", text="家属已到场")
    after = history.now
    (effect,) = decision.effects
    assert (effect.kind, effect.why, effect.note) == (EffectKind.NOTED, "commented", "家属已到场")
    assert (decision.notices, decision.clock, decision.sends) == ((), None, ())
    on_record = {name: getattr(before, name) for name in ("log", "applied", "taken", "decision")}
    assert replace(after, **on_record) == handed_over_at_once(before)
    assert (after.log[-1].kind, after.log[-1].text) == (Kind.COMMENTED, "家属已到场")


def test_a_comment_lets_no_limit_pass_that_no_clock_has_struck_for_yet() -> None:
    story = Story()
    story.reported()
    story.act(Kind.COMMENTED, 24 * 60, unit=UNIT, text="补记")
    assert {duty.state for duty in story.now.duties} == {DutyState.OPEN}


def test_a_comment_by_the_unit_that_a_witness_named_takes_nothing_up() -> None:
    story = Story()
    story.reported(unit=UNIT, by=Actor(principal="x", role=Role.REPORTER, unit=UnitId("fire_rescue")))
    story.act(Kind.COMMENTED, 1, unit=UNIT, text="补记")
    assert story.now.report.witness
    story.act(Kind.PROGRESSED, 2, unit=UNIT, text="正在处置")
    assert not story.now.report.witness


def test_a_case_that_has_ended_may_still_be_commented_on_and_a_stranger_may_not() -> None:
    story = Story()
    story.reported(level=None)
    story.act(Kind.CLOSED, 1, unit=UNIT, text="已办结")
    assert story.now.status in ENDED
    allowed = story.act(Kind.COMMENTED, 2, unit=UNIT, text="补记")
    refused = story.act(Kind.COMMENTED, 3, role=Role.AUDITOR, text="补记")
    assert [effect.kind for effect in (*allowed.effects, *refused.effects)] == [
        EffectKind.NOTED,
        EffectKind.REFUSED,
    ]
