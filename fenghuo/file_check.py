"""Lays every file that a fact names beside what is stored under its hash.

Invariant: a file is whole only where its bytes have been read and make its hash; each that is not is named, with
the case and the fact that named it first. Only reading.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from nats.aio.client import Client
from pydantic import TypeAdapter, ValidationError

from shared.broker.walk import walk
from shared.facts import Fact, FactError, FileRef
from shared.facts.authenticity import distrust
from shared.files.store import FileDamagedError, FileStore
from shared.streams import FACTS

_MARK = b'"sha256"'
_files: TypeAdapter[tuple[FileRef, ...]] = TypeAdapter(tuple[FileRef, ...])


class FileDamage(StrEnum):
    MISSING = "missing"
    ALTERED = "altered"


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


async def named_files(connection: Callable[[], Client]) -> dict[str, NamedFile]:
    """By hash, from the authentic facts of the broker's stream. Raises NatsError or TimeoutError."""
    named: dict[str, NamedFile] = {}
    async for message in walk(connection, FACTS, "fact.*.*"):
        if _MARK not in message.data:
            continue
        try:
            fact = Fact.read(message.data)
            files = _files.validate_python(fact.data.get("files") or ())
        except (FactError, ValidationError):
            continue
        if distrust(message.subject, message.headers, fact) is None:
            for file in files:
                found = NamedFile(file.sha256, file.name or "", fact.subject or "", message.sequence)
                named.setdefault(file.sha256, found)
    return named


async def check_files(connection: Callable[[], Client]) -> FilesChecked:
    """Raises NatsError or TimeoutError."""
    store, checked = FileStore(connection), FilesChecked()
    for file in (await named_files(connection)).values():
        try:
            entry = await store.entry(file.sha256)
            if entry is None:
                checked.faults.append((FileDamage.MISSING, file))
            elif entry.deleted:
                checked.erased.append(file)
            else:
                async for _ in store.read(entry):
                    continue
                checked.whole += 1
        except FileDamagedError:
            checked.faults.append((FileDamage.ALTERED, file))
    return checked
