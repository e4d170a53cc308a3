"""The tree as the store holds it: any node of any size that was ever reached, from full tiles and the records
behind the last of them.

Invariant: it only reads. What is missing (a crash came between record and tile) is computed from the level
below. A hash once in the tree stays: the part of a tile that was read is kept, and only what grew behind it
is read again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from services.audit.store.trail import Trail
from shared.tlog import layout, merkle
from shared.tlog.layout import TileId
from shared.tlog.merkle import TILE_WIDTH, Edge, Node, Tile

_CACHED_TILES = 64
"""20 KB each. The upper ones are part of every proof and so never leave."""

_AT_ONCE = 8
"""Tiles asked for side by side; the client has ten connections."""


class StoredTree:
    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._cache: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    async def tile(self, tile: TileId) -> list[bytes]:
        """The hashes of a tile, full or partial. Shorter than its width where records are missing."""
        key = (tile.level, tile.number)
        hashes = self._cache.get(key, [])
        if len(hashes) < tile.width:
            hashes = self._keep(key, await self._longer(tile, hashes), tile.width)
        else:
            self._cache.move_to_end(key)
        return hashes[: tile.width]

    async def _longer(self, tile: TileId, beginning: list[bytes]) -> list[bytes]:
        """A tile of which a beginning is known is not stored yet, or was not when that was read: ask for it
        where it should be now.
        """
        if (tile.is_full or not beginning) and (
            stored := await self._trail.tiles.hashes(tile.level, tile.number)
        ) is not None:
            return layout.tile_hashes(stored, len(stored) // merkle.HASH_SIZE)
        return beginning + await self._computed(tile, len(beginning))

    def _keep(self, key: tuple[int, int], hashes: list[bytes], width: int) -> list[bytes]:
        """Only what is whole: a hole in the middle would move what comes after it."""
        if len(hashes) >= width and len(hashes) > len(self._cache.get(key, ())):
            self._cache[key] = hashes
            self._cache.move_to_end(key)
            if len(self._cache) > _CACHED_TILES:
                self._cache.popitem(last=False)
        return hashes

    async def compute(self, tile: TileId) -> list[bytes]:
        """The same from the level below."""
        return await self._computed(tile, 0)

    async def _computed(self, tile: TileId, count: int) -> list[bytes]:
        """What lies behind its first `count` hashes."""
        start = tile.number * TILE_WIDTH + count
        end = tile.number * TILE_WIDTH + tile.width
        if tile.level == 0:
            return await self._trail.entries.leaves(start, end)
        roots = await self._trail.tiles.roots(tile.level - 1, start, end)
        if len(roots) == end - start:
            return roots
        return [merkle.fold(await self.tile(TileId(tile.level - 1, number))) for number in range(start, end)]

    async def ranges(self, ranges: Iterable[tuple[int, int]], size: int) -> list[bytes]:
        """The roots of ranges of leaves within the tree of `size`."""
        range_nodes = [merkle.range_nodes(start, end) for start, end in ranges]
        keys = list(dict.fromkeys(layout.tile_of(node) for nodes in range_nodes for node in nodes))
        tiles: dict[tuple[int, int], Sequence[bytes]] = {}
        for at in range(0, len(keys), _AT_ONCE):
            some = keys[at : at + _AT_ONCE]
            tiles |= zip(
                some,
                await asyncio.gather(*(self.tile(TileId(*key, layout.width_in(*key, size))) for key in some)),
                strict=True,
            )

        def hash_of(node: Node) -> bytes:
            return layout.node_in(node, tiles[layout.tile_of(node)])

        return [merkle.join([hash_of(node) for node in nodes]) for nodes in range_nodes]

    async def root(self, size: int) -> bytes:
        (root,) = await self.ranges([(0, size)], size)
        return root

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        return await self.ranges(merkle.inclusion_ranges(index, size), size)

    async def consistency(self, first: int, second: int) -> list[bytes]:
        return [] if first == 0 else await self.ranges(merkle.consistency_ranges(first, second), second)

    async def edge(self, size: int) -> Edge:
        """The right edge of the tree of `size`, to go on from."""
        rows: list[list[bytes]] = []
        level = 0
        while width := size >> (merkle.TILE_HEIGHT * level):
            number = width // TILE_WIDTH
            part = layout.width_in(level, number, size)
            rows.append(await self.compute(TileId(level, number, part)) if part else [])
            level += 1
        return Edge(size, rows)

    async def missing_tiles(self, size: int) -> list[Tile]:
        """Full tiles of the tree of `size` that are not stored: a crash came between the records and them."""
        missing: list[Tile] = []
        level = 0
        while full := size >> (merkle.TILE_HEIGHT * (level + 1)):
            for number in range(await self._trail.tiles.count(level), full):
                hashes = await self.compute(TileId(level, number))
                missing.append(Tile(level, number, tuple(hashes)))
            level += 1
        return missing
