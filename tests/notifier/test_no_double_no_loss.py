"""Whatever dies in between: nobody is forgotten, no outcome stands twice in FACTS, and doubles are as rare as
they can be.
"""

from collections import Counter
from datetime import UTC, datetime

from fenghuo.gateway_lab import GatewayLab, Mode
from services.notifier.delivery.record import DeliveryOutcome, DeliveryRecord, Sheet
from shared.facts import Delivery
from shared.ids import CaseId, NoticeId, PersonId
from shared.streams import FACTS, NOTIFIER_DURABLE, declare
from shared.vocabulary import Kind
from tests.durables import is_worked_off
from tests.lab import Lab, Running, until
from tests.notifier.conftest import start_notifier, webhook_key
from tests.notifier.decisions import a_case, a_notice, decided, record_of

OUTCOMES = (Kind.DELIVERED, Kind.FAILED)


async def test_killed_in_the_middle_every_notice_is_delivered_and_each_fact_stands_once(frail_lab: Lab):
    cases = [a_case() for _ in range(40)]
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        gateway.gateway.command("/sms", delay=0.05)
        first = await start_notifier(frail_lab, gateway)
        for number, case in enumerate(cases):
            await record.decide(decided(case, a_notice(case, channels=("sms", "email"))))
            if number == len(cases) // 2:  # the others lie there when it is gone
                await until(
                    lambda: gateway.gateway.counters["sms.accepted"] >= 5, what="deliveries are under way"
                )
                first.kill()
        before = gateway.gateway.counters["sms.attempts"] + gateway.gateway.counters["email.attempts"]
        assert before < 80
        second = await start_notifier(frail_lab, gateway)
        for case in cases:
            # What the killed one held comes back when its ack_wait has passed.
            await record.outcomes(case, 2, seconds=45)
        assert second.stop() == 0
        stored = [
            (told.delivery.notice, told.delivery.channel)
            for case in cases
            for told in await record.told(case)
        ]
        took = Counter(message.id for message in gateway.gateway.messages if message.channel == "sms")
    assert Counter(stored) == {(f"{case}.1.1", channel): 1 for case in cases for channel in ("sms", "email")}
    assert set(took) == {f"{case}-1-1-sms" for case in cases}
    assert set(took.values()) == {1}, "a gateway that keeps the ids it has seen calls nobody twice"


async def test_stopped_in_a_back_off_it_hands_the_decision_back_and_the_next_one_delivers(frail_lab: Lab):
    case = a_case()
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        gateway.gateway.command("/sms", Mode.FAIL)
        first = await start_notifier(frail_lab, gateway)
        await record.decide(decided(case, a_notice(case, channels=("sms", "email"))))
        await until(lambda: gateway.gateway.counters["sms.attempts"], what="the first attempt")
        await until(lambda: gateway.gateway.counters["email.accepted"], what="the mail")
        assert first.stop() == 0
        assert [told.delivery.channel for told in await record.told(case)] == ["email"]
        gateway.gateway.rules.clear()
        await start_notifier(frail_lab, gateway)
        await record.outcomes(case, 2)
        assert gateway.gateway.counters["email.accepted"] == 1
        assert gateway.gateway.counters["email.repeats"] == 0


async def test_the_broker_is_restarted_under_it(frail_lab: Lab):
    before, during, after = a_case(), a_case(), a_case()
    async with GatewayLab(webhook_key(frail_lab)) as gateway:
        notifier = await start_notifier(frail_lab, gateway)
        async with frail_lab.connection("admin") as connection:
            record = await record_of(connection)
            await record.decide(decided(before, a_notice(before)))
            await record.outcomes(before, 1)
            gateway.gateway.command("/sms", delay=0.5)
            await record.decide(decided(during, a_notice(during)))
            await until(
                lambda: gateway.gateway.counters["sms.attempts"] >= 2, what="the second is being handed over"
            )
            frail_lab.kill_nats()
            await until(
                lambda: gateway.gateway.counters["sms.accepted"] >= 2,
                what="handed over while the broker is away",
            )
            assert not notifier.is_ready()
            frail_lab.start_nats()
        gateway.gateway.rules.clear()
        async with frail_lab.connection("admin") as connection:
            record.js = connection.jetstream(timeout=30)
            await record.outcomes(during, 1)
            await record.decide(decided(after, a_notice(after)))
            await record.outcomes(after, 1)
            await until(notifier.is_ready, what="ready again")
            assert 3 <= gateway.gateway.counters["sms.attempts"] <= 3 + tried_again(notifier)
            assert len(await record.facts(during, *OUTCOMES)) == 1


async def test_a_durable_made_anew_hands_out_everything_again_and_nobody_is_called_twice(frail_lab: Lab):
    cases = [a_case() for _ in range(5)]
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        notifier = await start_notifier(frail_lab, gateway)
        for case in cases:
            await record.decide(decided(case, a_notice(case)))
        for case in cases:
            await record.outcomes(case, 1)
        await connection.jetstream().delete_consumer(FACTS, NOTIFIER_DURABLE)
        await declare(connection.jetstream())
        last = a_case()
        await record.decide(decided(last, a_notice(last)))
        await record.outcomes(last, 1)

        js = connection.jetstream()
        await until(lambda: is_worked_off(js, FACTS, NOTIFIER_DURABLE), what="everything handed out again")
        assert 6 <= gateway.gateway.counters["sms.attempts"] <= 6 + tried_again(notifier)


def tried_again(notifier: Running) -> int:
    """Attempts that came to nothing, at the gateway or before: a busy machine may pass the time limit."""
    return notifier.log.read_text().count('"attempt_failed"')


def test_of_two_notifiers_that_had_the_same_decision_the_first_says_what_became_of_it() -> None:
    def done(notice: str, attempts: int) -> DeliveryRecord:
        now = datetime(2026, 11, 30, tzinfo=UTC)
        delivery = Delivery(
            notice=NoticeId(notice),
            person=PersonId("zhao_jia"),
            channel="sms",
            address="…0001",
            attempts=attempts,
            first_tried_at=now,
            done_at=now,
        )
        return DeliveryRecord(outcome=DeliveryOutcome.DELIVERED, delivery=delivery)

    empty = Sheet(case=CaseId("C"), decision="C:7", matters={})
    first = empty.with_bundle([done("C.7.0", 1)])
    assert first.with_bundle([done("C.7.0", 2)]) is first
    both = first.with_bundle([done("C.7.1", 2), done("C.7.0", 2)])
    assert [[one.delivery.notice for one in bundle] for bundle in both.bundles] == [["C.7.0"], ["C.7.1"]]
