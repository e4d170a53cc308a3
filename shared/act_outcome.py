"""What became of an act, for whoever tells the person who did it: intake over HTTP and on the desk, the
notifier behind a link.

Invariant: nothing is claimed that was not seen. The escalator's decision on the act says what became of it;
where the case has gone on since, the record is asked for that decision. An act on which nothing is known yet
is `recorded`, and no more than that.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from nats.aio.client import Client

from shared.facts import Decision, Effect, EffectKind, Fact, Reason, read_decision
from shared.facts.aside import aside_id
from shared.ids import CaseId
from shared.on_record import on_record
from shared.subjects import fact_subject
from shared.vocabulary import Kind


class ActOutcome(StrEnum):
    APPLIED = "applied"
    REFUSED = "refused"
    """On record, but it changed nothing; the REFUSED effect says why."""
    SET_ASIDE = "set_aside"
    """On record, but a fault of the system kept it from being decided on: nothing has changed by it. The
    effect says why.
    """
    WAITS = "waits"
    """On record, and waits for a second person: nothing has changed by it yet."""
    RECORDED = "recorded"
    """On record; the decision on it is not known yet."""


class Became(NamedTuple):
    outcome: ActOutcome
    effects: tuple[Effect, ...] = ()

    @property
    def refusal(self) -> Effect | None:
        """The effect that says why nothing has changed."""
        return next((effect for effect in self.effects if effect.kind is EffectKind.REFUSED), None)


NOT_KNOWN_YET = Became(ActOutcome.RECORDED)


def became_by(decision: Decision) -> Became:
    """What the decision on the act made of it. Pure."""
    kinds = {effect.kind for effect in decision.effects}
    if any(effect.why == Reason.ACT_SET_ASIDE for effect in decision.effects):
        outcome = ActOutcome.SET_ASIDE
    elif EffectKind.REFUSED in kinds:
        outcome = ActOutcome.REFUSED
    else:
        outcome = ActOutcome.WAITS if EffectKind.WAITS in kinds else ActOutcome.APPLIED
    return Became(outcome, decision.effects)


async def became_on_record(
    connection: Callable[[], Client], case: CaseId, sequence: int, at: datetime
) -> Became:
    """Of the act stored at `sequence`, at the broker's time `at`: the case shows a later decision, or none.

    Raises NatsError, WalkError, TimeoutError or OSError where the broker does not answer.
    """
    decided = await on_record(connection, fact_subject(case, Kind.DECIDED), f"{case}:{sequence}", at)
    if decided is not None:
        return became_by(read_decision(Fact.read(decided.data).data))
    aside = await on_record(connection, fact_subject(case, Kind.REJECTED), aside_id(sequence), at)
    if aside is not None:
        reason = str(Fact.read(aside.data).data.get("reason"))
        return Became(
            ActOutcome.SET_ASIDE, (Effect(kind=EffectKind.REFUSED, why=Reason.ACT_SET_ASIDE, note=reason),)
        )
    return NOT_KNOWN_YET
