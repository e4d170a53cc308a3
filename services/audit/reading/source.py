"""The store itself as a source to check or export from, without a service."""

from services.audit.checking.sources import SourceError, Unreachable
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail
from services.audit.records.history import HISTORY_LIMIT
from services.audit.records.line import Detail
from services.audit.records.search_terms import Macs
from services.audit.records.stored import Stored
from services.audit.records.timestamp import Stamp
from services.audit.store.calls import StoreError
from shared.tlog import layout
from shared.tlog.layout import ENTRIES, TILE_WIDTH, LayoutError, TileId

_PAGE = 500


async def tile_content(reader: TrailReader, tile: TileId, known: int | None = None) -> bytes:
    """The bytes of a tile or an entry bundle. Raises NotInTrail beyond the last checkpoint. `known`: its
    size, where it was just read.
    """
    size = (await reader.checkpoint()).size if known is None else known
    if layout.width_in(tile.level, tile.number, size) < tile.width:
        raise NotInTrail(f"{layout.path_of(tile)}: the last checkpoint of {size} does not reach so far")
    if tile.level == ENTRIES:
        start = tile.number * layout.TILE_WIDTH
        return layout.bundle_bytes([entry.rec for entry in await reader.stored(start, start + tile.width)])
    return layout.tile_bytes(await reader.tile(tile))


async def recent_notes(reader: TrailReader, limit: int) -> list[bytes]:
    """The last `limit` checkpoints before the newest, the oldest first."""
    newest = (await reader.checkpoint()).number
    notes: list[bytes] = []
    for start in range(max(0, newest - limit), newest, _PAGE):
        notes += [
            signed.note.encode() for signed in await reader.checkpoints(start, min(newest, start + _PAGE))
        ]
    return notes


class StoreSource:
    """The store itself, without a service. A bundle is kept until the next."""

    def __init__(self, reader: TrailReader) -> None:
        self._reader = reader
        self._size = 0
        self._bundle: dict[int, Stored] = {}

    async def acts(self) -> list[int]:
        """The holds and redactions the store lists, by which it is known what may be erased."""
        try:
            return await self._reader.listed_acts()
        except StoreError as error:
            raise Unreachable(str(error)) from None

    async def checkpoint(self) -> bytes:
        try:
            return (await self._reader.checkpoint()).note.encode()
        except StoreError as error:
            raise Unreachable(str(error)) from None
        except NotInTrail as error:
            raise SourceError(str(error)) from None

    async def tile(self, tile: TileId) -> bytes:
        try:
            if layout.width_in(tile.level, tile.number, self._size) < tile.width:
                self._size = (await self._reader.checkpoint()).size
            if tile.level != ENTRIES or layout.width_in(tile.level, tile.number, self._size) < tile.width:
                return await tile_content(self._reader, tile, self._size)
            start = tile.number * TILE_WIDTH
            entries = await self._reader.stored(start, start + tile.width)
            self._bundle = {entry.index: entry for entry in entries}
            return layout.bundle_bytes([entry.rec for entry in entries])
        except StoreError as error:
            raise Unreachable(str(error)) from None
        except (NotInTrail, LayoutError) as error:
            raise SourceError(str(error)) from None

    async def details(self, start: int, end: int) -> list[Detail]:
        try:
            entries = [self._bundle[index] for index in range(start, end) if index in self._bundle]
            if len(entries) < end - start:
                entries = await self._reader.stored(start, end)
            payloads = await self._reader.payloads([entry.index for entry in entries])
        except StoreError as error:
            raise Unreachable(str(error)) from None
        except NotInTrail as error:
            raise SourceError(str(error)) from None
        return [
            Detail(entry.index, entry.rec, entry.fields, payloads.get(entry.index), entry.leaf)
            for entry in entries
        ]

    async def history(self) -> list[bytes]:
        return await recent_notes(self._reader, HISTORY_LIMIT)

    async def timestamps(self) -> list[Stamp]:
        return await self._reader.timestamps()

    async def search_faults(self, size: int, macs: Macs | None) -> list[tuple[int | None, str]]:
        """(Record, words): what is wrong with the search index, which only the store shows. `macs`: None
        leaves the words unchecked.
        """
        found: list[tuple[int | None, str]] = []
        try:
            await self._reader.check_search(size, lambda index, words: found.append((index, words)), macs)
        except StoreError as error:
            raise Unreachable(str(error)) from None
        return found

    async def sealed_checkpoint(self, quorum: int) -> bytes | None:
        signed = await self._reader.sealed_checkpoint(quorum)
        return signed.note.encode() if signed else None
