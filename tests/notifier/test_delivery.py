"""What was decided reaches people, and what became of it is a fact."""

import httpx2

from fenghuo.gateway_lab import GatewayLab, Mode
from fenghuo.gateway_messages import Received
from shared.facts import Purpose
from shared.ids import CaseId, PostId
from shared.vocabulary import Kind, Language, Level, Role
from tests.lab import Lab, Running, until
from tests.notifier.decisions import Record, a_case, a_notice, decided


def to_case(gateway: GatewayLab, case: CaseId) -> list[Received]:
    return [message for message in gateway.gateway.messages if case in message.id]


async def test_a_notice_goes_out_over_every_channel_it_names(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    await record.decide(decided(case, a_notice(case, channels=("voice", "sms", "email"))))
    outcomes = await record.outcomes(case, 3)

    assert {fact.kind for fact in outcomes} == {Kind.DELIVERED}
    assert {fact.source for fact in await record.facts(case, Kind.DELIVERED)} == {"/services/notifier"}
    said = {message.channel: message for message in to_case(gateway, case)}
    assert set(said) == {"voice", "sms", "email"}
    assert said["sms"].text.startswith(
        "【烽火】II级重大事故灾难：望山县，煤矿透水，12人被困。市应急管理局报："
    )
    assert said["sms"].link
    assert said["sms"].text.endswith(said["sms"].link)
    assert "http" not in said["voice"].text
    mail = said["email"]
    assert mail.subject
    assert mail.subject.startswith("【烽火】II级重大事故灾难")
    assert "/a/" in mail.text
    assert mail.html
    assert "/a/" in mail.html
    deliveries = {told.delivery.channel: told.delivery for told in outcomes}
    assert deliveries["sms"].address == "…0101"
    assert deliveries["email"].address == "z…@wangfeng.example"
    assert deliveries["sms"].reference
    assert deliveries["sms"].attempts == 1


async def test_whoever_can_not_open_the_link_hears_which_number_to_ring(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case, desk = a_case(), PostId("party_main")
    notices = [
        a_notice(case, channels=("voice",), desk=desk),
        a_notice(case, number=2, person="li_ding", channels=("voice",), desk=desk),
        a_notice(case, number=3, person="qian_yi", channels=("email",), desk=desk, language=Language.EN),
    ]
    await record.decide(decided(case, *notices))
    await record.outcomes(case, 3)

    texts = "\n".join(message.text for message in to_case(gateway, case))
    assert "或致电值班室。" in texts, "whoever sits at the desk is not sent to their own telephone"
    assert "或致电值班室 0 0 0 0 0 0 0 1 0 1。" in texts
    assert "ring the duty desk on +860000000101." in texts


async def test_the_gateway_sees_a_signature_that_verifies_and_an_id_without_dots(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    await record.decide(decided(case, a_notice(case)))
    await record.outcomes(case, 1)
    [message] = to_case(
        gateway, case
    )  # the gateway lab verifies with the standardwebhooks library before it records
    assert message.id == f"{case}-1-1-sms"
    assert gateway.gateway.counters["sms.unverified"] == 0


async def test_a_gateway_that_recovers_is_reached_in_a_later_attempt(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    gateway.gateway.command("/sms", Mode.FAIL, times=1)
    gateway.gateway.command("zhao.jia", Mode.FAIL, times=1)
    await record.decide(decided(case, a_notice(case, channels=("sms", "email"))))
    outcomes = await record.outcomes(case, 2)
    assert {(fact.kind, fact.delivery.attempts) for fact in outcomes} == {(Kind.DELIVERED, 2)}


async def test_a_refusal_for_good_fails_at_once(notifier: Running, gateway: GatewayLab, record: Record):
    case = a_case()
    gateway.gateway.command("+860000000101", Mode.REFUSE)
    gateway.gateway.command("zhao.jia", Mode.REFUSE)
    await record.decide(decided(case, a_notice(case, channels=("voice", "email"))))
    outcomes = {fact.delivery.channel: fact for fact in await record.outcomes(case, 2)}
    assert {fact.kind for fact in outcomes.values()} == {Kind.FAILED}
    assert {fact.delivery.attempts for fact in outcomes.values()} == {1}
    assert "422" in (outcomes["voice"].delivery.error or "")
    assert "550" in (outcomes["email"].delivery.error or "")
    assert "directory" in (outcomes["email"].delivery.error or "")


async def test_a_notice_that_is_held_goes_to_nobody_and_stands_on_record(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    case = a_case()
    held = a_notice(case, person="sun_bing", number=2, channels=(), held="exercise", exercise=True)
    await record.decide(decided(case, a_notice(case), held))
    [only] = await record.outcomes(case, 1)
    assert only.delivery.person == "zhao_jia"
    assert len(to_case(gateway, case)) == 1
    asked = {"case": case, "outcome": "held"}
    answer = httpx2.get(f"{notifier.url}/api/v1/deliveries", params=asked, headers=lab.bearer(Role.OPERATOR))
    assert answer.json()["deliveries"] == [
        {
            "case": case,
            "outcome": "held",
            "purpose": "report",
            "notice": f"{case}.1.2",
            "person": "sun_bing",
            "held": "exercise",
        }
    ]


async def test_a_second_number_is_rung_when_the_first_is_dead(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    gateway.gateway.command("+860000000103", Mode.REFUSE)
    await record.decide(decided(case, a_notice(case, person="sun_bing")))
    [fact] = await record.outcomes(case, 1)
    assert (fact.kind, fact.delivery.address, fact.delivery.attempts) == (Kind.DELIVERED, "…0203", 2)


async def test_a_person_without_the_channels_is_reached_over_any_they_have(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    await record.decide(decided(case, a_notice(case, person="qian_yi", channels=("voice", "sms"))))
    outcomes = {fact.delivery.channel: fact for fact in await record.outcomes(case, 3)}
    assert outcomes["email"].kind == Kind.DELIVERED
    assert outcomes["voice"].kind == outcomes["sms"].kind == Kind.FAILED
    assert "add one in the directory" in (outcomes["sms"].delivery.error or "")


async def test_a_channel_nobody_configured_fails_and_says_what_to_do(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    stranger = a_notice(case, person="nobody_known", number=2)
    await record.decide(decided(case, a_notice(case, channels=("pigeon", "sms")), stranger))
    outcomes = {
        (str(fact.delivery.person), fact.delivery.channel): fact for fact in await record.outcomes(case, 3)
    }
    assert "FENGHUO_CHANNELS" in (outcomes["zhao_jia", "pigeon"].delivery.error or "")
    assert outcomes["zhao_jia", "sms"].kind == Kind.DELIVERED
    assert "not in the directory" in (outcomes["nobody_known", "sms"].delivery.error or "")


async def test_what_is_handed_over_in_the_same_moment_is_one_fact_and_what_comes_later_another(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    gateway.gateway.command("zhao.jia", Mode.OK, delay=0.5)
    await record.decide(
        decided(
            case,
            a_notice(case, channels=("voice", "sms", "email")),
            a_notice(case, person="sun_bing", number=2),
        )
    )
    told = await record.outcomes(case, 4)
    *together, later = sorted({one.id for one in told})
    assert [one.delivery.channel for one in told if one.id == later] == ["email"]
    assert len(together) < 3, "one as a rule; a busy machine may hand over in two moments"


async def test_a_slow_person_delays_nobody_else(notifier: Running, gateway: GatewayLab, record: Record):
    slow, quick = a_case(), a_case()
    gateway.gateway.command("+860000000104", delay=0.8)
    await record.decide(decided(slow, a_notice(slow, person="li_ding", channels=("voice",))))
    await record.decide(decided(quick, a_notice(quick)))
    [last] = await record.outcomes(slow, 1)
    [first] = await record.outcomes(quick, 1)
    assert first.delivery.done_at < last.delivery.done_at


async def test_a_decision_stored_a_second_time_sends_nothing_twice(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case, after = a_case(), a_case()
    fact = decided(case, a_notice(case, channels=("sms", "email")))
    await record.decide(fact)
    await record.outcomes(case, 2)
    # The broker forgets an id after an hour: here another id stands for the same decision's.
    await record.decide(fact.model_copy(update={"id": f"{fact.id}:beyond-the-dedupe-window"}))
    await record.decide(decided(after, a_notice(after)))
    await record.outcomes(after, 1)
    assert len(to_case(gateway, case)) == 2
    assert gateway.gateway.counters["sms.repeats"] == 0
    assert len(await record.told(case)) == 2


async def test_the_operator_sees_what_became_of_deliveries(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    case = a_case()
    await record.decide(decided(case, a_notice(case, channels=("sms", "pigeon"), purpose=Purpose.REMINDER)))
    await record.outcomes(case, 2)
    async with httpx2.AsyncClient(base_url=notifier.url, headers=lab.bearer(Role.OPERATOR)) as client:

        async def listed() -> list[dict[str, str]]:
            found = (await client.get("/api/v1/deliveries", params={"limit": 2})).json()["deliveries"]
            return found if len(found) == 2 and {one["case"] for one in found} == {case} else []

        await until(listed, what="the newest two deliveries")
        [sms] = (
            await client.get("/api/v1/deliveries", params={"case": case, "outcome": "delivered"})
        ).json()["deliveries"]
        assert (sms["channel"], sms["address"], sms["purpose"]) == ("sms", "…0101", "reminder")
        assert (await client.get("/api/v1/deliveries", params={"case": "x.>"})).status_code == 422
        refused = await client.get("/api/v1/deliveries", headers=lab.bearer(Role.PUBLISHER))
        assert refused.status_code == 403
        metrics = (await client.get("/metrics")).text
    assert 'fenghuo_notifier_deliveries_total{channel="sms",outcome="delivered"}' in metrics
    assert "fenghuo_notifier_fact_to_handover_seconds_bucket" in metrics


async def test_thirty_one_late_units_ring_their_supervisor_once(
    notifier: Running, gateway: GatewayLab, record: Record
) -> None:
    """A campaign's reports lapse in one second: one message that lists them, each with an outcome of its own."""
    cases = [a_case() for _ in range(31)]
    for case in cases:
        late = a_notice(case, purpose=Purpose.OVERDUE, level=Level.III, summary="核查未报送")
        await record.decide(decided(case, late, about=Kind.DUE))
    for case in cases:
        [outcome] = await record.outcomes(case, 1)
        assert outcome.kind == Kind.DELIVERED

    told = [message for message in gateway.gateway.messages if message.data.get("case") in cases]
    assert sum(len(message.data.get("also") or [message.id]) for message in told) == len(cases)
    assert len(told) <= 3, "one; a busy machine may need longer than the moment"
    assert "共有" in told[0].text
