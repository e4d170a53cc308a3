"""A record and its payload as one line of JSON: what an export holds and the verifier reads.

Invariant: a line holds all that a record's digest and search fields are made of, and its hashed bytes unchanged.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from services.audit.trail import Payload, Signed, Stored


class ExportError(ValueError):
    """A line that is none. Says what is wrong."""


@dataclass(frozen=True)
class Detail:
    """What stands beside a record's hashed bytes: its search fields, and its payload (None where it is gone)."""

    index: int
    rec: bytes
    fields: dict[str, Any]
    payload: Payload | None


def checkpoint_line(signed: Signed) -> bytes:
    return orjson.dumps({"checkpoint": signed.note}) + b"\n"


def export_line(entry: Stored, payload: Payload | None) -> bytes:
    line: dict[str, Any] = {"index": entry.index, "rec": entry.rec.decode(), "fields": entry.fields}
    if payload is not None:
        line["payload"] = {
            "raw": None if payload.raw is None else base64.b64encode(payload.raw).decode(),
            "salt": payload.salt.hex(),
            "actor": payload.actor,
            "actor_salt": payload.actor_salt.hex() if payload.actor_salt else None,
            "text": payload.text,
        }
    return orjson.dumps(line) + b"\n"


def read_line(raw: bytes) -> Detail | None:
    """None for the line of the checkpoint."""
    try:
        line: dict[str, Any] = orjson.loads(raw)
        if "checkpoint" in line:
            return None
        index, payload = line["index"], line.get("payload")
        return Detail(index, line["rec"].encode(), line["fields"], None if payload is None else _payload(index, payload))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise ExportError(f"this is no line of an export ({type(error).__name__}: {error}): {raw[:60]!r}") from None


def _payload(index: int, held: dict[str, Any]) -> Payload:
    raw, actor_salt = held["raw"], held["actor_salt"]
    return Payload(
        index,
        None if raw is None else base64.b64decode(raw, validate=True),
        bytes.fromhex(held["salt"]),
        held["actor"],
        bytes.fromhex(actor_salt) if actor_salt else None,
        held["text"],
    )
