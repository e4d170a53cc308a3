"""The files that a case's records name, for its bundle.

Invariant: a file is put in only as its hash says it is, read whole before. What is not there any more, or is not what
it was, is left out: the verifier names each file that a record names and the bundle does not hold. All files of a
bundle together have a bound; the smaller ones come first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from services.audit.evidence.bundle.evidence import ProvenRecord
from shared.facts.file import MB
from shared.files.kinds import ENDINGS
from shared.files.store import FileDamagedError, FileEntry, FileStore

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_BYTES = 256 * MB
"""Of all files in one bundle; the verifier holds a bundle in memory."""


@dataclass(frozen=True)
class AttachedFile:
    entry: FileEntry

    @property
    def path(self) -> str:
        return f"files/{self.entry.name}.{ENDINGS[self.entry.type][0]}"


async def attached_files(store: FileStore, records: Iterable[ProvenRecord]) -> tuple[AttachedFile, ...]:
    """Raises NatsError or TimeoutError where the broker does not answer."""
    named = dict.fromkeys(
        sha256
        for proven in records
        for file in proven.data.parts("files")
        if (sha256 := file.text("sha256")) is not None
    )
    entries: list[FileEntry] = []
    for sha256 in named:
        try:
            entry = await store.entry(sha256)
            if entry is not None and not entry.deleted:
                await _read_whole(store, entry)
                entries.append(entry)
        except FileDamagedError as error:
            log.critical("file_damaged", error=str(error), next="restore the object store FILES")
    attached: list[AttachedFile] = []
    size = 0
    for entry in sorted(entries, key=lambda entry: (entry.size, entry.name)):
        size += entry.size
        if size <= MOST_BYTES:
            attached.append(AttachedFile(entry))
    return tuple(sorted(attached, key=lambda file: file.path))


async def _read_whole(store: FileStore, entry: FileEntry) -> None:
    async for _ in store.read(entry):
        continue
