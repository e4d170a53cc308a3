"""The zip: every file of the bundle, in one order, with no time in it but those on record.

Invariant: the same case at the same checkpoint under the same directory makes the same bytes, but for
cosignatures that came later. Every file but those that prove themselves is in files.sha256, whose digest the
trail has signed together with the number of records.
"""

import base64
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.audit.evidence.bundle.attached import AttachedFile
from services.audit.evidence.bundle.evidence import Evidence, ProvenRecord, Sign, json_lines, receipt_claims
from shared.tlog import layout
from shared.tlog.proof import tlog_proof

FORMAT = "fenghuo-evidence/2"
VERIFIER = Path(__file__).with_name("verify.py")
_NEVER = (1980, 1, 1, 0, 0, 0)
"""A zip can't hold an earlier time; none is meant."""
_README = """\
事项 {case} 证据包    Evidence bundle of case {case}
{count} 条记录，截至 {time} 签署的含 {size} 条记录的检查点。
{count} records, up to the checkpoint of {size} records signed at {time}.

核验 To check    （需要 Python 3.9 与 cryptography  needs Python 3.9 and cryptography）
    python3 verify.py 公钥KEY [--witness 见证方公钥KEY] [--receipt 回执FILE --receipt-key 回执公钥PEM] [--list]
公钥须另行取得，不可取自本包。本程序随包而来，不足为凭：请自另处取得同名程序，或比对其 SHA-256。
Bring the trail's public key from elsewhere, never from this bundle. This copy of verify.py came with the bundle: compare its SHA-256 with
one you got another way (`fenghuo trail verifier`), or check with a copy of your own.

内容 Contents
    records/NNNN.rec           在案记录（即被哈希的字节） the record as it is hashed
    records/NNNN.tlog-proof    其在存证中的证明（C2SP tlog-proof） the proof that it stands in the trail
    records/NNNN.fact.json     原文 the message as it came; .salts.json 摘要所用的盐 the salts its digests were made with
    records/NNNN.plain.json    不含个人信息的内容 what is left without personal fields (erased, or asked for without them)
    checkpoint                 签名检查点与会签 the signed checkpoint with its cosignatures
    statement, files.sha256    存证就事项记录数与本包文件的签名声明 what the trail states under its signature: how many records, which files
    tail/                      事项最后一条之后的全部记录（数量不多时附） every record after the case's last, where they are not too many
    policy/                    本事项所依制度文本及其在案记录 the policy the case was decided under, with its own record
    files/                     在案记录所列的文件，以其 SHA-256 命名 the files that records name, each under its SHA-256
    receipts.json              可与单位所持回执比对的内容 what a unit's own receipt must say
    directory.json             名录摘录（仅供阅读） names as the directory has them, for reading only
    timeline.zh.html .en.html  时间线（仅供阅读，证据是记录） a timeline for reading; the records are the evidence
"""


def contents(
    evidence: Evidence, sign: Sign, derived: dict[str, bytes], attached: Sequence[AttachedFile] = ()
) -> dict[str, bytes]:
    """Every file but those attached. `derived`: the files made for reading (timelines, directory)."""
    files = {**_own_files(evidence), **derived}
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if not name.endswith(".tlog-proof")
    } | {file.path: file.entry.name for file in attached}
    listed = "".join(f"{hashed}  {name}\n" for name, hashed in sorted(hashes.items())).encode()
    return files | {
        "checkpoint": evidence.signed.note.encode(),
        "files.sha256": listed,
        "statement": sign(_statement(evidence, hashlib.sha256(listed).hexdigest())).write().encode(),
    }


def info_of(name: str, *, is_attached: bool = False) -> zipfile.ZipInfo:
    """Pictures and documents are compressed already."""
    info = zipfile.ZipInfo(name, _NEVER)
    info.compress_type = zipfile.ZIP_STORED if is_attached else zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o100644 << 16
    return info


def _statement(evidence: Evidence, files: str) -> str:
    """Its first line is no origin of a checkpoint, and its second no size: neither can be taken for the
    other.
    """
    signed, last = evidence.signed, evidence.last.entry.index
    return (
        f"{evidence.origin}/case-evidence\ncase {evidence.case}\nrecords {len(evidence.records)}\nlast {last}\n"
        f"size {signed.size}\nroot {base64.b64encode(signed.root).decode()}\nfiles {files}\n"
    )


def _own_files(evidence: Evidence) -> dict[str, bytes]:
    signed = evidence.signed
    about = {
        "format": FORMAT,
        "case": evidence.case,
        "records": len(evidence.records),
        "size": signed.size,
        "origin": evidence.origin,
        "redacted": evidence.redacted,
        "zone": evidence.zone,
    }
    readme = _README.format(
        case=evidence.case, count=len(evidence.records), size=signed.size, time=signed.time
    )
    files = {
        "bundle.json": json_lines(about),
        "README.txt": readme.encode(),
        "verify.py": VERIFIER.read_bytes(),
    }
    for number, proven in enumerate(evidence.records, 1):
        files |= _record_files(f"records/{number:04d}", proven, evidence.signed.note)
    for policy in evidence.policies:
        files[f"policy/{policy.digest}.yaml"] = policy.text.encode()
        files |= _record_files(f"policy/{policy.digest}", policy.proven, evidence.signed.note)
    if evidence.tail is not None:
        files["tail/records"] = layout.bundle_bytes(evidence.tail.records)
        files["tail/peaks"] = "".join(f"{peak.hex()}\n" for peak in evidence.tail.peaks).encode()
    files["receipts.json"] = json_lines(
        [claims for held in evidence.records if (claims := receipt_claims(held))]
    )
    return files


def _record_files(name: str, proven: ProvenRecord, note: str) -> dict[str, bytes]:
    """The message whole where it is there, else what is left of it, each with the salts that its digests in
    the record were made with.
    """
    files = {
        f"{name}.rec": proven.entry.rec,
        f"{name}.tlog-proof": tlog_proof(proven.entry.index, proven.path, note).encode(),
    }
    payload = proven.payload
    if payload is not None and payload.raw is not None:
        salts: dict[str, Any] = {"message": payload.salt.hex()}
        return {**files, f"{name}.fact.json": payload.raw, f"{name}.salts.json": json_lines(salts)}
    remains = payload.remains if payload is not None else None
    if remains is None or remains.plain is None or proven.rec.plain is None:
        return files
    fields = {path: [field.salt.hex(), field.values.decode()] for path, field in remains.fields.items()}
    return {
        **files,
        f"{name}.plain.json": remains.plain,
        f"{name}.salts.json": json_lines({"plain": remains.salt.hex(), "fields": fields}),
    }
