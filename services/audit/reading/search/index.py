"""The search index asked: which records of a block may be answers. Read only.

Invariant: what it does not name is no answer, or it says that it does not know the block (yet, or after an
erasure). Fields' tiles never change, and those asked for last are kept; words' tiles may be erased, and are
read each time.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from services.audit.reading.search.plan import SearchPlan
from services.audit.records import search_tiles as tiles
from services.audit.records.search_terms import Macs
from services.audit.records.search_tiles import Block, TileError
from services.audit.store.search_index import SearchStore

Read = dict[int, Mapping[bytes, bytes] | None]
"""Key → the tile's postings; None where it can't be read."""
KEPT_BYTES = 24_000_000
"""Of fields' tiles, as they are stored."""


class SearchIndex:
    """`macs`: None where there is no key to look for words with; words are then looked at in each record."""

    def __init__(self, store: SearchStore, macs: Macs | None) -> None:
        self._store, self._macs = store, macs
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._weight = 0

    async def candidates(self, blocks: Sequence[Block], plan: SearchPlan) -> dict[Block, int | None]:
        """Of each block the records that may be answers, as a bitmap; None where the index does not know
        enough of it.
        """
        terms = [term for group in (*plan.groups, plan.without) for term in group]
        macs = [self._macs.of(gram) for gram in plan.grams] if self._macs else []
        name = self._macs.name if self._macs else 0
        fields, words = await asyncio.gather(
            self._fields(
                {
                    tiles.key_of(block, tiles.bucket_of(term, block.level))
                    for block in blocks
                    for term in terms
                }
            ),
            self._words(
                {
                    tiles.key_of(block, tiles.bucket_of(mac, block.level), name)
                    for block in blocks
                    for mac in macs
                }
            ),
        )
        return {block: self._of_block(block, plan, fields, words, macs) for block in blocks}

    async def _fields(self, keys: set[int]) -> Read:
        contents = {key: held for key in keys if (held := self._kept.get(key)) is not None}
        if unknown := sorted(keys - contents.keys()):
            contents |= await self._store.find(unknown, words=False)
        read = {key: _postings(content) for key, content in contents.items()}
        self._keep({key: content for key, content in contents.items() if read[key] is not None})
        return read

    async def _words(self, keys: set[int]) -> Read:
        tiles_read = await self._store.find(sorted(keys), words=True) if keys else {}
        return {key: _postings(content) for key, content in tiles_read.items()}

    def _keep(self, contents: Mapping[int, bytes]) -> None:
        for key, content in contents.items():
            self._weight += len(content) - len(self._kept.get(key, b""))
            self._kept[key] = content
            self._kept.move_to_end(key)
        while self._weight > KEPT_BYTES:
            self._weight -= len(self._kept.popitem(last=False)[1])

    def _of_block(
        self, block: Block, plan: SearchPlan, fields: Read, words: Read, macs: Sequence[bytes]
    ) -> int | None:
        try:
            named = [_any(_look_up(fields, block, term, 0) for term in group) for group in plan.groups]
            excluded = _any(_look_up(fields, block, term, 0) for term in plan.without)
            if macs:
                try:
                    assert self._macs
                    named += [_look_up(words, block, mac, self._macs.name) for mac in macs]
                except KeyError:
                    if block.level or not named:
                        return None
            elif plan.grams and not named:
                return None
        except (KeyError, TileError):
            return None
        return _all(named, tiles.within(0, block.width)) & ~excluded


def _postings(content: bytes) -> Mapping[bytes, bytes] | None:
    try:
        return tiles.postings(content)
    except TileError:
        return None


def _look_up(read: Read, block: Block, term: bytes, name: int) -> int:
    """Raises KeyError where the tile is not there or can't be read."""
    held = read[tiles.key_of(block, tiles.bucket_of(term, block.level), name)]
    if held is None:
        raise KeyError(term)
    return tiles.look_up(held, term)


def _any(bitmaps: Iterable[int]) -> int:
    bits = 0
    for bitmap in bitmaps:
        bits |= bitmap
    return bits


def _all(bitmaps: Iterable[int], hits: int) -> int:
    for bitmap in bitmaps:
        hits &= bitmap
    return hits
