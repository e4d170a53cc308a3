"""The store itself as a source to check or export from, without a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.audit.checking.sources import SourceError, TrailSource, TrailUnreachable
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail
from services.audit.records.history import HISTORY_LIMIT
from services.audit.records.line import Detail
from services.audit.records.search_terms import Macs
from services.audit.records.stored import StoredRecord
from services.audit.records.timestamp import Stamp
from services.audit.store.calls import StoreError
from shared.tlog import layout
from shared.tlog.layout import ENTRIES, TILE_WIDTH, LayoutError, TileId


@contextmanager
def _source_faults() -> Iterator[None]:
    """What the store or the trail can't answer, in the words of a source."""
    try:
        yield
    except StoreError as error:
        raise TrailUnreachable(str(error)) from None
    except (NotInTrail, LayoutError) as error:
        raise SourceError(str(error)) from None


class StoreSource(TrailSource):
    """The store itself, without a service. A bundle is kept until the next."""

    def __init__(self, reader: TrailReader) -> None:
        self._reader = reader
        self._size = 0
        self._bundle: dict[int, StoredRecord] = {}

    async def checkpoint(self) -> bytes:
        with _source_faults():
            return (await self._reader.checkpoints.newest()).note.encode()

    async def tile(self, tile: TileId) -> bytes:
        with _source_faults():
            if layout.width_in(tile.level, tile.number, self._size) < tile.width:
                self._size = (await self._reader.checkpoints.newest()).size
            if tile.level != ENTRIES or layout.width_in(tile.level, tile.number, self._size) < tile.width:
                return await self._reader.proofs.tile(tile, self._size)
            start = tile.number * TILE_WIDTH
            entries = await self._reader.records.between(start, start + tile.width)
            self._bundle = {entry.index: entry for entry in entries}
            return layout.bundle_bytes([entry.rec for entry in entries])

    async def details(self, start: int, end: int) -> list[Detail]:
        with _source_faults():
            entries = [self._bundle[index] for index in range(start, end) if index in self._bundle]
            if len(entries) < end - start:
                entries = await self._reader.records.between(start, end)
            payloads = await self._reader.records.payloads([entry.index for entry in entries])
        return [
            Detail(entry.index, entry.rec, entry.fields, payloads.get(entry.index), entry.leaf)
            for entry in entries
        ]

    async def history(self) -> list[bytes]:
        return await self._reader.checkpoints.notes_before(HISTORY_LIMIT)

    async def timestamps(self) -> list[Stamp]:
        return await self._reader.checkpoints.timestamps()

    async def sealed_checkpoint(self, quorum: int, /) -> bytes | None:
        signed = await self._reader.checkpoints.sealed(quorum)
        return signed.note.encode() if signed else None

    async def acts(self) -> list[int]:
        with _source_faults():
            return await self._reader.records.listed_acts()

    async def search_faults(self, size: int, macs: Macs | None) -> list[tuple[int | None, str]]:
        """(Record, words): what is wrong with the search index, which only the store shows. `macs`: None
        leaves the words unchecked.
        """
        found: list[tuple[int | None, str]] = []
        with _source_faults():
            await self._reader.check_search(size, lambda index, words: found.append((index, words)), macs)
        return found
