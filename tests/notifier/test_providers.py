"""Through a running notifier: what a provider took is on record with its reference, and a number it refuses, an
error inside a 200 and an outage each with what it means.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from shared.vocabulary import Kind
from tests.lab import Lab, Running, lab_in
from tests.notifier.channels.scripted import Scripted, answer, gateway, secret_files
from tests.notifier.conftest import start_notifier
from tests.notifier.decisions import Record, a_case, a_notice, decided, record_of

CHANNELS = """
channels:
  sms:
    kind: http
    gateway: aliyun_sms
    origin: {sms}
    private: true
    with: {{sign_name: 烽火, template: SMS_154950909}}
    secrets: {{key_id: provider_id, key: provider_key}}
    parameters: {{what: "{{words:35}}", key: "{{link_path}}"}}
    retry: {{attempts: 3, first: PT0.1S, jitter: 0}}
  voice:
    kind: http
    gateway: tencent_voice
    origin: {voice}
    private: true
    with: {{region: ap-guangzhou, app: "1400006666", template: "4356"}}
    secrets: {{key_id: provider_id, key: provider_key}}
    parameters: ["{{words:60}}"]
    retry: {{attempts: 3, first: PT0.1S, jitter: 0}}
"""
TAKEN = answer({"Code": "OK", "Message": "OK", "BizId": "9006^0"})
CALLED = answer({"Response": {"SendStatus": {"CallId": "12582bce"}, "RequestId": "r"}})


@dataclass
class Providers:
    sms: Scripted
    voice: Scripted
    notifier: Running
    record: Record
    url: str = ""
    smtp_port: int = 9


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def providers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Providers]:
    async with (
        lab_in(tmp_path_factory.mktemp("providers"), mongo=False) as lab,
        gateway(TAKEN) as sms,
        gateway(CALLED) as voice,
        lab.connection("admin") as connection,
    ):
        yield await _started(lab, sms, voice, await record_of(connection))


async def _started(lab: Lab, sms: Scripted, voice: Scripted, record: Record) -> Providers:
    secret_files(Path(lab.secrets), provider_id="id", provider_key="key")
    channels = CHANNELS.format(sms=sms.url, voice=voice.url)
    places = Providers(sms, voice, notifier=None, record=record)  # pyright: ignore[reportArgumentType]
    places.notifier = await start_notifier(lab, places, channels)
    return places


async def test_what_the_providers_took_is_on_record_with_their_references(providers: Providers) -> None:
    providers.sms.says, providers.voice.says = [TAKEN], [CALLED]
    case = a_case()
    await providers.record.decide(decided(case, a_notice(case, channels=("sms", "voice"))))
    outcomes = {fact.delivery.channel: fact.delivery for fact in await providers.record.outcomes(case, 2)}
    assert (outcomes["sms"].reference, outcomes["voice"].reference) == ("9006^0", "12582bce")
    said = orjson.loads(providers.sms.heard[-1].query["TemplateParam"])
    assert said["what"] == "【烽火】II级重大事故灾难：望山县，煤矿透水，12人被困。市应急管理…"
    assert said["key"].startswith("/a/")
    spoken = providers.voice.heard[-1].json["TemplateParamSet"][0]
    assert "http" not in spoken
    assert len(spoken) <= 60


async def test_a_number_that_both_refuse_is_told_at_once_and_why(providers: Providers) -> None:
    providers.sms.says = [answer({"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "号码不合法"})]
    case = a_case()
    await providers.record.decide(decided(case, a_notice(case, person="sun_bing")))
    [failed] = await providers.record.outcomes(case, 1)
    assert failed.kind == Kind.FAILED
    assert failed.delivery.attempts == 2, "each of the two numbers once"
    assert "isv.MOBILE_NUMBER_ILLEGAL 号码不合法: mend the person's address" in (failed.delivery.error or "")


async def test_an_error_inside_a_200_is_tried_again_where_it_passes(providers: Providers) -> None:
    providers.sms.says = [
        answer({"Code": "isp.SYSTEM_ERROR", "Message": "x"}),
        answer(b"", "503 Busy"),
        TAKEN,
    ]
    case = a_case()
    await providers.record.decide(decided(case, a_notice(case)))
    [delivered] = await providers.record.outcomes(case, 1)
    assert (delivered.kind, delivered.delivery.attempts) == (Kind.DELIVERED, 3)


async def test_an_empty_account_blames_no_number_and_the_sms_goes_once_it_is_filled(
    providers: Providers,
) -> None:
    providers.sms.says = [answer({"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "账户余额不足"})]
    case = a_case()
    await providers.record.decide(decided(case, a_notice(case)))
    [called] = await providers.record.outcomes(case, 1)
    assert (called.kind, called.delivery.channel, called.delivery.reference) == (
        Kind.DELIVERED,
        "voice",
        "12582bce",
    )
    providers.sms.says = [TAKEN]
    outcomes = {fact.delivery.channel: fact for fact in await providers.record.outcomes(case, 2)}
    assert outcomes["sms"].kind == Kind.DELIVERED
    assert outcomes["sms"].delivery.reference == "9006^0"
    log = providers.notifier.log.read_text(encoding="utf-8")
    assert "账户余额不足: see the channel file and the account at the gateway" in log
    assert "+860000000101" not in log
