"""Through a running notifier: a provider's receipt comes in as the provider signs it, moves on what it is about, and
nothing else.
"""

import hashlib
import hmac
import time

import httpx2
import orjson

from fenghuo.gateway_lab import GatewayLab
from shared.facts import MessageState
from shared.ids import CaseId
from shared.vocabulary import Kind
from tests.lab import Lab, Running, until
from tests.notifier.channels.scripted import answer, gateway
from tests.notifier.conftest import start_notifier, webhook_key
from tests.notifier.decisions import Record, Told, a_case, a_notice, decided, record_of

KEY = "county-key"


def channels(url: str) -> str:
    return f"""
channels:
  sms:
    kind: http
    gateway: generic
    origin: {url}
    private: true
    secrets: {{ key: sms-key }}
  spare:
    kind: webhook
    url: {url}/spare
    private: true
"""


def call_back(notifier: Running, body: bytes, key: str = KEY, channel: str = "sms") -> httpx2.Response:
    at = str(int(time.time()))
    signature = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Timestamp": at, "X-Signature": f"sha256={signature}"}
    return httpx2.post(
        f"{notifier.url}/api/v1/call-backs/{channel}", content=body, headers=headers, timeout=20
    )


async def test_a_signed_receipt_counts_among_those_of_others_and_a_forged_one_does_not(
    frail_lab: Lab,
) -> None:
    (frail_lab.secrets / "sms-key").write_text(KEY)
    async with (
        gateway(answer({"reference": "r-7"}, "202 Accepted")) as provider,
        GatewayLab(webhook_key(frail_lab)) as lab_gateway,
        frail_lab.connection("admin") as connection,
    ):
        record = await record_of(connection)
        notifier = await start_notifier(frail_lab, lab_gateway, channels(provider.url))
        case = a_case()
        await record.decide(decided(case, a_notice(case, person="sun_bing")))
        [told] = await record.outcomes(case, 1)
        assert (told.delivery.reference, told.delivery.reply, told.delivery.state) == ("r-7", "202", None)
        about = f"{case}-1-1-sms"

        off = orjson.dumps({"id": about, "outcome": "failed", "error": "用户关机"})
        assert call_back(notifier, off, key="another").status_code == 401
        on_its_way = orjson.dumps({"id": about, "outcome": "queued"})
        assert call_back(notifier, on_its_way).status_code == 202
        unknown = orjson.dumps({"id": "01KB0000000000000000000000-9-9-sms", "outcome": "failed"})
        assert call_back(notifier, unknown).status_code == 404
        assert len(await record.told(case)) == 1, "nothing so far"

        several = b"[" + unknown + b"," + off + b"]"
        assert call_back(notifier, several).status_code == 202
        lost = await until(lambda: _second(record, case), what="it is told")
        assert lost
        assert (lost.kind, lost.delivery.state, lost.delivery.error) == (
            Kind.FAILED,
            MessageState.UNDELIVERED,
            "failed 用户关机",
        )
        assert call_back(notifier, off).status_code == 202
        assert len(await record.told(case)) == 2, "once"

        began = time.monotonic()
        many = b"[" + b",".join([unknown] * 100) + b"]"
        assert call_back(notifier, many).status_code == 404
        assert time.monotonic() - began < 5, "what is not ours is not waited for a hundred times"


async def _second(record: Record, case: str) -> Told | None:
    told = await record.told(CaseId(case))
    return told[1] if len(told) > 1 else None
