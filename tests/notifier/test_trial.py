"""Every way to a person is tried on demand, and what came of each is said."""

import httpx2
import pytest

from fenghuo.gateway_lab import GatewayLab, Mode
from shared.vocabulary import Language, Role
from tests.lab import Lab, Running
from tests.stories.plain_words import faults_in


async def tried(notifier: Running, lab: Lab, person: str, role: Role = Role.OPERATOR) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=notifier.url, timeout=30) as client:
        return await client.post("/api/v1/reach-trials", json={"person": person}, headers=lab.bearer(role))


async def test_each_channel_gets_a_message_that_says_nothing_has_happened(
    notifier: Running, gateway: GatewayLab, lab: Lab
) -> None:
    answer = await tried(notifier, lab, "zhao_jia")
    assert answer.status_code == 200, answer.text
    ways = {way["channel"]: way for way in answer.json()["ways"]}
    assert list(ways) == ["voice", "sms", "email"], "in the person's own order"
    assert all(way["handed_over"] for way in ways.values()), ways
    assert ways["sms"]["address"] == "…0101", "masked, as everywhere"
    assert ways["sms"]["reference"]
    received = {
        message.channel: message for message in gateway.gateway.messages if message.id.startswith("test-")
    }
    assert set(received) >= {"voice", "sms"}
    for message in received.values():
        assert "测试" in message.text
        assert "无须" in message.text
        assert not faults_in(message.text, Language.ZH), message.text
        assert "/a/" not in message.text, "there is nothing to answer"


async def test_a_way_that_fails_says_whose_trouble_it_is(
    notifier: Running, gateway: GatewayLab, lab: Lab
) -> None:
    gateway.gateway.command("+860000000104", Mode.REFUSE, times=1)
    (way,) = (await tried(notifier, lab, "li_ding")).json()["ways"]
    assert not way["handed_over"]
    assert way["trouble"] == "address"
    assert way["error"]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PUBLISHER])
async def test_only_the_operator_has_people_tried(notifier: Running, lab: Lab, role: Role) -> None:
    assert (await tried(notifier, lab, "zhao_jia", role)).status_code == 403


async def test_nobody_is_tried_who_is_not_in_the_directory(notifier: Running, lab: Lab) -> None:
    answer = await tried(notifier, lab, "nobody")
    assert answer.status_code == 422
    assert "nobody is not in the directory" in answer.json()["detail"]
    assert (await tried(notifier, lab, "x" * 65)).status_code == 422
