"""A gateway says later what became of a message: signed, about a delivery on record, a fact of its own."""

from datetime import UTC, datetime, timedelta

import httpx2
import orjson
from standardwebhooks import Webhook

from fenghuo.gateway_lab import GatewayLab
from shared.vocabulary import Kind
from tests.lab import Lab, Running, until
from tests.notifier.conftest import webhook_key
from tests.notifier.decisions import Record, a_case, a_notice, decided


def call_back(
    notifier: Running, key: str, channel: str, ahead: timedelta = timedelta(0), **said: str
) -> httpx2.Response:
    """As a gateway sends it whose clock is `ahead` of ours."""
    body, now = orjson.dumps(said), datetime.now(UTC) + ahead
    headers = {
        "webhook-id": "rcpt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(key).sign("rcpt_1", now, body.decode()),
    }
    return httpx2.post(f"{notifier.url}/api/v1/call-backs/{channel}", content=body, headers=headers)


async def test_a_receipt_that_it_never_arrived_is_a_failed_fact_of_its_own(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    case = a_case()
    await record.decide(decided(case, a_notice(case)))
    [delivered] = await record.outcomes(case, 1)
    key = webhook_key(lab)

    def known_by_its_reference() -> bool:
        answer = call_back(
            notifier,
            key,
            "sms",
            reference=delivered.delivery.reference or "",
            outcome="failed",
            error="phone switched off",
        )
        return answer.status_code == 202

    await until(known_by_its_reference, what="the reference is known")
    told = await record.told(case)
    assert [(one.kind, one.id) for one in told] == [
        (Kind.DELIVERED, f"{case}:1:delivered:0"),
        (Kind.FAILED, f"{case}.1.1:sms:receipt:failed"),
    ]
    assert told[1].delivery.error == "phone switched off"


async def test_a_receipt_by_the_webhook_id_counts_once(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    case = a_case()
    await record.decide(decided(case, a_notice(case, channels=("voice",))))
    await record.outcomes(case, 1)
    for _ in range(2):
        answer = call_back(notifier, webhook_key(lab), "voice", id=f"{case}-1-1-voice", outcome="delivered")
        assert answer.status_code == 202, answer.text
    assert len(await record.facts(case, Kind.DELIVERED)) == 2


async def test_a_receipt_of_a_message_that_said_several_counts_for_each(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    """After an outage: else the chains of all but the first would wait for somebody who was never reached."""
    cases = [a_case(), a_case()]
    for case in cases:
        await record.decide(decided(case, a_notice(case, channels=("voice",)), ago=timedelta(minutes=1)))
    for case in cases:
        await record.outcomes(case, 1)
    (message,) = [
        message
        for message in gateway.gateway.messages
        if message.data.get("also") == [f"{case}-1-1-voice" for case in cases]
    ]

    async def told_of_both() -> bool:
        answer = call_back(
            notifier, webhook_key(lab), "voice", id=message.id, outcome="failed", error="nobody answered"
        )
        assert answer.status_code == 202, answer.text
        return all([await record.facts(case, Kind.FAILED) for case in cases])

    await until(told_of_both, what="it failed for both")
    for case in cases:
        told = [one for one in await record.told(case) if one.kind == Kind.FAILED]
        assert [(one.id, one.delivery.error) for one in told] == [
            (f"{case}.1.1:voice:receipt:failed", "nobody answered")
        ]


async def test_what_is_not_signed_or_not_known_is_refused(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
):
    key, stranger = webhook_key(lab), "whsec_" + "A" * 44
    assert call_back(notifier, stranger, "sms", id="x-1-1-sms", outcome="failed").status_code == 401
    unknown = call_back(notifier, key, "sms", id="x-1-1-sms", outcome="failed")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert call_back(notifier, key, "sms", id="../$KV.>", outcome="failed").status_code == 404
    assert call_back(notifier, key, "pigeon", id="x", outcome="failed").status_code == 404
    wrong = call_back(notifier, key, "sms", id="x", outcome="perhaps")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "outcome"


async def test_a_call_back_refused_because_the_gateways_clock_is_off_says_so_and_so_do_metrics_and_readiness(
    notifier: Running, lab: Lab
):
    refused = call_back(notifier, webhook_key(lab), "sms", timedelta(minutes=-7), id="x", outcome="failed")

    assert refused.status_code == 401
    assert "the clock of sms is 42" in refused.json()["detail"]
    metrics = httpx2.get(f"{notifier.url}/metrics").text
    assert 'fenghuo_clock_skew_seconds{against="sms"} -42' in metrics
    assert 'fenghuo_notifier_call_backs_refused_total{channel="sms",reason="clock"} 1.0' in metrics
    assert "the clock of sms" in httpx2.get(f"{notifier.url}/readyz").json()["checks"]["clocks"]
