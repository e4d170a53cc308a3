"""A gateway that is away is not a person who is dark: what it does not take waits for it, nobody else waits
with it, and the person is tried by their other channels at once.
"""

from fenghuo.gateway_lab import GatewayLab, Mode
from shared.vocabulary import Kind
from tests.lab import Lab, Running, until
from tests.notifier.conftest import start_notifier, webhook_key
from tests.notifier.decisions import Record, a_case, a_notice, decided, record_of


async def test_what_a_gateway_does_not_take_goes_out_when_it_is_back(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    case = a_case()
    gateway.gateway.command("/sms", Mode.FAIL)
    began = gateway.gateway.counters["sms.attempts"]
    await record.decide(decided(case, a_notice(case, person="sun_bing")))
    await until(lambda: gateway.gateway.counters["sms.attempts"] >= began + 8, what="it is tried on and on")
    assert await record.told(case) == [], "no outcome is on record, so the chain waits for its own time"

    gateway.gateway.command("/sms", Mode.OK)
    [fact] = await record.outcomes(case, 1)
    assert (fact.kind, fact.delivery.person) == (Kind.DELIVERED, "sun_bing")
    assert fact.delivery.attempts >= 8


async def test_meanwhile_the_person_hears_of_it_by_whatever_else_they_have(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    case = a_case()
    gateway.gateway.command("/sms", Mode.DROP)
    await record.decide(decided(case, a_notice(case, person="zhao_jia", channels=("sms",))))
    outcomes = await record.outcomes(case, 2)
    assert {fact.delivery.channel for fact in outcomes} == {"voice", "email"}
    assert {fact.kind for fact in outcomes} == {Kind.DELIVERED}
    gateway.gateway.command("/sms", Mode.OK)
    assert {fact.delivery.channel for fact in await record.outcomes(case, 3)} == {"voice", "email", "sms"}


async def test_where_one_of_two_channels_gets_through_no_other_is_taken(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    case = a_case()
    gateway.gateway.command("/sms", Mode.FAIL)
    await record.decide(decided(case, a_notice(case, channels=("sms", "email"))))
    await record.outcomes(case, 1)
    gateway.gateway.command("/sms", Mode.OK)
    outcomes = await record.outcomes(case, 2)
    assert {fact.delivery.channel for fact in outcomes} == {"sms", "email"}


async def test_only_an_answer_about_the_number_itself_fails(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    """The gateway was away; when it is back it says that the number does not exist."""
    case = a_case()
    gateway.gateway.command("/voice", Mode.FAIL)
    await record.decide(decided(case, a_notice(case, person="li_ding", channels=("voice",))))
    attempts = gateway.gateway.counters["voice.attempts"]
    await until(lambda: gateway.gateway.counters["voice.attempts"] >= attempts + 4, what="it waits")
    gateway.gateway.command("/voice", Mode.REFUSE)
    [fact] = await record.outcomes(case, 1)
    assert fact.kind == Kind.FAILED
    assert "422" in (fact.delivery.error or "")
    gateway.gateway.command("/voice", Mode.OK)


async def test_what_waits_keeps_no_other_channel_waiting(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    """More decisions wait for the hanging gateway than may be in work at once."""
    waiting = [a_case() for _ in range(40)]
    gateway.gateway.command("/voice", Mode.DROP)
    for case in waiting:
        await record.decide(decided(case, a_notice(case, person="li_ding", channels=("voice",))))
    case = a_case()
    await record.decide(decided(case, a_notice(case, person="qian_yi", channels=("email",))))
    [fact] = await record.outcomes(case, 1)
    assert fact.kind == Kind.DELIVERED
    gateway.gateway.command("/voice", Mode.OK)
    for case in waiting:
        assert [fact.kind for fact in await record.outcomes(case, 1)] == [Kind.DELIVERED]


async def test_after_a_crash_it_is_still_waited_for(frail_lab: Lab) -> None:
    case = a_case()
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        gateway.gateway.command("/sms", Mode.FAIL)
        first = await start_notifier(frail_lab, gateway)
        await record.decide(decided(case, a_notice(case, person="sun_bing")))
        await until(lambda: gateway.gateway.counters["sms.attempts"] >= 5, what="it waits")
        first.process.kill()
        gateway.gateway.rules.clear()
        await start_notifier(frail_lab, gateway)
        [fact] = await record.outcomes(case, 1)
        assert fact.kind == Kind.DELIVERED
        assert gateway.gateway.counters["sms.accepted"] == 1
