"""The audit composed: facts in, trail out. What each part does stands in its own module."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from nats.aio.client import Client

from services.audit.custody.desk import KeepingDesk
from services.audit.custody.file_erasure import FileEraser
from services.audit.custody.reads import Reads
from services.audit.custody.reads_journal import Journal
from services.audit.custody.reads_on_record import ReadsOnRecord
from services.audit.custody.redaction import Eraser
from services.audit.custody.timestamper import Timestamper
from services.audit.evidence.bundle.make import Bundles
from services.audit.reading.reader import TrailReader
from services.audit.reading.standing import TrailStanding
from services.audit.reading.told import RecordTeller
from services.audit.reports.documents.making import Documents
from services.audit.reports.reports import Reports
from services.audit.settings import AuditSettings
from services.audit.store.calls import StoreError
from services.audit.store.erasure import ErasureStore
from services.audit.store.trail import PAYLOAD_DATABASE, Trail, database_of
from services.audit.web.bundle import bundle_router
from services.audit.web.cases import cases_router
from services.audit.web.documents import documents_router
from services.audit.web.explorer.check_pages import check_router
from services.audit.web.explorer.pages import explorer_pages, explorer_router
from services.audit.web.explorer.record_files import RecordFiles
from services.audit.web.explorer.report_pages import report_pages_router
from services.audit.web.export import export_router
from services.audit.web.keeping import keeping_router
from services.audit.web.masking import Masks
from services.audit.web.reads import ReadsKept
from services.audit.web.receipts import receipts_router
from services.audit.web.reports import reports_router
from services.audit.web.tiles import tiles_router
from services.audit.web.timestamps import timestamps_router
from services.audit.web.trail import ANSWERS, install_answers, trail_router
from services.audit.writing.feed import Feed
from services.audit.writing.indexer import SearchIndexer
from services.audit.writing.kept import StoreKeeps
from services.audit.writing.metrics import Metrics, measured
from services.audit.writing.search_key import macs_of
from services.audit.writing.sequencer import Sequencer
from services.audit.writing.signer import STATE_FILE, CheckpointSigner, StateFile
from services.audit.writing.succession import Succession
from services.audit.writing.witnesses import TrailWitnesses
from shared.broker.connection import connect
from shared.broker.durables import check_durables
from shared.broker.forever import until_done
from shared.directory import Directory, load_directory
from shared.directory.live import LiveDirectory
from shared.files.store import TIMEOUT, FileStore
from shared.forms.if_fit import forms_if_fit
from shared.gatekeeping import gate_of, sessions_of
from shared.ids import case_id_at
from shared.lined_yaml import YamlFault
from shared.secrets import REDACTOR, SecretFile, read_secret, verify_key
from shared.service import Service
from shared.settings import Environment
from shared.streams import AUDIT_DURABLE, FACTS
from shared.tlog.note import Signer, Verifier
from shared.vocabulary import Language
from shared.web.log_in import LogIn
from shared.web.names import Names

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


NOBODY = Directory(version="none", areas=(), units=(), people=(), posts=())
"""Where the file can't be read: no person is let in until the bucket has said who is who."""


def now() -> datetime:
    return datetime.now(UTC)


def build(settings: AuditSettings, *, step: Callable[[str], None] = lambda _: None) -> Service:
    """`step` is told after each step of the sequencer; a test may die there."""
    service = Service("audit", settings, answers=ANSWERS)
    folder = settings.data_dir / "audit"
    succession = Succession.read(folder)
    trail = Trail(settings.store_url, succession.number)
    feed = Feed(lambda: service.connection)
    key = Signer.read(read_secret(settings.secrets, SecretFile.TRAIL_SIGNING).decode())
    vkey = read_secret(settings.secrets, SecretFile.TRAIL_VERIFY).decode().strip()
    witnesses = TrailWitnesses(
        trail, settings.witnesses, settings.witness_quorum, service.registry, Verifier.read(vkey)
    )
    signer = CheckpointSigner(
        key,
        StateFile(folder / STATE_FILE),
        trail,
        witnesses.after(feed.announce),
        adopt=settings.trail_adopt,
        step=step,
    )
    sequencer = Sequencer(
        feed,
        trail,
        signer,
        now,
        Metrics(service.registry),
        batch=settings.trail_batch,
        pace=settings.trail_pace,
        heartbeat=settings.trail_heartbeat,
        follows=succession.follows,
        step=step,
    )

    async def stream_last() -> int | None:
        return (await feed.stream()).last if service.started else None

    async def work() -> None:
        await refuse_unfit_store(trail, settings.environment)
        try:
            await sequencer.run()
        finally:
            await feed.close()

    async def close() -> None:
        trail.close()
        eraser.close()
        await eraser.files.close()

    async def covered() -> int:
        return signer.last.size if signer.last is not None and sequencer.status == "working" else 0

    live, directory = followed_directory(service, settings.directory)
    macs = macs_of(folder / "search.key")
    indexer = measured(SearchIndexer(trail, macs, covered, step=step), service.registry)
    reader = TrailReader(
        trail,
        macs=macs,
        below=lambda unit: directory().below(unit),
        cosigned=witnesses.book,
    )
    standing = TrailStanding(trail, reader.checkpoints, vkey, stream_last, sequencer.words)
    on_record = keep_reads(service, Journal(folder / "reads.journal"), settings.trail_reads_pace, feed)
    erasures = ErasureStore.of(settings.erasure_url, database_of(PAYLOAD_DATABASE, succession.number), step)
    files = FileStore(lambda: service.connection)
    eraser = Eraser(
        trail,
        reader.records.keeper,
        erasures,
        covered,
        FileEraser(files, as_redactor(settings), step),
        indexer=indexer,
        words_keys=(macs.name, *macs.earlier_names),
        step=step,
    )
    sessions = sessions_of(service, live)
    gate = gate_of(service, live, sessions)
    install_answers(service.app)
    masks, zone = Masks(), settings.zone
    forms = forms_if_fit(settings.forms)
    reports = Reports(reader, zone, forms, directory)
    documents = Documents(reader, reports, directory, zone, vkey, key)
    tells = {language: RecordTeller(reader, Names(directory), zone, language, forms) for language in Language}
    log_in = LogIn(
        sessions,
        secure=settings.secure,
        domain=settings.cookie_domain,
        desk=settings.desk_url.rstrip("/"),
        here=service.url,
    )
    pages = explorer_pages(gate, zone, log_in, now)
    receipt_key = verify_key(settings.secrets, SecretFile.RECEIPT_VERIFY)
    for router in (
        trail_router(reader, standing, gate, masks, tells),
        cases_router(reader, gate, masks, tells),
        tiles_router(reader, vkey),
        export_router(reader, gate, Names(directory), zone, now, forms),
        bundle_router(Bundles(reader, directory, zone, key.name, key.sign, files, forms), gate, folder),
        receipts_router(reader, receipt_key, zone),
        check_router(reader, pages, receipt_key, vkey, directory),
        reports_router(reports, documents, gate, directory),
        documents_router(documents, gate),
        report_pages_router(reports, reader, pages, directory, tells),
        explorer_router(reader, standing, pages, directory, tells, RecordFiles(reader, files, zone), forms),
        keeping_router(KeepingDesk(reader, eraser, feed.append, now, files), gate),
        timestamps_router(reader, trail.timestamps),
    ):
        service.app.include_router(router)
    stamper = Timestamper(
        trail.timestamps,
        reader.checkpoints.newest,
        now,
        url=settings.tsa_url or None,
        every=settings.tsa_every,
        sm3=settings.trail_sm3,
    )
    durable = check_durables(lambda: service.connection, [(FACTS, AUDIT_DURABLE)])
    service.checks |= {
        "store": StoreKeeps(trail, signer, now, settings.trail_heartbeat).check,
        "durable": durable,
        "sequencer": sequencer.check,
    }
    service.tasks += [work, indexer.run, eraser.run, on_record.run, stamper.run, witnesses.run]
    service.finish.append(close)
    return service


def keep_reads(service: Service, journal: Journal, pace: timedelta, feed: Feed) -> ReadsOnRecord:
    """Every read through the service goes on record; the task that does it is returned."""
    reads = Reads(journal, case_id_at, pace)
    on_record = ReadsOnRecord(reads, feed.append, now)
    service.app.add_middleware(ReadsKept, reads=reads, clock=now, wake=on_record.wake)
    return on_record


def as_redactor(settings: AuditSettings) -> Callable[[], Awaitable[Client]] | None:
    """How to reach the broker as the user that may erase files; None where nobody has given its key."""
    if settings.redactor_credentials is None:
        return None
    alone = settings.model_copy(update={"nats_credentials": settings.redactor_credentials})
    return lambda: connect(alone, REDACTOR, timeout=TIMEOUT)


def followed_directory(service: Service, path: Path) -> tuple[LiveDirectory, Callable[[], Directory]]:
    """As it is followed; and that of now, which is nobody's before the bucket was read, when nobody is let in
    either.
    """
    live = LiveDirectory(lambda: directory_if_fit(path), lambda: service.connection)
    return live, lambda: live.now if live.is_read else NOBODY


def directory_if_fit(path: Path) -> Directory:
    """For names in the explorer, before the first start of intake: the trail is kept whether or not it can be
    read.
    """
    try:
        return load_directory(path)
    except YamlFault as fault:
        log.warning(
            "directory_unfit", faults=fault.faults[:3], next="the explorer shows ids instead of names"
        )
        return NOBODY


async def refuse_unfit_store(trail: Trail, environment: Environment) -> None:
    """Say which server keeps the trail, as soon as it answers; in production it must not be the embedded
    one.
    """
    server = await until_done(trail.server, "store_unreachable", trouble=(StoreError,))
    log.info("store", server=server.name, retained=not server.embedded)
    if server.embedded and environment is Environment.PRODUCTION:
        raise RuntimeError(
            f"FENGHUO_MONGO_URL leads to {server.name}: in production the trail needs a real MongoDB replica set"
        )


def main() -> None:
    build(AuditSettings()).run()
