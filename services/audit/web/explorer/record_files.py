"""The files that a record names: listed with it, and opened by whoever may read the record.

Invariant: a file is given under the record that names it, checked against the hash there; what was erased is said to be,
with when and on which basis.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Path
from fastapi.responses import Response

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import Record
from shared.facts.body import FactBody
from shared.facts.file import SHA256, MadeFromRecord, origin_in
from shared.files.sending import no_such_file, send_file
from shared.files.store import FileErasure, FileStore

HashRef = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the file, hex")]


class RecordFile(NamedTuple):
    sha256: str
    name: str | None
    bytes: int
    erasure: FileErasure | None
    origin: MadeFromRecord | bool | None
    """As intake read it from its seal when it was handed in; None where nobody has looked."""


@dataclass(frozen=True)
class RecordFiles:
    reader: TrailReader
    store: FileStore
    zone: ZoneInfo

    async def of(self, record: Record) -> list[RecordFile]:
        named = _named_in(record)
        erased = await self.store.erasures(named)
        return [
            RecordFile(
                sha256,
                file.text("name"),
                int(file.number("bytes") or 0),
                erased.get(sha256),
                origin_in(file),
            )
            for sha256, file in named.items()
        ]

    async def send(self, index: int, sha256: str) -> Response:
        """Raises NotInTrail, Problem."""
        named = _named_in(await self.reader.records.record(index))
        if sha256 not in named:
            raise no_such_file()
        return await send_file(self.store, sha256, named[sha256].text("name"), self.zone)


def _named_in(record: Record) -> dict[str, FactBody]:
    files = FactBody(record.fact or {}).part("data").parts("files")
    return {sha256: file for file in files if (sha256 := file.text("sha256")) is not None}
