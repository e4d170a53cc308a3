"""Intake: people and systems hand in what they know, it becomes facts, and they get a receipt. This file
composes and nothing else.
"""

from datetime import UTC, datetime

from faststream.nats import PullSub

from services.intake.acting.acts import CaseActs
from services.intake.acting.record_documents import RecordDocuments
from services.intake.api.acts import acts_router
from services.intake.api.calendar import calendar_router
from services.intake.api.calendar_feed import calendar_feed_router
from services.intake.api.campaigns import campaigns_router
from services.intake.api.cases import cases_router
from services.intake.api.directory import directory_router
from services.intake.api.documents import documents_router
from services.intake.api.events import events_router
from services.intake.api.files import files_router
from services.intake.api.ingest import ingest_router
from services.intake.api.reports import reports_router
from services.intake.api.roll_calls import roll_calls_router
from services.intake.api.sources import sources_router
from services.intake.board.board import Board
from services.intake.board.case_lookup import CaseLookup
from services.intake.board.follow import BoardFollower
from services.intake.desk.pages import desk_router
from services.intake.desk.services import DeskServices
from services.intake.directory.changes import DirectoryChanges
from services.intake.directory.in_force import DirectoryInForce
from services.intake.directory.operator_file import OperatorFile
from services.intake.fields.form_blocks import FormBlocks
from services.intake.files.keeping import IncomingFiles
from services.intake.files.spool import spool_folder
from services.intake.ingest.heartbeats import Heartbeats
from services.intake.ingest.inbox import Ingress
from services.intake.ingest.ingest import HandIn
from services.intake.ingest.request_reply import AT_ONCE, RequestReply, undecoded
from services.intake.ingest.threads import Threads
from services.intake.logging_in.opening import SessionOpening
from services.intake.logging_in.provider import BACK, Provider
from services.intake.logging_in.ringing_ends import end_ringing
from services.intake.metrics import Metrics
from services.intake.recording.receipts import Receipts
from services.intake.recording.record import FactRecord
from services.intake.recording.refusals import Refusals
from services.intake.recording.refused_often import RefusedOften
from services.intake.reporting.submit import Submission
from services.intake.settings import IntakeSettings
from shared.broker.durables import check_durables, subscribe_durable
from shared.browsers import Browsers
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.facts.authors import Author
from shared.forms import load_forms
from shared.gatekeeping import gate_of, sessions_of
from shared.lined_yaml import words_of
from shared.pulse import Pulses
from shared.secrets import SecretFile, signing_key
from shared.service import Service
from shared.streams import INBOX, INTAKE_DURABLE
from shared.subjects import REPORT_SUBMIT_ALL
from shared.web.log_in import LogIn
from shared.web.names import Names


def now() -> datetime:
    return datetime.now(UTC)


def build(settings: IntakeSettings) -> Service:
    service = Service("intake", settings)
    directory = LiveDirectory(lambda: load_directory(settings.directory), lambda: service.connection)
    sessions = sessions_of(service, directory)
    gate = gate_of(service, directory, sessions)
    receipts = Receipts(signing_key(settings.secrets, SecretFile.RECEIPT_SIGNING))
    metrics, board = Metrics(service.registry), Board()
    metrics.cases.set_function(lambda: len(board))
    record = FactRecord(lambda: service.connection, metrics)
    refusals = Refusals(record, now)
    lookup = CaseLookup(board, record)
    files = IncomingFiles(lambda: service.connection, now, spool_folder(settings.data_dir))
    forms = FormBlocks(load_forms(settings.forms), directory, settings.zone, now)
    submission = Submission(
        record,
        board,
        lookup,
        directory,
        receipts,
        refusals,
        files,
        now,
        forms,
        wait=settings.duties_wait,
        skew=settings.clock_skew,
    )
    documents = RecordDocuments(files, settings.secrets, settings.zone)
    acts = CaseActs(
        record,
        board,
        lookup,
        directory,
        refusals,
        files,
        now,
        forms,
        documents,
        wait=settings.duties_wait,
    )
    in_force = DirectoryInForce(directory, record, lambda: service.connection, now)
    changes = DirectoryChanges(in_force, record, now, lambda: words_of(settings.policy))
    hand_in = HandIn(
        submission,
        acts,
        Threads(lambda: service.connection),
        directory,
        receipts,
        refusals,
        Heartbeats(record, now),
    )

    inbox = subscribe_durable(
        service.broker,
        "intake",
        stream=INBOX,
        durable=INTAKE_DURABLE,
        pull=PullSub(batch_size=64, timeout=5.0),
    )
    inbox(Ingress(hand_in, record, now).hear)
    requests = service.broker.subscriber(
        REPORT_SUBMIT_ALL, queue="intake", max_workers=AT_ONCE, no_reply=True, decoder=undecoded
    )
    requests(RequestReply(submission, gate, directory).hear)
    service.prepare.append(lambda: OperatorFile(in_force, now).take_at_start(settings.directory))
    service.tasks.append(BoardFollower(lambda: service.connection, board, metrics.distrusted).run)
    service.tasks.append(Pulses(lambda: service.connection, Author.INTAKE).run)
    refused_often = RefusedOften(record, now)
    service.door.refusals.on_many = refused_often.note
    service.tasks.append(refused_often.run)
    service.checks["board"] = board.check
    service.checks["inbox"] = check_durables(lambda: service.connection, [(INBOX, INTAKE_DURABLE)])

    browsers = Browsers(lambda: service.connection)
    service.tasks += [browsers.run, lambda: end_ringing(browsers, sessions)]
    desk = DeskServices(
        browsers=browsers,
        board=board,
        lookup=lookup,
        submit=submission,
        acts=acts,
        files=files,
        forms=forms,
        proposals=changes,
        live=directory,
        gate=gate,
        zone=settings.zone,
        log_in=LogIn(
            sessions,
            secure=settings.secure,
            domain=settings.cookie_domain,
            others=(settings.policy_url.rstrip("/"), settings.trail_url.rstrip("/")),
            by_code=True,
            provider=settings.oidc_name if settings.oidc_issuer else "",
        ),
        opening=SessionOpening(
            sessions, gate, lambda: directory.now, lambda: service.connection, now, lasts=settings.session
        ),
        provider=Provider(settings, service.url + BACK) if settings.oidc_issuer else None,
        policy_url=settings.policy_url.rstrip("/"),
    )
    for router in (
        reports_router(submission, gate),
        acts_router(acts, gate),
        files_router(files, lookup, gate, settings.zone),
        cases_router(board, lookup, gate, now, settings.zone, Names(directory)),
        documents_router(lookup, forms, gate, settings.zone, Names(directory)),
        campaigns_router(board, lookup, forms, gate, settings.zone, now),
        calendar_router(board, lambda: forms.forms, gate, now),
        directory_router(directory, changes, gate, now),
        calendar_feed_router(directory, gate, now),
        roll_calls_router(board, directory, gate),
        events_router(board, gate),
        ingest_router(hand_in, gate, now),
        sources_router(hand_in, gate, now),
        desk_router(desk, now),
    ):
        service.app.include_router(router)
    return service


def main() -> None:
    build(IntakeSettings()).run()
