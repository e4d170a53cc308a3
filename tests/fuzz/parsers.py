"""The parsers of what comes from outside, each with well-formed input to start from and the errors it
declares.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from services.audit.evidence.bundle import verify
from services.audit.evidence.receipts import ReceiptError, read_receipt
from services.escalator.policy.load import parse_policy
from services.intake.api.cases import place_of
from services.intake.fields.act_form import ActForm
from services.intake.ingest.formats import FORMATS
from services.intake.ingest.formats.items import Arrival, FormatError, ReportDraft, readable
from services.notifier.channels._smpp_pdus import brought_by
from services.notifier.channels.smpp import receipt_in
from services.notifier.delivery.record import Sheet
from services.notifier.messages.earlier_links import SEPARATOR, read_earlier
from services.notifier.messages.links import LinkRefused, Links
from shared.directory import Directory, Source
from shared.facts import CaseAct, Fact, FactError, Name, Report, ReportForm
from shared.facts.bounds import from_outside
from shared.ids import AreaCode, SourceId, UnitId
from shared.lined_yaml import YamlFault, parse
from shared.problems import Problem
from shared.tlog import checkpoint, layout, note
from shared.tlog import proof as tlog_proof
from tests.notifier.smsc import brought, receipt

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SOURCE = Source(
    id=SourceId("met"),
    name=Name(zh="气象", en="Weather"),
    unit=UnitId("observatory"),
    area=AreaCode("620600"),
    formats=tuple(FORMATS),
)
FORM = (
    b'{"category":"accident","unit":"a","area":"620600","occurred_at":"2026-11-23T03:05:00+08:00","learned_at":"2026-11-23T03:06:00+08:00",'
    b'"summary":"x","details":"y","place":{"latitude":1,"longitude":2},"harm":{"deaths":1},"tasks":[{"title":"t","unit":"u","within":"P1D"}]}'
)
REPORT = FORM[:-1] + b',"received_at":"2026-11-23T03:07:00Z","reported_by":"a"}'
ACT = b'{"text":"x","span":"PT10M","due_at":"2026-11-23T03:05:00+08:00","tasks":[{"title":"t","units":["u"]}],"causes":[],"percent":5}'
EVENT = (
    b'{"specversion":"1.0","id":"1","source":"/x","type":"cn.fenghuo.report.v1","time":"2026-11-23T03:05:00Z","data":'
    + FORM
    + b"}"
)
CALL = b'{"id":"1","called_at":"2026-11-23T03:05:00+08:00","urgency":"urgent","area":"620600","summary":"x","details":"y","address":"z"}'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()


@dataclass(frozen=True)
class Parser:
    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    declared: tuple[type[Exception], ...]


def _format(name: str, *seeds: bytes) -> Parser:
    def read(raw: bytes) -> None:
        for item in map(readable, FORMATS[name](Arrival(raw=raw, source=SOURCE, received_at=NOW))):
            draft = item if isinstance(item, ReportDraft) else item.otherwise
            if draft is not None:
                ReportForm.model_validate(draft.fields)

    return Parser(name, read, seeds, (FormatError, ValidationError))


def _samples(folder: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((DATA / folder).iterdir()))


def _report_written(raw: bytes) -> bytes:
    """What a form lets in can be put on record."""
    form = ReportForm.model_validate_json(raw)
    return Report(**dict(form), received_at=NOW, reported_by="a").model_dump_json().encode()


def _act_written(raw: bytes) -> str:
    return ActForm.model_validate_json(raw).model_dump_json()


def _directory(raw: bytes) -> None:
    with from_outside():
        parse(raw.decode(errors="surrogateescape"), Directory, "directory.yaml")


def _bundle(raw: bytes) -> None:
    verify.Bundle(verify.read_bundle(io.BytesIO(raw)), verify.read_key(VKEY, verify.ED25519)).check([])


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("checkpoint", "manifest.json", "records.jsonl"):
            archive.writestr(name, CHECKPOINT if name == "checkpoint" else b"{}")
    return out.getvalue()


def _signed(raw: bytes) -> None:
    checkpoint.head_of(note.parse(raw).text)


def _link(token: str) -> None:
    if SEPARATOR in token:
        read_earlier(LINK_KEY, token, NOW)
    else:
        Links(LINK_KEY).claim(token)


CHECKPOINT = (DATA / "trail_v1" / "checkpoint").read_bytes()
VKEY = (DATA / "trail_v1" / "vkey").read_text(encoding="utf-8").strip()
PROOF = tlog_proof.tlog_proof(3, [bytes(32)] * 3, CHECKPOINT.decode(), b"record").encode()
LINK_KEY = bytes(32)
POLICY = (ROOT / "config" / "policy.yaml").read_bytes()
SHORT_POLICY = POLICY[: POLICY.index(b"\n\n", 2000)]
PARSERS = {
    parser.name: parser
    for parser in (
        _format("cloudevents", EVENT, b"[" + EVENT + b"]"),
        _format("cap", *_samples("cap")[:4]),
        _format("alertmanager", *_samples("alertmanager")),
        _format("hotline", CALL),
        Parser("fact", Fact.read, (EVENT,), (FactError,)),
        Parser("report", Report.model_validate_json, (REPORT,), (ValidationError,)),
        Parser("report_form", _report_written, (FORM,), (ValidationError,)),
        Parser("act", CaseAct.model_validate_json, (ACT,), (ValidationError,)),
        Parser("act_form", _act_written, (ACT,), (ValidationError,)),
        Parser(
            "receipt",
            lambda raw: read_receipt(raw.decode("latin-1"), KEY),
            (b"eyJhbGciOiJFZERTQSJ9.e30.AAAA",),
            (ReceiptError,),
        ),
        Parser(
            "link",
            lambda raw: _link(raw.decode("latin-1")),
            (b"A" * 22 + b"~c~1.1~p~1", b"A" * 26),
            (LinkRefused,),
        ),
        Parser(
            "cursor", lambda raw: place_of(raw.decode("latin-1")), (b"MTIzfDAxSlg", b"LTF8eA"), (Problem,)
        ),
        Parser(
            "policy",
            lambda raw: parse_policy(raw.decode(errors="surrogateescape")),
            (SHORT_POLICY,),
            (YamlFault,),
        ),
        Parser("directory", _directory, ((DATA / "directory.yaml").read_bytes(),), (YamlFault,)),
        Parser("note", _signed, (CHECKPOINT,), (note.NoteError, checkpoint.CheckpointError)),
        Parser("proof", tlog_proof.parse, (PROOF,), (tlog_proof.TlogProofError,)),
        Parser(
            "tile",
            lambda raw: layout.parse_path(raw.decode("latin-1")),
            (b"tile/0/x001/234.p/5",),
            (layout.LayoutError,),
        ),
        Parser("bundle", _bundle, (_zip(),), (verify.BrokenError,)),
        Parser(
            "smpp",
            lambda raw: receipt_in(brought_by(raw)),
            (
                brought("8613900001111", b"\x05\x00\x03\x01\x02\x011", esm_class=0x40),
                receipt("m-2", "DELIVRD", NOW),
            ),
            (ValueError,),
        ),
        Parser("sheet", Sheet.read, (b'{"case":"a","decision":"b","matters":{}}',), (ValidationError,)),
    )
}
