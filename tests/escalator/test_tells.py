"""Whoever was told of a case hears what is new in it, once; over any history, however its facts fall."""

import os
from dataclasses import replace
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.escalator.deciding.gravity import graver
from shared.case import read_case, write_case
from shared.facts import Actor, Purpose
from shared.ids import PersonId
from shared.vocabulary import Kind
from tests.escalator.builders import Story, default_rules
from tests.escalator.histories import History, Step

EXAMPLES = int(os.environ.get("FENGHUO_EXAMPLES", "60"))
RULES = default_rules()


def _told_before(steps: list[Step]) -> set[PersonId]:
    return {notice.person for step in steps for notice in step.decision.notices}


def _has_risen(step: Step) -> bool:
    before, after = step.before, step.after
    if before is None or (before.level, before.sensitive) == (after.level, after.sensitive):
        return False
    if before.level is after.level:
        return after.sensitive
    return graver(before.level, after.level) is after.level


def _authors(step: Step) -> set[str]:
    by: Actor | None = getattr(step.data, "by", None)
    return {by.who} if by is not None else set()


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_everyone_told_of_a_case_is_told_of_each_regrading_upward(seed: int) -> None:
    steps = History(Random(seed), RULES).play(25).steps
    for number, step in enumerate(steps):
        if _has_risen(step):
            hear = {notice.person for notice in step.decision.notices}
            asker = {step.before.ending.by} if step.before and step.before.ending else set[str]()
            missed = _told_before(steps[:number]) - hear - _authors(step) - asker
            assert not missed, f"{step.kind} at {number}: {missed}"


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_nobody_hears_news_beside_another_notice_of_the_same_decision_nor_of_their_own_act(seed: int) -> None:
    for step in History(Random(seed), RULES).play(25).steps:
        news = [notice.person for notice in step.decision.notices if notice.purpose is Purpose.NEWS]
        others = {notice.person for notice in step.decision.notices if notice.purpose is not Purpose.NEWS}
        assert len(news) == len(set(news))
        assert not others & set(news)
        assert not _authors(step) & set(news)


def test_of_a_case_from_before_it_remembered_them_those_who_were_called_are_told() -> None:
    story = Story(default_rules())
    story.reported()
    old = msgspec.json.decode(write_case(story.now))
    assert old.pop("told")
    story.case = read_case(msgspec.json.encode(old))
    called = {lit.person for duty in story.case.duties for lit in duty.lit}
    decision = story.act(Kind.FOLLOWED_UP, 3, text="已控制")
    assert {notice.person for notice in decision.notices} >= called
    assert set(story.now.told) >= called


def test_a_policy_without_tells_tells_nobody() -> None:
    rules = default_rules()
    document = rules.policy.document.model_copy(update={"tells": {}})
    story = Story(replace(rules, policy=replace(rules.policy, document=document)))
    story.reported()
    assert not story.act(Kind.FOLLOWED_UP, 3, text="已控制").notices
