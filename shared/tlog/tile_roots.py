"""Roots and proofs worked out from published tiles, for whoever has nothing but the tiles of a log.

Invariant: nothing fetched is believed: hashes either lead to a signed root or they don't.
"""

from collections.abc import Awaitable, Callable, Iterable

from shared.tlog import layout, merkle
from shared.tlog.layout import TileId
from shared.tlog.merkle import Node

FetchTile = Callable[[TileId], Awaitable[bytes]]


async def range_roots(fetch: FetchTile, ranges: Iterable[tuple[int, int]], size: int) -> list[bytes]:
    """The roots of ranges of leaves within the tree of `size`. Raises LayoutError for a tile of a wrong
    length.
    """
    tiles: dict[tuple[int, int], list[bytes]] = {}
    range_nodes = [merkle.range_nodes(start, end) for start, end in ranges]
    for node in (node for nodes in range_nodes for node in nodes):
        key = layout.tile_of(node)
        if key not in tiles:
            tile = TileId(*key, layout.width_in(*key, size))
            tiles[key] = layout.tile_hashes(await fetch(tile), tile.width)

    def hash_of(node: Node) -> bytes:
        return layout.node_in(node, tiles[layout.tile_of(node)])

    return [merkle.join([hash_of(node) for node in nodes]) for nodes in range_nodes]


async def consistency(fetch: FetchTile, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `second` begins with that of `first`; empty where none is needed."""
    if first in (0, second):
        return []
    return await range_roots(fetch, merkle.consistency_ranges(first, second), second)


async def root(fetch: FetchTile, size: int, within: int) -> bytes:
    """The root of the first `size` leaves, in the tree of `within`."""
    if size == 0:
        return merkle.EMPTY_ROOT
    (tree_root,) = await range_roots(fetch, [(0, size)], within)
    return tree_root
