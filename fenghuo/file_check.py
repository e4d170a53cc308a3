"""Lays every file that a fact names beside what is stored under its hash.

Invariant: a file is whole only where its bytes have been read and make its hash; each that is not is named, with
the case and the fact that named it first. One that is said to be erased is, only where an order on record says so.
Only reading.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from nats.aio.client import Client
from pydantic import TypeAdapter, ValidationError

from shared.broker.walk import walk
from shared.facts import Fact, FactError, FileRef
from shared.facts.authenticity import distrust
from shared.facts.keeping import Redacted
from shared.files.store import FileDamagedError, FileStore
from shared.streams import FACTS
from shared.vocabulary import Kind, Role

_MARK = b'"sha256"'
_files: TypeAdapter[tuple[FileRef, ...]] = TypeAdapter(tuple[FileRef, ...])


class FileDamage(StrEnum):
    MISSING = "missing"
    ALTERED = "altered"
    ERASED_WITHOUT_ORDER = "erased_without_order"


@dataclass(frozen=True)
class NamedFile:
    sha256: str
    name: str
    case: str
    sequence: int
    """Of the fact that named it first."""


@dataclass
class FilesChecked:
    whole: int = 0
    erased: list[NamedFile] = field(default_factory=list[NamedFile])
    faults: list[tuple[FileDamage, NamedFile]] = field(default_factory=list[tuple[FileDamage, NamedFile]])


@dataclass
class FilesOnRecord:
    named: dict[str, NamedFile] = field(default_factory=dict[str, NamedFile])
    """By hash."""
    ordered: set[str] = field(default_factory=set[str])
    """Those whose content somebody was ordered to erase."""

    def take(self, fact: Fact, sequence: int) -> None:
        """Raises ValidationError."""
        if fact.kind == Kind.REDACTED:
            order = Redacted.model_validate(fact.data)
            if order.by.role is Role.REDACTOR:
                self.ordered.update(sha256 for entry in order.entries for sha256 in entry.files)
            return
        for file in _files.validate_python(fact.data.get("files") or ()):
            named = NamedFile(file.sha256, file.name or "", fact.subject or "", sequence)
            self.named.setdefault(file.sha256, named)


async def files_on_record(connection: Callable[[], Client]) -> FilesOnRecord:
    """From the authentic facts of the broker's stream. Raises NatsError or TimeoutError."""
    record = FilesOnRecord()
    async for message in walk(connection, FACTS, "fact.*.*"):
        if _MARK not in message.data and not message.subject.endswith(f".{Kind.REDACTED}"):
            continue
        try:
            fact = Fact.read(message.data)
            if distrust(message.subject, message.headers, fact) is None:
                record.take(fact, message.sequence)
        except (FactError, ValidationError):
            continue
    return record


async def check_files(connection: Callable[[], Client]) -> FilesChecked:
    """Raises NatsError or TimeoutError."""
    store, checked = FileStore(connection), FilesChecked()
    record = await files_on_record(connection)
    for file in record.named.values():
        try:
            entry = await store.entry(file.sha256)
            if entry is None:
                checked.faults.append((FileDamage.MISSING, file))
            elif entry.deleted and file.sha256 not in record.ordered:
                checked.faults.append((FileDamage.ERASED_WITHOUT_ORDER, file))
            elif entry.deleted:
                checked.erased.append(file)
            else:
                async for _ in store.read(entry):
                    continue
                checked.whole += 1
        except FileDamagedError:
            checked.faults.append((FileDamage.ALTERED, file))
    return checked
