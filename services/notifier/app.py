"""The notifier: delivers what was decided, and says what became of it. Composition only."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from faststream.nats import PullSub
from standardwebhooks import Webhook

from services.notifier.api import Api
from services.notifier.channel_file import Configured, load_channels
from services.notifier.courier import Courier
from services.notifier.dispatch import Dispatcher
from services.notifier.ledger import Ledger
from services.notifier.link_pages import LinkPages
from services.notifier.links import Links
from services.notifier.metrics import Metrics
from services.notifier.post import Post
from services.notifier.recent import Recent
from services.notifier.settings import NotifierSettings
from services.notifier.writer import Writer
from shared.broker import check_durables, subscribe_durable
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.secrets import SecretFile, read_secret, verify_key
from shared.service import Service
from shared.streams import FACTS, NOTIFIER_DURABLE
from shared.tokens import Gate

PULLERS = 4
"""Pulls waiting at the broker at once: one alone is a round trip for each decision; a batch would wait to be filled. Each waits a
second at most, since those that a restarted broker has forgotten are waited out."""


def now() -> datetime:
    return datetime.now(UTC)


def build(settings: NotifierSettings) -> Service:
    service = Service("notifier", settings)
    metrics = Metrics(service.registry)
    directory = LiveDirectory(load_directory(settings.directory), lambda: service.connection)
    configured = load_channels(settings.channels, os.environ)
    writer = Writer(settings.zone)
    links = Links(read_secret(settings.secrets, SecretFile.LINK), lasts=timedelta(days=settings.link_days))
    ledger = Ledger(lambda: service.connection)
    recent = Recent(lambda: service.connection)
    gate = Gate(verify_key(settings.secrets, SecretFile.TOKEN_VERIFY))
    stopping = asyncio.Event()
    dispatcher = Dispatcher(
        directory=directory,
        couriers={name: Courier(one, one.make(settings.secrets), metrics, now, stopping) for name, one in configured.items()},
        post=Post(writer, links, service.url.rstrip("/")),
        ledger=ledger,
        metrics=metrics,
        clock=now,
        stopping=stopping,
        in_work=settings.in_work,
    )
    pages = LinkPages(links, writer, directory, ledger, metrics, lambda: service.connection, now, settings.snooze)
    api = Api(recent, ledger, gate, _callback_keys(configured, settings.secrets), now)

    for _ in range(PULLERS):
        subscriber = subscribe_durable(
            service.broker, "notifier", stream=FACTS, durable=NOTIFIER_DURABLE, pull=PullSub(batch_size=1, timeout=1.0)
        )
        subscriber(dispatcher.take)
    service.prepare += [ledger.open, directory.open]
    service.tasks += [dispatcher.work, recent.follow, directory.run]
    service.checks["durable"] = check_durables(lambda: service.connection, [(FACTS, NOTIFIER_DURABLE)])
    service.checks["deliveries"] = ledger.check
    service.checks["directory"] = directory.check
    service.app.include_router(pages.router())
    service.app.include_router(api.router())
    return service


def _callback_keys(configured: dict[str, Configured], secrets: Path) -> dict[str, Webhook]:
    """Gateways sign their call-backs with the key we sign with."""
    keys = {name: getattr(one.config, "key", None) for name, one in configured.items()}
    return {name: Webhook(read_secret(secrets, key).decode().strip()) for name, key in keys.items() if isinstance(key, str)}


def main() -> None:
    build(NotifierSettings()).run()
