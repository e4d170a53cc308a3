"""Which records an order to erase a file's content must name: every one, of every case, whose fact names the file.

Invariant: a content lies in the store once for all cases, so that an order for one of them alone is none: erased here,
it would be gone there without a word.
"""

from collections.abc import Iterable, Sequence

from services.audit.reading.reader import TrailReader
from services.audit.records.keeping import Erasure
from services.audit.records.payloads import Payload
from services.audit.records.stored import StoredRecord
from shared.facts.body import FactBody
from shared.files.store import FileStore
from shared.message import N_, said
from shared.problems import Problem

NOT_NAMED = N_("none of these records names file %(hash)s: take a hash from the files of the case")
NOT_COVERED = N_(
    "Case %(case)s names the same file, and no checkpoint covers its records yet: ask again in a moment."
)


def files_in(payload: Payload | None) -> set[str]:
    """The hashes that a fact names."""
    envelope = payload.envelope if payload is not None else {}
    named = FactBody(envelope).part("data").parts("files")
    return {sha256 for file in named if (sha256 := file.text("sha256")) is not None}


class FileOrders:
    def __init__(self, reader: TrailReader, files: FileStore) -> None:
        self._reader, self._files = reader, files

    async def is_open(self, sha256: str, erasures: Sequence[Erasure]) -> bool:
        """Whether some case that names it has no order yet."""
        ordered = {erasure.case for erasure in erasures}
        return not ordered or bool(await self._files.cases_of(sha256) - ordered)

    async def naming(
        self, hashes: Iterable[str], asked: Sequence[StoredRecord]
    ) -> dict[str, dict[int, set[str]]]:
        """By case and record, the hashes to be erased. Raises Problem 409, 422; NatsError, TimeoutError."""
        wanted = set(hashes)
        named = await self._named_by(asked)
        if unnamed := wanted - {sha256 for files in named.values() for sha256 in files}:
            words = said(NOT_NAMED, hash=min(unnamed))
            raise Problem(422, N_("Invalid request"), words, errors=[("files", words)])
        cases = {entry.fields["case"] for entry in asked if named[entry.index] & wanted}
        for sha256 in wanted:
            cases |= await self._files.cases_of(sha256)
        return {case: await self._of_case(case, wanted) for case in sorted(cases)}

    async def _of_case(self, case: str, wanted: set[str]) -> dict[int, set[str]]:
        size = (await self._reader.checkpoints.newest()).size
        records = await self._reader.records.of_case(case, size)
        if not records:
            raise Problem(409, N_("Not on record yet"), said(NOT_COVERED, case=case))
        named = await self._named_by(records)
        naming = {index: both for index, files in named.items() if (both := files & wanted)}
        # Where the messages that named it were erased whole, the order stands by the case's first record.
        return naming or {records[0].index: wanted}

    async def _named_by(self, records: Sequence[StoredRecord]) -> dict[int, set[str]]:
        payloads = await self._reader.records.payloads([entry.index for entry in records])
        return {entry.index: files_in(payloads.get(entry.index)) for entry in records}
