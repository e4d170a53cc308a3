"""A decision is on record, and its notices go out, also where somebody stored a forgery under its id
beforehand.
"""

from datetime import UTC, datetime

from services.escalator.lanes.lane import no_step
from services.escalator.lanes.outgoing import Outgoings
from shared.broker.exchange import Exchange
from shared.facts import About, Decision, Effect, EffectKind
from shared.ids import case_id_at
from shared.subjects import fact_subject
from shared.vocabulary import Kind
from tests.escalator.wire import facts_of
from tests.lab import Lab


async def test_a_decision_is_not_swallowed_by_a_forgery_under_its_id(lab: Lab) -> None:
    now = datetime.now(UTC)
    case = case_id_at(now)
    about = About(id="f1", kind=Kind.REPORTED, sequence=7, time=now)
    decision = Decision(
        case=case, about=about, policy="p", effects=(Effect(kind=EffectKind.OPENED, why="rule"),)
    )
    async with (
        lab.connection("escalator") as escalator,
        lab.connection("audit") as audit,
        lab.connection("admin") as admin,
    ):
        headers = {"Nats-Msg-Id": f"{case}:7", "Nats-Expected-Stream": "FACTS"}
        await audit.jetstream().publish(fact_subject(case, Kind.READ), b"{}", headers=headers)
        exchange = Exchange(lambda: escalator)
        await exchange.open()
        outgoings = Outgoings(exchange)
        await outgoings.send(decision, no_step)
        (said,) = await facts_of(admin, case, Kind.DECIDED)
        assert said[1].id.startswith(f"{case}:7:")
        # A decision that was said before is not said again.
        other = Decision(
            case=case,
            about=About(id="f2", kind=Kind.REPORTED, sequence=8, time=now),
            policy="p",
            effects=decision.effects,
        )
        await outgoings.send(other, no_step)
        await outgoings.send(other, no_step)
        assert [fact.id for _, fact in await facts_of(admin, case, Kind.DECIDED)][1:] == [f"{case}:8"]
