"""Whoever runs the system is rung once a trouble, however many notifiers see it: also when a template fails."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from nats.aio.client import Client
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
from shared.directory import Directory, load_directory
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

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.taken: list[Message] = []
        self.meanwhile = meanwhile

    async def deliver(self, message: Message) -> Reference:
        self.taken.append(message)
        self.meanwhile()
        return "r-1"

    async def close(self) -> None: ...


async def test_a_template_that_fails_rings_once_beside_another_notifier_and_once_when_it_is_over(
    frail_lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trouble_watch, "LOOK_EVERY", 0.05)
    gateway, counted, directory = Taking(), list[str](), _directory(tmp_path)
    async with frail_lab.connection("notifier") as connection:
        beside = [Templates(counted.append) for _ in range(2)]
        watches = [_watch(templates, gateway, directory, connection) for templates in beside]
        began = _now() - WELL_AFTER
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
                templates.wrote(Purpose.REPORT, _now())
                templates.wrote(Purpose.REMINDER, _now())
            await until(lambda: gateway.taken[1:], what="the operator hears that it is over")
            await asyncio.sleep(0.5)
            assert len(gateway.taken) == 2
            assert "模板恢复" in gateway.taken[1].letter.text
        finally:
            await end_all(tasks)
    assert counted == ["sms"] * 4, "each message is counted"


async def test_it_is_over_also_where_that_was_at_the_very_moment_of_ringing(
    frail_lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trouble_watch, "LOOK_EVERY", 0.05)
    templates = Templates(lambda channel: None)
    gateway = Taking(lambda: templates.wrote(Purpose.REMINDER, _now()))
    async with frail_lab.connection("notifier") as connection:
        templates.failed(Purpose.REMINDER, "sms", _now() - WELL_AFTER)
        tasks = {asyncio.create_task(_watch(templates, gateway, _directory(tmp_path), connection).run())}
        try:
            await until(lambda: gateway.taken[1:], what="the operator hears that it is over")
        finally:
            await end_all(tasks)
    assert "模板恢复" in gateway.taken[1].letter.text


async def test_two_operators_are_told_under_an_id_each_so_that_no_gateway_drops_the_second(
    frail_lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trouble_watch, "LOOK_EVERY", 0.05)
    templates, gateway = Templates(lambda channel: None), Taking()
    people = DIRECTORY.replace("    unit: government\n", "    unit: government\n    roles: [operator]\n", 1)
    people = people.replace(
        "name: {zh: 孙丙, en: Sun Bing}", "name: {zh: 孙丙, en: Sun Bing}\n    roles: [operator]"
    )
    async with frail_lab.connection("notifier") as connection:
        templates.failed(Purpose.OVERDUE, "sms", _now() - WELL_AFTER)
        watch = _watch(templates, gateway, _directory(tmp_path, people), connection)
        watch.operator = PostId("nobody")
        tasks = {asyncio.create_task(watch.run())}
        try:
            await until(lambda: len(gateway.taken) == 2, what="both are rung")
        finally:
            await end_all(tasks)
    assert len({message.id for message in gateway.taken}) == 2


def _now() -> datetime:
    return datetime.now(UTC)


def _directory(folder: Path, text: str = DIRECTORY) -> Directory:
    people = folder / "people.yaml"
    people.write_text(text, encoding="utf-8")
    return load_directory(people)


def _watch(templates: Templates, gateway: Taking, directory: Directory, connection: Client) -> TroubleWatch:
    entry, stopping = Configured(name="sms", kind="webhook", config=ChannelConfig()), asyncio.Event()
    metrics = Metrics(CollectorRegistry(), ("sms",))
    at_work = [GatewayAtWork(entry, gateway, metrics, _now, stopping)]
    return TroubleWatch(
        list(templates.at_work.values()),
        {"sms": Courier(entry, at_work, metrics, _now, stopping)},
        lambda: directory,
        lambda: connection,
        _now,
        PostId("party_main"),
        ZONE,
    )


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
