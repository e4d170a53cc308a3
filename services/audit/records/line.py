"""A record and its payload as one line of JSON: what an export holds and the verifier reads.

Invariant: a line holds all that a record's digest and search fields are made of, and its hashed bytes
unchanged.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from services.audit.records.payloads import Payload, PersonalField, Remains
from services.audit.records.stored import SignedCheckpoint, StoredRecord


class ExportError(ValueError):
    """A line that is none. Says what is wrong."""


@dataclass(frozen=True)
class Detail:
    """What stands beside a record's hashed bytes: its search fields, and its payload (None where it is
    gone).
    """

    index: int
    rec: bytes
    fields: dict[str, Any]
    payload: Payload | None
    leaf: bytes | None = None
    """The hash that is stored beside it, where there is one."""


def checkpoint_line(signed: SignedCheckpoint) -> bytes:
    return orjson.dumps({"checkpoint": signed.note}) + b"\n"


def export_line(entry: StoredRecord, payload: Payload | None, path: Sequence[bytes] | None = None) -> bytes:
    """`path`: from the record to the root of the checkpoint, where the line is to be proven by itself."""
    line: dict[str, Any] = {"index": entry.index, "rec": entry.rec.decode(), "fields": entry.fields}
    if payload is not None:
        payload_line: dict[str, Any] = {
            "raw": None if payload.raw is None else base64.b64encode(payload.raw).decode(),
            "salt": payload.salt.hex(),
            "actor_salt": payload.actor_salt.hex() if payload.actor_salt else None,
        }
        if payload.remains is not None:
            payload_line["remains"] = _remains_line(payload.remains)
        line["payload"] = payload_line
    if path is not None:
        line["proof"] = [node_hash.hex() for node_hash in path]
    return orjson.dumps(line) + b"\n"


class _LinePayload(msgspec.Struct, gc=False):
    salt: str
    raw: bytes | None
    """Base64 in the line."""
    actor_salt: str | None
    remains: dict[str, Any] | None = None


class _Line(msgspec.Struct):
    index: int
    rec: str
    fields: dict[str, Any]
    payload: _LinePayload | None = None


_decode = msgspec.json.Decoder(_Line).decode


def read_line(raw: bytes) -> Detail | None:
    """None for the lines of the checkpoint and of the end."""
    try:
        line = _decode(raw)
    except (msgspec.MsgspecError, ValueError) as error:
        return _other_line(raw, error)
    try:
        return Detail(
            line.index,
            line.rec.encode(),
            line.fields,
            None if line.payload is None else _payload(line.index, line.payload),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _no_line(raw, error) from None


def _other_line(raw: bytes, why: Exception) -> None:
    try:
        line: dict[str, Any] = orjson.loads(raw)
        if "checkpoint" in line or "end" in line:
            return
    except (orjson.JSONDecodeError, TypeError) as error:
        raise _no_line(raw, error) from None
    raise _no_line(raw, why)


def _no_line(raw: bytes, error: Exception) -> ExportError:
    return ExportError(f"this is no line of an export ({type(error).__name__}: {error}): {raw[:60]!r}")


def _payload(index: int, line: _LinePayload) -> Payload:
    return Payload(
        index,
        line.raw,
        bytes.fromhex(line.salt),
        bytes.fromhex(line.actor_salt) if line.actor_salt else None,
        None if line.remains is None else _remains(line.remains),
    )


def _remains_line(remains: Remains) -> dict[str, Any]:
    """`plain` and `values` as text: they are what was hashed, byte for byte."""
    return {
        "kind": remains.kind,
        "plain": None if remains.plain is None else remains.plain.decode(),
        "salt": remains.salt.hex(),
        "fields": {
            path: {"salt": field.salt.hex(), "values": field.values.decode()}
            for path, field in remains.fields.items()
        },
    }


def _remains(line: dict[str, Any]) -> Remains:
    left = {
        path: PersonalField(bytes.fromhex(field["salt"]), field["values"].encode())
        for path, field in line["fields"].items()
    }
    return Remains(
        line["kind"],
        None if line["plain"] is None else line["plain"].encode(),
        bytes.fromhex(line["salt"]),
        left,
    )
