"""Through the running system: the SMS provider takes nothing, and the next gateway of the channel carries every
message within a second, each once; whoever runs the system is rung once, by telephone, and once when it is over. Rows 18, 19.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_lab import Mode
from fenghuo.gateway_messages import Received
from shared.ids import PostId
from shared.vocabulary import Language, Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.notifier.conftest import CHANNELS
from tests.stories.live import Live, live_in
from tests.stories.plain_words import faults_in

UNIT = "shaquan_government"
FIVE = ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu")
SPARE = """
  sms_spare:
    kind: webhook
    url: ${FENGHUO_GATEWAY_URL}/chat
    private: true
    timeout: PT1S
"""
"""The lab's third door stands for another provider."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two_gateways(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    folder: Path = tmp_path_factory.mktemp("next-gateway")
    with_next = CHANNELS.replace("/sms\n", "/sms\n    instead: sms_spare\n")
    assert "instead" in with_next
    async with live_in(folder, with_next + SPARE) as one:
        yield one


async def test_the_next_gateway_carries_and_the_operator_is_rung(two_gateways: Live) -> None:
    live, gateway = two_gateways, two_gateways.gateway.gateway
    operator = example_directory().holder_of(PostId("emergency_duty"), datetime.now(UTC))
    number = next(entry.address for entry in operator.channels if entry.channel == "voice")

    def told_operator(word: str) -> list[Received]:
        return [m for m in gateway.messages if m.to == number and m.channel == "voice" and word in m.text]

    gateway.command("/sms", Mode.FAIL)
    case = await live.report(UNIT, level="II", area="620621", summary="加油站爆燃")
    by_spare = await until(
        lambda: [m for m in gateway.messages if m.channel == "chat" and m.data["case"] == case][5:],
        what="the five are written to by the next gateway",
    )
    assert by_spare
    assert all(m.data["channel"] == "sms" for m in by_spare), "it is a text message all the same"
    for message in by_spare:
        tries = [attempt for attempt in gateway.attempts if attempt.id == message.id]
        refused = [attempt.at for attempt in tries if attempt.channel == "sms"]
        taken = [attempt.at for attempt in tries if attempt.channel == "chat"]
        assert len(taken) == 1, "once"
        assert not refused or taken[0] - refused[0] < 1.0
    assert not [m for m in gateway.messages if m.channel == "sms" and m.data.get("case") == case]

    (rung,) = await until(lambda: told_operator("网关故障"), seconds=30, what="the operator is rung") or []
    assert "短信网关（共2个中的第1个）自" in rung.text
    assert "消息已改由下一个网关发出" in rung.text
    assert "请检查网关和网络" in rung.text
    assert not faults_in(rung.text, Language.ZH)

    page = await live.desk(f"/cases/{case}", "emergency_office", person="zhang_lai")
    assert "已交网关" in page
    sheet = await _deliveries(live, case)
    assert {line["gateway"] for line in sheet if line["channel"] == "sms"} == {"sms_spare"}
    assert {line["reply"] for line in sheet if line["channel"] == "sms"} == {"202"}

    gateway.command("/sms", Mode.OK)

    async def is_taken() -> bool:
        another = await live.report(UNIT, level="II", area="620621", summary="又一起")
        written = await until(
            lambda: [
                m for m in gateway.messages if m.channel in ("sms", "chat") and m.data.get("case") == another
            ],
            what="it is written about",
        )
        return any(m.channel == "sms" for m in written or [])

    await until(is_taken, seconds=60, what="the first gateway takes messages again")
    (over,) = await until(lambda: told_operator("网关恢复"), seconds=30, what="it is over") or []
    assert "您无需操作" in over.text
    assert not faults_in(over.text, Language.ZH)
    assert len(told_operator("网关故障")) == 1, "once a trouble"


async def _deliveries(live: Live, case: str) -> list[dict[str, str]]:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(
            f"{live.notifier}/api/v1/deliveries",
            params={"case": case},
            headers=live.lab.bearer(Role.OPERATOR),
        )
    assert answer.status_code == 200, answer.text
    return [line for line in answer.json()["deliveries"] if line["outcome"] == "delivered"]
