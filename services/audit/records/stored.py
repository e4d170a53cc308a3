"""A record and a checkpoint as the store holds them: values that every room of the audit hands on."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StoredRecord:
    """A record as the store holds it. `fields` are not hashed."""

    index: int
    rec: bytes
    leaf: bytes
    fields: dict[str, Any]


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint as it was signed; `number` counts them from 0."""

    number: int
    size: int
    root: bytes
    time: str
    note: str
