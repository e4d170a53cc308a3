"""A record and its payload as one line of JSON: what an export holds and the verifier reads.

Invariant: a line holds all that a record's digest and search fields are made of, and its hashed bytes unchanged.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from services.audit.records.payloads import Field, Payload, Remains
from services.audit.store.trail import Signed, Stored


class ExportError(ValueError):
    """A line that is none. Says what is wrong."""


@dataclass(frozen=True)
class Detail:
    """What stands beside a record's hashed bytes: its search fields, and its payload (None where it is gone)."""

    index: int
    rec: bytes
    fields: dict[str, Any]
    payload: Payload | None
    leaf: bytes | None = None
    """The hash that is stored beside it, where there is one."""


def checkpoint_line(signed: Signed) -> bytes:
    return orjson.dumps({"checkpoint": signed.note}) + b"\n"


def export_line(entry: Stored, payload: Payload | None, path: Sequence[bytes] | None = None) -> bytes:
    """`path`: from the record to the root of the checkpoint, where the line is to be proven by itself."""
    line: dict[str, Any] = {"index": entry.index, "rec": entry.rec.decode(), "fields": entry.fields}
    if payload is not None:
        held: dict[str, Any] = {
            "raw": None if payload.raw is None else base64.b64encode(payload.raw).decode(),
            "salt": payload.salt.hex(),
            "actor_salt": payload.actor_salt.hex() if payload.actor_salt else None,
        }
        if payload.remains is not None:
            held["remains"] = _remains_line(payload.remains)
        line["payload"] = held
    if path is not None:
        line["proof"] = [one.hex() for one in path]
    return orjson.dumps(line) + b"\n"


def read_line(raw: bytes) -> Detail | None:
    """None for the lines of the checkpoint and of the end."""
    try:
        line: dict[str, Any] = orjson.loads(raw)
        if "checkpoint" in line or "end" in line:
            return None
        index, payload = line["index"], line.get("payload")
        return Detail(index, line["rec"].encode(), line["fields"], None if payload is None else _payload(index, payload))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise ExportError(f"this is no line of an export ({type(error).__name__}: {error}): {raw[:60]!r}") from None


def _payload(index: int, held: dict[str, Any]) -> Payload:
    raw, actor_salt, remains = held["raw"], held["actor_salt"], held.get("remains")
    return Payload(
        index,
        None if raw is None else base64.b64decode(raw, validate=True),
        bytes.fromhex(held["salt"]),
        bytes.fromhex(actor_salt) if actor_salt else None,
        None if remains is None else _remains(remains),
    )


def _remains_line(remains: Remains) -> dict[str, Any]:
    """`plain` and `values` as text: they are what was hashed, byte for byte."""
    return {
        "kind": remains.kind,
        "plain": None if remains.plain is None else remains.plain.decode(),
        "salt": remains.salt.hex(),
        "fields": {path: {"salt": field.salt.hex(), "values": field.values.decode()} for path, field in remains.fields.items()},
    }


def _remains(held: dict[str, Any]) -> Remains:
    left = {path: Field(bytes.fromhex(one["salt"]), one["values"].encode()) for path, one in held["fields"].items()}
    return Remains(held["kind"], None if held["plain"] is None else held["plain"].encode(), bytes.fromhex(held["salt"]), left)
