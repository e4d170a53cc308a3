"""Checks an exported file of lines against the pinned key alone: that it is whole, and that each line is what
the trail has there.

Invariant: memory is one line and the tree's few peaks. A line is proven by its own path to the signed root;
an export of the whole trail, which has no paths, by the root that all its lines make.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.audit.records import fields
from services.audit.records.line import Detail, ExportError, read_line
from services.audit.records.payload_check import missing_of, payload_faults
from services.audit.records.record import Rec, RecordError
from shared.tlog import checkpoint
from shared.tlog.checkpoint import Checkpoint, CheckpointError
from shared.tlog.merkle import Edge, ProofError, leaf_hash, verify_inclusion
from shared.tlog.note import Verifier

_FAULTS = 50


@dataclass
class ExportVerdict:
    records: int = 0
    proven: int = 0
    without_message: int = 0
    """Erased in whole or in part; why stands in the trail."""
    size: int = 0
    criteria: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[tuple[int | None, str]] = field(default_factory=list[tuple[int | None, str]])
    """(record, what is wrong), the first fifty."""

    @property
    def holds(self) -> bool:
        return not self.faults


def check_export(lines: Iterable[bytes], key: Verifier) -> ExportVerdict:
    verdict = ExportVerdict()
    try:
        _check(iter(lines), key, verdict)
    except (CheckpointError, ExportError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        verdict.faults.append((None, f"the file can't be read: {error}"))
    return verdict


def _check(lines: Iterator[bytes], key: Verifier, verdict: ExportVerdict) -> None:
    signed = checkpoint.read(orjson.loads(next(lines, b"{}"))["checkpoint"].encode(), key)
    verdict.size = signed.size
    own, unproven, ended = Edge(), 0, None
    for line in lines:
        if ended is not None:
            raise ExportError("something stands behind the end of the export")
        detail = read_line(line)
        if detail is None:
            ended = orjson.loads(line)["end"]
            continue
        own.append(leaf_hash(detail.rec))
        verdict.records += 1
        path = orjson.loads(line).get("proof")
        faults = _line_faults(detail, path, signed, verdict)
        verdict.faults += [(detail.index, words) for words in faults][: _FAULTS - len(verdict.faults)]
        unproven += path is None
    _conclude(verdict, signed, ended, unproven, own)


def _line_faults(
    detail: Detail, path: list[str] | None, signed: Checkpoint, verdict: ExportVerdict
) -> list[str]:
    try:
        rec = Rec.read(detail.rec)
        if path is not None:
            verify_inclusion(
                detail.index,
                signed.size,
                leaf_hash(detail.rec),
                [bytes.fromhex(hash_text) for hash_text in path],
                signed.root,
            )
            verdict.proven += 1
    except (RecordError, ProofError, ValueError) as error:
        return [f"{error}"]
    verdict.without_message += bool(missing_of(rec, detail.payload))
    faults = payload_faults(rec, detail.payload)
    if rec.index != detail.index:
        faults.append(f"it says it is record {rec.index}")
    if not faults and detail.fields.get("kind") != fields.kind_of(rec):
        faults.append("its search fields are not its own")
    return faults


def _conclude(
    verdict: ExportVerdict, signed: Checkpoint, ended: dict[str, Any] | None, unproven: int, own: Edge
) -> None:
    if ended is None:
        verdict.faults.append((None, "the export has no end: it broke off"))
        return
    verdict.criteria = {str(name): str(value) for name, value in ended["criteria"].items()}
    if ended["records"] != verdict.records:
        verdict.faults.append(
            (
                None,
                f"the export says it has {ended['records']} records and has {verdict.records}: lines were removed or added",
            )
        )
    if not unproven:
        return
    if verdict.records == signed.size and own.root() == signed.root:
        verdict.proven = verdict.records
    else:
        words = f"{unproven} records can't be proven from this file: export with --proofs, or the whole trail (--to)"
        verdict.faults.append((None, words))
