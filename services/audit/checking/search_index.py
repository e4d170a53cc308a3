"""The search index checked: every tile made again from the records and compared with what the store holds.

Invariant: an edited tile is named with the record it hides or shows wrongly; a missing one counts as a fault
as soon as one that is written after it is there. Of records that are not in the store (removed: not told
here) nothing is demanded. Memory is the blocks that are not rolled up yet.
"""

from collections.abc import Callable, Mapping, Sequence

from services.audit.records import search_tiles as tiles
from services.audit.records.fields import searched_words
from services.audit.records.payloads import Payload
from services.audit.records.record import RecordError
from services.audit.records.search_terms import Macs, terms_of_entry
from services.audit.records.search_tiles import BLOCK, FAN, TOP, Block, Tile, TileError
from services.audit.records.stored import StoredRecord
from services.audit.store.trail import Trail

Report = Callable[[int | None, str], None]
_WINDOW = 512
_NAMED = 5
"""Faults told of one tile, then how many more."""


class SearchCheck:
    """Give it all records in order from 0, then `finish`. `macs`: None leaves the words unchecked."""

    def __init__(self, trail: Trail, report: Report, macs: Macs | None = None) -> None:
        self._store, self._report, self._macs = trail.search, report, macs
        self._size = 0
        self._erased: set[Block] = set()
        """Blocks with an erasure: their words' tiles may just be built again."""
        self._fields: list[list[list[Tile]]] = [[] for _ in range(TOP + 1)]
        self._words: list[list[list[Tile]]] = [[] for _ in range(TOP + 1)]
        self._tile: Tile = {}
        self._word_tile: Tile = {}
        self._missing: list[tuple[int, Block, bool]] = []
        self._turn = self._last_there = self._absent = 0
        """`_absent`: a bitmap of the records that are not in the store."""
        self._words_there = False
        """Where there is none at all the key is not the one the index was made with."""
        self.checked = 0
        """Tiles compared."""

    async def add(self, entries: Sequence[StoredRecord], payloads: Mapping[int, Payload]) -> None:
        for entry in entries:
            offset = entry.index % BLOCK
            if self._size < entry.index:
                self._absent |= tiles.within(self._size, entry.index)
            while self._size < entry.index:
                await self._pass_by()
            try:
                tiles.mark(self._tile, offset, terms_of_entry(entry))
            except RecordError:
                self._absent |= 1 << entry.index  # Its own check says what was done to it.
            payload = payloads.get(entry.index)
            if self._macs is not None and payload is not None:
                tiles.mark(self._word_tile, offset, self._macs.of_text(searched_words(payload.envelope)))
            if payload is None or payload.raw is None:
                self._erased.update(
                    Block(level, entry.index // Block(level, 0).width) for level in range(TOP + 1)
                )
            await self._pass_by()

    async def _pass_by(self) -> None:
        """One record done, or not there."""
        self._size += 1
        if self._size % BLOCK == 0:
            await self._block(Block(0, self._size // BLOCK - 1), [self._tile], [self._word_tile])
            self._tile, self._word_tile = {}, {}

    async def _block(self, block: Block, fields: list[Tile], words: list[Tile]) -> None:
        self._turn += 1
        await self._compare(block, fields, words=False)
        if self._macs is not None:
            await self._compare(block, words, words=True)
        self._fields[block.level].append(fields)
        self._words[block.level].append(words)
        if (parent := block.parent()) is not None and len(self._fields[block.level]) == FAN:
            rolled = [_rolled(block, lines[block.level], parent) for lines in (self._fields, self._words)]
            self._fields[block.level], self._words[block.level] = [], []
            await self._block(parent, *rolled)

    async def _compare(self, block: Block, expected: list[Tile], *, words: bool) -> None:
        name = self._macs.name if words and self._macs is not None else 0
        keys = tiles.keys_of(block, name)
        stored = await self._store.find(keys, words=words)
        if stored:
            self._last_there = self._turn
            self._words_there |= words
        if len(stored) < len(keys) and not (words and await self._is_of_an_earlier_version(block)):
            self._missing.append((self._turn, block, words))
        for key, tile in zip(keys, expected, strict=True):
            if key in stored:
                self.checked += 1
                self._tile_of(block, tile, stored[key], words=words)

    async def _is_of_an_earlier_version(self, block: Block) -> bool:
        """Its words were written by a version that searched other words of a fact; they are being written anew."""
        names = self._macs.earlier_names if self._macs is not None else []
        earlier = [await self._store.find(tiles.keys_of(block, name), words=True) for name in names]
        return any(earlier)

    def _tile_of(self, block: Block, expected: Tile, content: bytes, *, words: bool) -> None:
        where = f"the search index (tile of records {block.start} to {block.end - 1})"
        try:
            stored = tiles.read(content)
        except TileError as error:
            self._report(None, f"{where} was altered: {error}")
            return
        if stored == expected:
            return
        differing, comparable = 0, ~(self._absent >> block.start)
        for term in sorted(expected.keys() | stored.keys()):
            for offset in tiles.offsets(
                (expected.get(term, 0) ^ stored.get(term, 0)) & comparable & tiles.within(0, block.width)
            ):
                differing += 1
                if differing <= _NAMED:
                    term_name = "words" if words else f"{term.decode(errors='replace')!r}"
                    self._report(
                        block.start + offset,
                        f"{where} was altered: {_wrong(expected, term, offset, term_name)}",
                    )
        if differing > _NAMED:
            self._report(None, f"{where} was altered in {differing - _NAMED} more places")

    def finish(self) -> None:
        """Tell what is missing. The last blocks may not be written yet: that is no fault."""
        for turn, block, words in self._missing:
            if turn < self._last_there and not (words and (block in self._erased or not self._words_there)):
                self._report(None, _missing(block, "words" if words else "fields"))


def _missing(block: Block, kind: str) -> str:
    return (
        f"the search index lacks a tile ({kind} of records {block.start} to {block.end - 1}) though later ones are there: it was removed. "
        "Searches look at those records one by one until it is written again"
    )


def _rolled(last: Block, children: list[list[Tile]], parent: Block) -> list[Tile]:
    first = Block(last.level, last.number - FAN + 1)
    rolled = [tiles.roll_up(first, [child[bucket] for child in children]) for bucket in range(first.buckets)]
    made = [tile for sixteen in rolled for tile in sixteen]
    assert len(made) == parent.buckets
    return made


def _wrong(expected: Tile, term: bytes, offset: int, term_name: str) -> str:
    if expected.get(term, 0) >> offset & 1:
        return f"it does not name this record under {term_name}; a search would pass it over"
    return f"it names this record under {term_name}, of which it says nothing"


async def check_search(
    trail: Trail,
    size: int,
    report: Report,
    *,
    macs: Macs | None = None,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> int:
    """The first `size` records read and their tiles compared. Returns how many tiles were. `macs`: None
    leaves the words unchecked.
    """
    check = SearchCheck(trail, report, macs)
    for start in range(0, size - size % BLOCK, _WINDOW):
        entries = await trail.entries.between(start, start + _WINDOW)
        payloads = await trail.payloads.at([entry.index for entry in entries])
        await check.add(entries, payloads)
        progress(start + len(entries), size)
    check.finish()
    return check.checked
