"""No roll call disturbs those who handle an emergency: which ones are being handled is known at once of what this
process has decided, and of the rest by the independent check.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from services.escalator.lanes.grave_cases import GraveCases
from services.escalator.lanes.rulebook import RuleBook
from services.escalator.self_check.watch_repair import case_seen
from shared.case import Case, CaseStatus, write_case
from shared.facts import Decision, Effect, EffectKind, Reason
from shared.ids import CaseId
from shared.vocabulary import Level
from tests.stories.stage import Stage

OTHER = CaseId("01KB0000000000000000000009")


def case_of(level: Level | None, **more: Any) -> Case:
    stage = Stage()
    return stage.case(stage.report(level=level, **more))


@pytest.mark.parametrize(
    ("case", "is_grave"),
    [
        (case_of(Level.II), True),
        (case_of(Level.III), False),
        (case_of(None), False),
        (case_of(Level.I, exercise=True), False),
        (replace(case_of(Level.I), status=CaseStatus.RESOLVED), False),
    ],
)
def test_an_emergency_counts_while_it_is_handled_and_the_check_sees_the_same(
    case: Case, is_grave: bool
) -> None:
    cases = GraveCases()
    cases.saw(case)
    assert cases.first() == (case.id if is_grave else None)
    assert case_seen(write_case(case)).is_grave is is_grave


def test_what_was_decided_here_counts_more_than_what_the_check_saw_before() -> None:
    case = case_of(Level.II)
    cases = GraveCases(lambda: (case.id, OTHER))
    cases.saw(case)
    cases.saw(replace(case, status=CaseStatus.CLOSED))
    assert cases.first() == OTHER
    assert GraveCases(lambda: (OTHER,)).first() == OTHER
    assert GraveCases().first() is None


def test_a_case_made_again_from_the_record_was_put_off_by_the_same_emergency() -> None:
    stage = Stage()
    decision = stage.case(stage.report()).decision
    put_off = Effect(kind=EffectKind.NOTED, why=Reason.ROLL_CALL_PUT_OFF, case=OTHER)
    book = RuleBook.__new__(RuleBook)
    assert _then(book, stage, replace(decision, effects=(put_off,))) == OTHER
    assert _then(book, stage, decision) is None


def _then(book: RuleBook, stage: Stage, decision: Decision) -> CaseId | None:
    book._policy = lambda label: stage.policy  # pyright: ignore[reportPrivateUsage]
    return book.rules_then(decision, stage.directory).grave_case
