"""Writes the search index behind the sequencer: each block of records as soon as a checkpoint covers it
whole, then what it rolls up to.

Invariant: a tile is written once, from what the records say, and is the same whoever writes it; so it may die
anywhere and go on. It is never in the way: it works in small slices, rests several times as long while facts
come in, and searches do without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.audit.records import search_tiles as tiles
from services.audit.records.fields import searched_words
from services.audit.records.record import RecordError
from services.audit.records.search_terms import Macs, terms_of_entry
from services.audit.records.search_tiles import BLOCK, FAN, Block, Tile, TileError
from services.audit.records.stored import StoredRecord
from services.audit.store.calls import StoreError
from services.audit.store.trail import Trail
from shared.concurrent import happens

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SLICE = 32
"""Records worked on before others get their turn: some milliseconds."""
_WINDOW = 128
_REST_WHILE_BUSY, _REST = 4.0, 0.3
"""Rest after each piece of work, as a multiple of the time it took."""
_PATIENCE = 5.0
"""Seconds after a store that did not answer."""
_BEGINS = 0.5
"""Seconds between looks for a first record."""
_LOOKS_AGAIN = 3_600.0
"""Seconds after which it looks for tiles that an erasure elsewhere has removed."""


class SearchIndexer:
    """`covered`: how many records a checkpoint covers. `macs`: None leaves words out. `step` is told after
    each write.
    """

    def __init__(
        self,
        trail: Trail,
        macs: Macs | None,
        covered: Callable[[], Awaitable[int]],
        *,
        rests: bool = True,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.quiet = asyncio.Lock()
        """Whoever erases holds it while payload and words' tiles go, so that no words are written from a
        payload just erased.
        """
        self.indexed: int = 0
        """All records below are in tiles of level 0."""
        self._trail, self._store, self._macs, self._covered, self._step = (
            trail,
            trail.search,
            macs,
            covered,
            step,
        )
        self._wake, self._rests = asyncio.Event(), rests
        self._size = 0

    def erased(self) -> None:
        """Tiles of words were removed: build them again, without what was erased."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
                await self._until_more()
            except StoreError as error:
                log.warning("search_index_waits", why=str(error)[:300])
                await asyncio.sleep(_PATIENCE)
            except Exception:
                # Searches do without an index; the trail must not stop being written for it.
                log.exception("search_index_failed", next="trying again")
                await asyncio.sleep(_PATIENCE)

    async def catch_up(self) -> None:
        """Look for every tile there should be, and write those that are missing."""
        while not (size := await self._covered()):
            await happens(self._wake, _BEGINS)
        self._size = size
        missing = await self._missing(list(tiles.blocks_below(self._size)))
        for block in missing:
            await self._timed(block)
        self.indexed = self._size // BLOCK * BLOCK
        if missing:
            log.info("search_indexed", records=self.indexed, blocks=len(missing))

    async def _until_more(self) -> None:
        """Follow the trail's right edge, until it is time to look for holes again."""
        ends_at = asyncio.get_running_loop().time() + _LOOKS_AGAIN
        while asyncio.get_running_loop().time() < ends_at and not self._wake.is_set():
            self._size = await self._covered()
            if self.indexed + BLOCK > self._size:
                await happens(self._wake, 1.0)
                continue
            block: Block | None = Block(0, self.indexed // BLOCK)
            end = block.end
            while block is not None and block.end <= end:
                await self._timed(block)
                block = block.parent()
            self.indexed = end

    async def _missing(self, blocks: Sequence[Block]) -> list[Block]:
        """Those that lack a tile, in the order they are built in."""
        there = await self._store.stored_keys(
            [key for block in blocks for key in tiles.keys_of(block)], words=False
        )
        words: set[int] = set()
        if self._macs is not None:
            name = self._macs.name
            words = await self._store.stored_keys(
                [key for block in blocks for key in tiles.keys_of(block, name)], words=True
            )
        return [block for block in blocks if not self._is_whole(block, there, words)]

    def _is_whole(self, block: Block, there: set[int], words: set[int]) -> bool:
        fields = there.issuperset(tiles.keys_of(block))
        return fields and (self._macs is None or words.issuperset(tiles.keys_of(block, self._macs.name)))

    # --- building
    # -------------------------------------------------------------------------------------------------------

    async def _timed(self, block: Block) -> None:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self._size
        async with self.quiet:
            if block.level == 0:
                await self._build(block)
            else:
                await self._roll_up(block, words=False)
                if self._macs is not None:
                    await self._roll_up(block, words=True)
        if not self._rests:
            return
        took = loop.time() - began
        is_busy = await self._covered() > before
        await asyncio.sleep(took * (_REST_WHILE_BUSY if is_busy else _REST))

    async def _build(self, block: Block) -> None:
        fields: Tile = {}
        words: Tile = {}
        for start in range(block.start, block.end, _WINDOW):
            entries = await self._trail.entries.between(start, min(start + _WINDOW, block.end))
            payloads = (
                await self._trail.payloads.at([entry.index for entry in entries])
                if self._macs is not None
                else {}
            )
            for number, entry in enumerate(entries):
                self._mark(fields, entry, block)
                if self._macs is not None and (payload := payloads.get(entry.index)) is not None:
                    tiles.mark(
                        words, entry.index - block.start, self._macs.of_text(searched_words(payload.envelope))
                    )
                if number % _SLICE == _SLICE - 1:
                    await asyncio.sleep(0)
        await self._store.insert({tiles.key_of(block, 0): tiles.write(fields)}, words=False)
        self._step("search fields")
        if self._macs is not None:
            await self._store.insert(
                {tiles.key_of(block, 0, self._macs.name): tiles.write(words)}, words=True
            )
            self._step("search words")

    def _mark(self, fields: Tile, entry: StoredRecord, block: Block) -> None:
        try:
            tiles.mark(fields, entry.index - block.start, terms_of_entry(entry))
        except RecordError as error:
            log.error(
                "record_not_indexed",
                record=entry.index,
                why=str(error),
                next="`fenghuo trail verify` says what was done to it",
            )

    async def _roll_up(self, block: Block, *, words: bool) -> None:
        """Bucket by bucket of the level below, each into sixteen."""
        name = self._macs.name if words and self._macs is not None else 0
        children = block.children()
        for bucket in range(children[0].buckets):
            keys = [tiles.key_of(child, bucket, name) for child in children]
            contents = await self._store.find(keys, words=words)
            if len(contents) < FAN:
                # Erased in this moment, or deleted: what is missing is found and built first at the next
                # look.
                self._wake.set()
                return
            rolled: list[Tile] = [{} for _ in range(FAN)]
            try:
                for position, key in enumerate(keys):
                    tiles.roll_in(rolled, children[0], position, tiles.read(contents[key]))
                    await asyncio.sleep(0)
            except TileError as error:
                log.error("search_tile_unreadable", block=block.number, level=block.level, why=str(error))
                return
            above: dict[int, bytes] = {}
            for position, tile in enumerate(rolled):
                above[tiles.key_of(block, bucket * FAN + position, name)] = tiles.write(tile)
                await asyncio.sleep(0)
            await self._store.insert(above, words=words)
            self._step("search words" if words else "search fields")
