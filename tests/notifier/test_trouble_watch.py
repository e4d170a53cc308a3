"""Whoever runs the system is rung once a trouble, however many notifiers see it: also when a template fails."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.channel_file import Configured
from services.notifier.channels import ChannelConfig, Message, Reference
from services.notifier.delivery import trouble_watch
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.templates import WELL_AFTER, TemplateAtWork, Templates
from services.notifier.delivery.trouble_watch import TroubleWatch
from services.notifier.messages.template_news import TemplateNews
from shared.concurrent import end_all
from shared.directory import load_directory
from shared.facts import Purpose
from shared.ids import PostId
from shared.vocabulary import Language
from tests.lab import Lab, until
from tests.notifier.conftest import DIRECTORY
from tests.stories.plain_words import faults_in

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


class Taking:
    """A gateway that takes everything."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def deliver(self, message: Message) -> Reference:
        self.taken.append(message)
        return "r-1"

    async def close(self) -> None: ...


async def test_a_template_that_fails_rings_once_beside_another_notifier_and_once_when_it_is_over(
    frail_lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trouble_watch, "LOOK_EVERY", 0.05)
    gateway, counted = Taking(), list[str]()
    people = tmp_path / "people.yaml"
    people.write_text(DIRECTORY, encoding="utf-8")
    directory = load_directory(people)
    entry = Configured(name="sms", kind="webhook", config=ChannelConfig())
    now, stopping = partial(datetime.now, UTC), asyncio.Event()
    metrics = Metrics(CollectorRegistry(), ("sms",))
    courier = Courier(entry, [GatewayAtWork(entry, gateway, metrics, now, stopping)], metrics, now, stopping)
    async with frail_lab.connection("notifier") as connection:
        beside = [Templates(counted.append) for _ in range(2)]
        watches = [
            TroubleWatch(
                list(templates.at_work.values()),
                {"sms": courier},
                lambda: directory,
                lambda: connection,
                now,
                PostId("party_main"),
                ZONE,
            )
            for templates in beside
        ]
        began = now() - WELL_AFTER
        for templates in beside:
            templates.failed(Purpose.REMINDER, "sms", began)
        tasks = {asyncio.create_task(watch.run()) for watch in watches}
        try:
            await until(lambda: gateway.taken, what="the operator is rung")
            for templates in beside:
                templates.failed(Purpose.REMINDER, "sms", began)
            await asyncio.sleep(1)
            assert [message.to for message in gateway.taken] == ["+860000000101"], "once a trouble"
            assert "“催办”" in gateway.taken[0].letter.text
            for templates in beside:
                templates.wrote(Purpose.REPORT, now())
                templates.wrote(Purpose.REMINDER, now())
            await until(lambda: gateway.taken[1:], what="the operator hears that it is over")
            await asyncio.sleep(0.5)
            assert len(gateway.taken) == 2
            assert "模板恢复" in gateway.taken[1].letter.text
        finally:
            await end_all(tasks)
    assert counted == ["sms"] * 4, "each message is counted"


def test_it_is_over_with_the_first_message_written_long_after_the_last_failure() -> None:
    template = TemplateAtWork(Purpose.REPORT)
    template.wrote(NOW)
    assert template.trouble(NOW) is None
    template.failed(NOW)
    template.wrote(NOW + timedelta(seconds=1))
    template.failed(NOW + timedelta(minutes=5))
    template.wrote(NOW + WELL_AFTER)
    trouble = template.trouble(NOW + timedelta(days=1))
    assert trouble is not None
    assert trouble.since == NOW
    template.wrote(NOW + timedelta(minutes=15))
    assert template.trouble(NOW) is None
    assert template.took_at == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("over_at", [None, NOW + timedelta(hours=1)])
def test_the_news_is_in_plain_words(language: Language, over_at: datetime | None) -> None:
    for purpose in Purpose:
        letter = TemplateNews(purpose, NOW, over_at).letter(language, ZONE, NOW)
        assert not faults_in(letter.text, language), letter.text
