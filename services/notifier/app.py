"""The notifier: delivers what was decided, and says what became of it. Composition only."""

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from faststream.nats import PullSub

from services.notifier.answering.answers import Answers
from services.notifier.answering.call_back_door import CallBackDoor
from services.notifier.answering.confirmations import Confirmations
from services.notifier.answering.deeds import Deeds
from services.notifier.answering.line_replies import LineReplies
from services.notifier.answering.link_files import LinkFiles
from services.notifier.answering.link_pages import LinkPages
from services.notifier.answering.mail_replies import MailReplies
from services.notifier.answering.open_messages import OpenMessages
from services.notifier.answering.opening import LinkOpener
from services.notifier.answering.receipts import ReceiptForms
from services.notifier.answering.replies import Replies
from services.notifier.answering.revoking import LinkRevocation
from services.notifier.api import Api
from services.notifier.channel_file import Configured, line_of, load_channels, with_buttons, with_replies
from services.notifier.channels import Channel, Listens, RingsBrowsers, TellsTime
from services.notifier.delivery.addresses import AddressBook
from services.notifier.delivery.beside import WaysBeside
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.decision_delivery import DecisionDelivery
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.earlier import EarlierDirectory
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.gathering import Gathering
from services.notifier.delivery.kept import KeptBook, KeptWatch
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.openings import LinkOpenings
from services.notifier.delivery.post import MessageMaker
from services.notifier.delivery.receipts import DeliveryReceipts
from services.notifier.delivery.recent import Recent
from services.notifier.delivery.restraint import Restraint
from services.notifier.delivery.sifting import QuietSifter
from services.notifier.delivery.templates import Templates
from services.notifier.delivery.trial import ReachTrial
from services.notifier.delivery.trouble_watch import TroubleWatch
from services.notifier.delivery.watched_gateway import WatchedGateway
from services.notifier.delivery.whether_over import case_now
from services.notifier.kept_api import KeptApi
from services.notifier.messages.links import Links
from services.notifier.messages.writer import Writer
from services.notifier.pause_api import PauseApi
from services.notifier.settings import NotifierSettings
from services.notifier.trial_api import TrialApi
from shared.broker.durables import check_durables, subscribe_durable
from shared.broker.forever import until_done
from shared.browsers import Browsers, PushOffer
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.facts.authors import Author
from shared.gatekeeping import gate_of
from shared.pulse import Pulses
from shared.secrets import SecretFile, read_secret
from shared.service import Service
from shared.streams import FACTS, NOTIFIER_DURABLE
from shared.tokens import Gate

PULLERS = 4
"""Pulls waiting at the broker at once: one alone is a round trip for each decision; a batch would wait to be
filled. Each waits a second at most, since those that a restarted broker has forgotten are waited out.
"""

RETRIES_LAST = timedelta(minutes=2)
"""A decision stays in the queue while one of its notices is tried again: so long the oldest may hold, while
others come and go.
"""


def now() -> datetime:
    return datetime.now(UTC)


def build(settings: NotifierSettings) -> Service:
    service = Service("notifier", settings)
    directory = LiveDirectory(lambda: load_directory(settings.directory), lambda: service.connection)
    configured = load_channels(settings.channels, os.environ)
    channels = _made(configured, settings, service)
    metrics = Metrics(service.registry, configured)
    writer = Writer(settings.zone)
    key = read_secret(settings.secrets, SecretFile.LINK)
    opener = LinkOpener(key, lambda: service.connection, now)
    ledger = DeliveryLedger(lambda: service.connection)
    restraint = Restraint(ledger, now)
    restraint.show(metrics)
    recent = Recent(lambda: service.connection)
    gate = gate_of(service, directory)
    beside = _ways_beside(service, channels, configured, gate)
    stopping = asyncio.Event()
    gateways = {
        name: GatewayAtWork(config, channels[name], metrics, now, stopping)
        for name, config in configured.items()
    }
    lines = {name: line_of(name, configured) for name in configured}
    couriers = {
        name: Courier(config, [gateways[each] for each in lines[name]], metrics, now, stopping)
        for name, config in configured.items()
    }
    _show_gateways(metrics, gateways, couriers)
    base = service.url.rstrip("/")
    inbound = {
        name: calls_back
        for name, entry in configured.items()
        if (calls_back := entry.config.inbound(settings.secrets)) is not None
    }
    mailboxes = {
        name: mailbox
        for name, entry in configured.items()
        if (mailbox := entry.config.mailbox(settings.secrets)) is not None
    }
    carried = _carried_by(lines)
    book = AddressBook(directory)
    messages = OpenMessages(
        recent, ledger, book, lambda: service.connection, now, settings.link_grace, carried
    )
    templates = Templates(lambda channel: metrics.untemplated.labels(channel).inc())
    post = MessageMaker(
        writer,
        directory,
        Links(key),
        base,
        settings.link_grace,
        templates,
        with_replies(configured),
        with_buttons(configured),
        messages.needs_code,
    )
    delivery = DecisionDelivery(
        directory=directory,
        earlier=EarlierDirectory(lambda: service.connection).person,
        couriers=couriers,
        post=post,
        ledger=ledger,
        case_now=lambda case: case_now(lambda: service.connection, case),
        restraint=restraint,
        metrics=metrics,
        clock=now,
        room=asyncio.Semaphore(settings.in_work),
        gathering=Gathering(settings.gather),
        sifter=QuietSifter(
            KeptBook(ledger, lambda: service.connection, metrics),
            directory,
            lambda case: case_now(lambda: service.connection, case),
            now,
            settings.zone,
        ),
        beside=beside,
    )
    dispatcher = Dispatcher(delivery, stopping)
    answers = Answers(ledger, metrics, lambda: service.connection, settings.decision_wait)
    files = LinkFiles(opener, directory, lambda: service.connection, settings.zone)
    pages = LinkPages(
        opener,
        writer,
        directory,
        ledger,
        answers,
        metrics,
        lambda: service.connection,
        now,
        files,
        LinkOpenings(ledger, now),
        settings.snooze,
    )
    confirmations = Confirmations(couriers, directory, now)
    replies = Replies(
        messages,
        Deeds(answers, directory, now),
        ledger,
        directory,
        confirmations,
        {name: entry.config.form for name, entry in configured.items()},
        metrics,
        now,
    )
    door = CallBackDoor(
        inbound=inbound,
        replies=replies,
        receipts=ReceiptForms(DeliveryReceipts(recent, ledger, now, carried)),
        base=base,
        clock=now,
        skew=service.skew,
        metrics=metrics,
    )

    async def channels_take() -> None:
        relied_on = [courier for name, courier in couriers.items() if name not in beside.channels]
        if faults := [fault for courier in relied_on if (fault := courier.fault())]:
            raise RuntimeError("; ".join(faults))

    for _ in range(PULLERS):
        subscriber = subscribe_durable(
            service.broker,
            "notifier",
            stream=FACTS,
            durable=NOTIFIER_DURABLE,
            pull=PullSub(batch_size=1, timeout=1.0),
        )
        subscriber(dispatcher.take)
    watch = TroubleWatch(
        [
            *(WatchedGateway(one, couriers) for name, one in gateways.items() if name not in beside.channels),
            *templates.at_work.values(),
        ],
        couriers,
        directory,
        lambda: service.connection,
        now,
        settings.operator,
        settings.zone,
    )
    service.prepare += [ledger.check, restraint.look]
    service.tasks += [
        dispatcher.work,
        watch.run,
        recent.follow,
        restraint.run,
        delivery.sifter.book.follow,
        KeptWatch(delivery.sifter, delivery, lambda: service.connection, now).run,
        confirmations.run,
        Pulses(lambda: service.connection, Author.NOTIFIER).run,
    ]
    moves = check_durables(lambda: service.connection, [(FACTS, NOTIFIER_DURABLE)], RETRIES_LAST)
    service.checks |= {
        "durable": restraint.excusing(moves, RETRIES_LAST),
        "pause": restraint.check,
        "channels": channels_take,
        "formats": dispatcher.newer.check,
        "deliveries": ledger.check,
    }
    _read_mail(service, MailReplies(mailboxes, opener, replies, messages.owners, metrics))
    _hear_lines(service, channels, replies, door)
    trial = ReachTrial(couriers, settings.zone, now, beside)
    for part in (
        pages,
        files,
        Api(recent, gate),
        door,
        TrialApi(trial, directory, gate),
        PauseApi(restraint, gate),
        LinkRevocation(lambda: service.connection, directory, gate, now),
        KeptApi(delivery.sifter.book, directory, gate),
    ):
        service.app.include_router(part.router())
    return service


def _made(
    configured: Mapping[str, Configured], settings: NotifierSettings, service: Service
) -> dict[str, Channel]:
    channels = {name: config.make(settings.secrets) for name, config in configured.items()}
    for channel in channels.values():
        if isinstance(channel, TellsTime):
            channel.line.skew = service.skew.note
    return channels


def _carried_by(lines: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Which channels' messages each gateway may have taken."""
    gateways = {gateway for line in lines.values() for gateway in line}
    return {
        gateway: tuple(channel for channel, line in lines.items() if gateway in line) for gateway in gateways
    }


def _show_gateways(
    metrics: Metrics, gateways: Mapping[str, GatewayAtWork], couriers: Mapping[str, Courier]
) -> None:
    for name, gateway in gateways.items():
        metrics.gateway_takes.labels(name).set_function(partial(_takes, gateway))
        metrics.gateway_queue.labels(name).set_function(partial(getattr, gateway.turns, "waiting"))
    for name, courier in couriers.items():
        metrics.waiting.labels(name).set_function(partial(getattr, courier, "waiting"))


def _ways_beside(
    service: Service, channels: Mapping[str, Channel], configured: Mapping[str, Configured], gate: Gate
) -> WaysBeside:
    """The desk asks people where they want to be rung only while there is something that rings them."""
    browsers = Browsers(lambda: service.connection)
    offer: PushOffer | None = None
    for channel in channels.values():
        if isinstance(channel, RingsBrowsers):
            channel.browsers, channel.holds, offer = browsers, gate.holds, channel.offer

    async def say_offer() -> None:
        await until_done(lambda: browsers.say_offer(offer), "push_not_offered")

    service.tasks += [browsers.run, say_offer]
    names = frozenset(name for name, entry in configured.items() if entry.config.is_beside)
    return WaysBeside(names, lambda person: bool(browsers.of(person)))


def _read_mail(service: Service, replies: MailReplies) -> None:
    if replies.mailboxes:
        service.tasks.append(replies.run)
        service.checks["mailbox"] = replies.check


def _hear_lines(
    service: Service, channels: Mapping[str, Channel], replies: Replies, door: CallBackDoor
) -> None:
    listening = {name: channel for name, channel in channels.items() if isinstance(channel, Listens)}
    if listening:
        heard = LineReplies(listening, replies, door.receipts)
        service.tasks.append(heard.run)
        service.checks["lines"] = heard.check


def _takes(gateway: GatewayAtWork) -> float:
    return 0.0 if gateway.taking.trouble(now()) else 1.0


def main() -> None:
    build(NotifierSettings()).run()
