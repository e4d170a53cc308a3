"""The escalator with faults of ours planted in it: `python -m tests.escalator.failing`. What a report or an
act says picks the fault.
"""

from collections.abc import Callable
from typing import Any

from services.escalator.app import build
from services.escalator.deciding import decide, new_case, opening
from services.escalator.settings import EscalatorSettings
from shared.facts import CaseAct, Report
from shared.vocabulary import CASE_ACTS

RULE, NO_CASE, ACT, ANSWER = "a rule fails", "no case can be opened", "the act fails", "the answer fails"


def fails_where(asked: Callable[..., bool], real: Callable[..., Any]) -> Callable[..., Any]:
    def failing(*given: Any, **named: Any) -> Any:
        if asked(*given):
            raise RuntimeError("a planted fault")
        return real(*given, **named)

    return failing


def is_rule(draft: Any, rule: Any, *_: Any) -> bool:
    return draft.case.report.summary == RULE and rule.name == "acknowledge"


def is_act(_: Any, act: CaseAct) -> bool:
    return act.text == ACT


def is_case(report: Report, *_: Any) -> bool:
    return report.summary == NO_CASE


def is_answer(draft: Any, *_: Any) -> bool:
    return draft.case.report.summary == ANSWER


def nothing_more(_: Any, __: CaseAct) -> None:
    """What an act without a handler does."""


def main() -> None:
    opening.open_rule = fails_where(is_rule, opening.open_rule)
    new_case.matter_of = fails_where(is_case, new_case.matter_of)
    for kind in CASE_ACTS:
        decide.HANDLERS[kind] = fails_where(is_act, decide.HANDLERS.get(kind, nothing_more))
    decide.answer = fails_where(is_answer, decide.answer)
    build(EscalatorSettings()).run()


if __name__ == "__main__":
    main()
