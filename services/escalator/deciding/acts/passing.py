"""Who is called says that they can't: the next on the chain is called at once.

Invariant: whoever says so has answered, and is never called dark for it; what they owe stays owed, and its
limit runs on. Where nobody is left to be called, the act is refused and says so: somebody must still answer.
"""

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.lighting import light_next, with_lit
from shared.case import Duty
from shared.facts import CaseAct, EffectKind, Reason
from shared.ids import PersonId


def pass_on(draft: Draft, act: CaseAct) -> None:
    who = PersonId(act.by.who)
    theirs = [duty for duty in draft.owed() if act.duty in (None, duty.id) and _rings(duty, who)]
    if not theirs:
        draft.refuse(Reason.WAS_NOT_CALLED, person=who)
        return
    if not any(_has_a_next(duty, who) for duty in theirs):
        draft.refuse(Reason.NOBODY_LEFT_TO_LIGHT, person=who)
        return
    for duty in theirs:
        was_last, passed = duty.lit[-1].person == who, duty
        for lit in duty.lit:
            if lit.person == who and lit.answered_at is None:
                passed = with_lit(draft, passed, replace(lit, passed_at=draft.now))
        draft.on(
            passed, EffectKind.NOTED, Reason.CAN_NOT_ANSWER, person=who, rule=draft.plan_of(duty).chain_rule
        )
        if was_last and passed.next_link_at is not None:
            light_next(draft, passed, Reason.CAN_NOT_ANSWER)


def _rings(duty: Duty, who: PersonId) -> bool:
    return any(lit.person == who and lit.answered_at is None and lit.passed_at is None for lit in duty.lit)


def _has_a_next(duty: Duty, who: PersonId) -> bool:
    """Somebody on the chain, or who was called after them."""
    return bool(duty.chain) or duty.lit[-1].person != who
