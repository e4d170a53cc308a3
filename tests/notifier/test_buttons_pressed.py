"""Through a running notifier: a card goes out, its button answers for whoever it was sent to and for nobody else."""

from datetime import UTC, datetime

import httpx2
import orjson

from fenghuo.gateway_lab import GatewayLab
from shared.vocabulary import Kind
from tests.lab import Lab, Running, until
from tests.notifier.channels.scripted import Heard, answer, gateway
from tests.notifier.conftest import start_notifier, webhook_key
from tests.notifier.decisions import a_case, a_notice, decided, record_of
from tests.notifier.pressing import feishu_press

KEY, TOKEN = "a key", "a token"
TAKEN = answer(
    {"code": 0, "tenant_access_token": "t", "expire": 7200, "data": {"message_id": "om_1"}, "msg": "ok"}
)


def channels(url: str) -> str:
    return f"""
channels:
  sms:
    kind: http
    gateway: feishu_app
    origin: {url}
    private: true
    replies: true
    with: {{ app: cli_a1, addressed_by: user_id }}
    secrets: {{ key: feishu, encrypt_key: feishu-encrypt, verification_token: feishu-token }}
"""


def press(notifier: Running, message: str, user: str, event: str) -> httpx2.Response:
    headers, body = feishu_press(message, "1", user, key=KEY, token=TOKEN, at=datetime.now(UTC), event=event)
    url = f"{notifier.url}/api/v1/call-backs/sms"
    return httpx2.post(url, content=body, headers=headers, timeout=20)


async def test_a_button_answers_for_its_person_once_and_for_nobody_else(frail_lab: Lab) -> None:
    for name, secret in (("feishu", "s"), ("feishu-encrypt", KEY), ("feishu-token", TOKEN)):
        (frail_lab.secrets / name).write_text(secret)
    async with (
        gateway(TAKEN) as feishu,
        GatewayLab(webhook_key(frail_lab)) as lab_gateway,
        frail_lab.connection("admin") as connection,
    ):
        record = await record_of(connection)
        notifier = await start_notifier(frail_lab, lab_gateway, channels(feishu.url))
        case = a_case()
        await record.decide(decided(case, a_notice(case, person="sun_bing")))
        cards = await until(lambda: [heard for heard in feishu.heard if b"interactive" in heard.body])
        message, labels = offered(cards[0])
        assert labels == ["知道了", "请找下一位", "请来电", "打开全文"]
        await record.outcomes(case, 1)

        stranger = press(notifier, message, "somebody_else", "e-1")
        assert stranger.status_code == 200
        assert not await record.facts(case, Kind.ACKNOWLEDGED)
        for _ in range(2):
            pressed = press(notifier, message, "+860000000103", "e-2")
            assert pressed.status_code == 200, pressed.text
            assert pressed.json()["toast"]["content"].startswith("【烽火】")
        [known] = await record.facts(case, Kind.ACKNOWLEDGED)
        assert known.data["via"] == "message"
        assert httpx2.get(f"{notifier.url}/api/v1/call-backs/sms?echostr=x").status_code in (401, 405, 422)
        assert notifier.stop() == 0


def offered(heard: Heard) -> tuple[str, list[str]]:
    buttons = orjson.loads(heard.json["content"])["elements"][1]["actions"]
    return buttons[0]["value"]["message"], [button["text"]["content"] for button in buttons]
