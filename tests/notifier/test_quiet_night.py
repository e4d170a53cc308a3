"""What only tells waits for the end of somebody's quiet hours, on record and through a restart, and comes
then as one message; what is grave rings.
"""

import re

import httpx2

from fenghuo.gateway_lab import GatewayLab
from shared.facts import MessageState, Purpose
from shared.ids import CaseId
from shared.streams import FACTS, NOTIFIER_DURABLE
from shared.vocabulary import Kind, Level, Role
from tests.lab import Lab, Running, until
from tests.notifier.conftest import DIRECTORY, start_notifier
from tests.notifier.decisions import Record, a_case, a_notice, decided

PERSON = "wu_ye"


def told_of(gateway: GatewayLab, cases: list[CaseId]) -> list[str]:
    return [message.text for message in gateway.gateway.messages if message.data.get("case") in cases]


async def test_a_quiet_night(notifier: Running, gateway: GatewayLab, record: Record, lab: Lab) -> None:
    cases, grave = [a_case() for _ in range(3)], a_case()
    for case in cases:
        news = a_notice(case, person=PERSON, purpose=Purpose.NEWS, level=Level.III, due_at=None)
        await record.decide(decided(case, news))
    await record.decide(decided(grave, a_notice(grave, person=PERSON, level=Level.I)))
    [rung] = await record.outcomes(grave, 1)
    assert rung.kind == Kind.DELIVERED
    for case in cases:
        [kept] = await record.outcomes(case, 1)
        assert kept.kind == Kind.FAILED
        assert kept.delivery.state is MessageState.KEPT
        assert kept.delivery.until is not None
        assert kept.delivery.attempts == 0
    assert not told_of(gateway, cases)
    await until(lambda: _kept(notifier, 3), what="both see it")
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        listed = (await client.get("/api/v1/kept", headers=lab.bearer(Role.OPERATOR))).json()
        assert (await client.get("/api/v1/kept", headers=lab.bearer(Role.PUBLISHER))).status_code == 403
    assert {message["case"] for message in listed["messages"]} == set(cases)
    assert {message["name"]["zh"] for message in listed["messages"]} == {"吴夜"}

    async def nothing_is_held() -> bool:
        return (await record.js.consumer_info(FACTS, NOTIFIER_DURABLE)).num_ack_pending == 0

    await until(nothing_is_held, what="no decision waits at the broker")

    morning = lab.folder / "morning.yaml"
    morning.write_text(re.sub(r"    quiet: .*\n", "", DIRECTORY), encoding="utf-8")
    second = await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(morning))
    for case in cases:
        _, came = await record.outcomes(case, 2)
        assert came.kind == Kind.DELIVERED
    [digest] = told_of(gateway, cases)
    assert digest.startswith("【烽火】免打扰时段内留存 3 项")
    await until(lambda: _kept(notifier, 0), what="nothing is kept any more")
    for case in cases:
        assert len(await record.told(case)) == 2, "once kept, once handed over"
    assert second.stop() == 0
    lab.services.remove(second)


async def test_who_wants_quiet_on_one_channel_alone_keeps_nobody_else_from_being_told(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    """They could be told by mail as well: what is kept needs no other way."""
    case = a_case()
    news = [
        a_notice(case, person=person, number=number, purpose=Purpose.NEWS, level=Level.III, due_at=None)
        for number, person in enumerate(("zheng_ye", "sun_bing"), 1)
    ]
    await record.decide(decided(case, *news))
    told = {str(each.delivery.person): each for each in await record.outcomes(case, 2)}
    assert told["zheng_ye"].delivery.state is MessageState.KEPT
    assert told["sun_bing"].kind == Kind.DELIVERED


async def _kept(notifier: Running, many: int) -> bool:
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        text = (await client.get("/metrics")).text
    return f"fenghuo_notifier_kept_in_quiet_hours {float(many)}" in text
