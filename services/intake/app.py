"""Intake: people and systems hand in what they know, it becomes facts, and they get a receipt. This file composes and nothing else."""

from datetime import UTC, datetime

from faststream.nats import PullSub

from services.intake.acts import CaseActs
from services.intake.api.acts import acts_router
from services.intake.api.cases import cases_router
from services.intake.api.directory import directory_router
from services.intake.api.events import events_router
from services.intake.api.ingest import ingest_router
from services.intake.api.reports import reports_router
from services.intake.api.sources import sources_router
from services.intake.board import Board
from services.intake.desk.pages import desk_router
from services.intake.desk_services import DeskServices
from services.intake.directory_changes import DirectoryChanges
from services.intake.follow import Follower
from services.intake.hand_in import HandIn
from services.intake.heartbeats import Heartbeats
from services.intake.ingress import Ingress
from services.intake.metrics import Metrics
from services.intake.receipts import Receipts
from services.intake.record import Record
from services.intake.request_reply import AT_ONCE, Answering, undecoded
from services.intake.settings import IntakeSettings
from services.intake.submit import Submission
from services.intake.threads import Threads
from shared.broker import check_durables, subscribe_durable
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.lined_yaml import words_of
from shared.secrets import SecretFile, signing_key, verify_key
from shared.service import Service
from shared.streams import INBOX, INTAKE_DURABLE
from shared.subjects import REPORT_SUBMIT
from shared.tokens import Gate


def now() -> datetime:
    return datetime.now(UTC)


def build(settings: IntakeSettings) -> Service:
    service = Service("intake", settings)
    file = load_directory(settings.directory)
    directory = LiveDirectory(file, lambda: service.connection)
    gate = Gate(verify_key(settings.secrets, SecretFile.TOKEN_VERIFY))
    receipts = Receipts(signing_key(settings.secrets, SecretFile.RECEIPT_SIGNING))
    metrics, board = Metrics(service.registry), Board()
    metrics.cases.set_function(lambda: len(board))
    record = Record(lambda: service.connection, metrics)
    submission = Submission(record, board, directory, receipts, now, wait=settings.duties_wait, skew=settings.clock_skew)
    acts = CaseActs(record, board, directory, now, wait=settings.duties_wait)
    changes = DirectoryChanges(directory, record, lambda: service.connection, now, lambda: words_of(settings.policy))
    hand_in = HandIn(submission, acts, Threads(lambda: service.connection), directory, receipts, Heartbeats(record, now))

    inbox = subscribe_durable(service.broker, "intake", stream=INBOX, durable=INTAKE_DURABLE, pull=PullSub(batch_size=64, timeout=5.0))
    inbox(Ingress(hand_in, record, now).hear)
    requests = service.broker.subscriber(REPORT_SUBMIT, queue="intake", max_workers=AT_ONCE, no_reply=True, decoder=undecoded)
    requests(Answering(submission, gate).hear)
    service.prepare.append(lambda: changes.take_file_at_start(file))
    service.tasks.append(directory.run)
    service.tasks.append(Follower(lambda: service.connection, board).run)
    service.checks["board"] = board.check
    service.checks["directory"] = directory.check
    service.checks["inbox"] = check_durables(lambda: service.connection, [(INBOX, INTAKE_DURABLE)])

    desk = DeskServices(board=board, submit=submission, acts=acts, live=directory, gate=gate, zone=settings.zone, secure=settings.secure)
    for router in (
        reports_router(submission, gate),
        acts_router(acts, gate),
        cases_router(board, gate, now),
        directory_router(directory, changes, gate, now),
        events_router(board, gate),
        ingest_router(hand_in, gate, now),
        sources_router(hand_in, gate, now),
        desk_router(desk, now),
    ):
        service.app.include_router(router)
    return service


def main() -> None:
    build(IntakeSettings()).run()
