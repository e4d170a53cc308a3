"""What holds of any roll calls, however answers, messages, clocks and hands fall, and wherever the escalator dies."""

from datetime import datetime
from random import Random

from hypothesis import given, settings

from services.escalator.deciding.decide import decide
from shared.case import DutyState, read_case, write_case
from shared.case.roll_call import Reach, roll_call_of
from shared.facts import EffectKind, Fact, Notice, Purpose
from shared.ids import CaseId
from shared.standing import own_watch
from shared.vocabulary import Kind, Role
from tests.escalator.test_properties import EXAMPLES, seeds
from tests.stories.stage import Stage

RULE, UNIT = "roll_call", "government"
HARMLESS = frozenset(EffectKind) - {
    EffectKind.LAPSED,
    EffectKind.REFERRED,
    EffectKind.SUSPECTED,
    EffectKind.PROPOSED,
    EffectKind.RAISED,
    EffectKind.DARK,
    EffectKind.REMINDED,
}


def notices(stage: Stage, case: CaseId) -> list[Notice]:
    return [notice for _, notice in stage.notices(case, RULE, Purpose.ROLL_CALL)]


def played(seed: int) -> tuple[Stage, CaseId]:
    """Two months of whatever may happen; the case is read back as it is stored again and again."""
    random, stage = Random(seed), Stage()
    case = stage.watches(RULE, own_watch(RULE, UNIT))
    for _ in range(25):
        sent = notices(stage, case)
        match random.randrange(7):
            case 0 if sent:
                stage.acknowledges(case, random.choice(sent).person)
            case 1 if sent:
                stage.fails(notice := random.choice(sent), random.choice(notice.channels))
            case 2 if sent:
                stage.delivers(notice := random.choice(sent), random.choice(notice.channels))
            case 3:
                stage.tries(
                    case,
                    Kind.ROLL_CALLED,
                    "emergency_office",
                    role=Role.DUTY_OFFICER,
                    text=random.choice((None, "抽查")),
                )
            case 4:
                stage.watches(RULE, own_watch(RULE, UNIT))
            case 5:
                stage.world.cases[case] = read_case(write_case(stage.case(case)))
            case _:
                stage.after(minutes=random.choice((1, 60, 24 * 60, 10 * 24 * 60)))
    return stage, case


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(seeds)
def test_nobody_is_ever_accused(seed: int) -> None:
    stage, case = played(seed)
    assert {effect.kind for decision in stage.decisions(case) for effect in decision.effects} <= HARMLESS
    assert all(duty.lapse is None and duty.state is not DutyState.LAPSED for duty in stage.case(case).duties)
    assert set(stage.world.cases) == {case}, "no other case comes of it: no ledger, no order"


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(seeds)
def test_nobody_is_asked_again_while_there_is_time_to_answer(seed: int) -> None:
    stage, case = played(seed)
    asked_until = dict[str, datetime]()
    for at, notice in stage.notices(case, RULE, Purpose.ROLL_CALL):
        until = asked_until.get(notice.person)
        answered = any(
            effect.kind is EffectKind.DISCHARGED and effect.person == notice.person
            for decision in stage.decisions(case)
            if decision.about.time <= at
            for effect in decision.effects
        )
        assert until is None or at > until or answered, notice.person
        assert notice.brief.due_at is not None
        asked_until[notice.person] = notice.brief.due_at
    made = roll_call_of(stage.case(case))
    people = [one.person for one in made.called] if made is not None else []
    assert len(people) == len(set(people))
    assert made is None or sum(map(len, map(made.of, Reach))) == len(people)


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(seeds)
def test_a_clock_that_comes_again_after_a_crash_asks_nobody_twice(seed: int) -> None:
    random, stage = Random(seed), Stage()
    case = stage.watches(RULE, own_watch(RULE, UNIT))
    stage.after(days=random.choice((17, 18, 19, 48)), hours=random.randrange(12))
    whole = stage.case(case)
    fact = Fact.model_validate({**_due(stage, case), "id": whole.applied.id})
    after, again = decide(whole, fact, stage.world.sequence + 1, whole.applied.at, stage.world.rules)
    assert not again.notices
    assert after.duties == whole.duties


def _due(stage: Stage, case: CaseId) -> dict[str, object]:
    return {
        "source": "/virtual",
        "type": f"cn.fenghuo.{Kind.DUE}.v1",
        "subject": case,
        "time": stage.case(case).applied.at,
        "data": {"at": stage.case(case).applied.at},
    }
