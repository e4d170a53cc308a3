"""c2sp.org/tlog-tiles: each hash of the tree stands in one tile, each tile at one path, each entry in one
bundle.

A tile of level l holds the hashes of full subtrees of 256**l entries; subtrees in between are hashed from it.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.conformance.verifier.strict import Refused
from tests.conformance.verifier.tree import node_hash, split_at, tree_hash

WIDTH = 256
HASH = 32
ENTRIES = "entries"


class Tile(NamedTuple):
    level: int | str
    """0 to 63, or ENTRIES."""
    number: int
    width: int

    @property
    def path(self) -> str:
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        index = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
        return f"tile/{self.level}/{index}" + ("" if self.width == WIDTH else f".p/{self.width}")


def tiles(size: int) -> Iterator[Tile]:
    """Every tile of a tree of this size, level by level, the partial one last."""
    for level in range(64):
        hashes = size // WIDTH**level
        if not hashes:
            return
        yield from _row(level, hashes)


def bundles(size: int) -> Iterator[Tile]:
    return _row(ENTRIES, size)


def _row(level: int | str, count: int) -> Iterator[Tile]:
    yield from (Tile(level, number, WIDTH) for number in range(count // WIDTH))
    if count % WIDTH:
        yield Tile(level, count // WIDTH, count % WIDTH)


def tile_of(level: int, index: int, size: int) -> Tile:
    """The tile that holds hash `index` of `level` in a tree of `size`."""
    hashes = size // WIDTH**level
    if not 0 <= index < hashes:
        raise Refused(f"no hash {index} on level {level} in a tree of {size}")
    number = index // WIDTH
    return Tile(level, number, min(WIDTH, hashes - number * WIDTH))


def read_tile(raw: bytes, width: int) -> list[bytes]:
    if len(raw) != width * HASH:
        raise Refused(f"a tile of {width} hashes has {len(raw)} bytes")
    return [raw[i : i + HASH] for i in range(0, len(raw), HASH)]


def read_bundle(raw: bytes, width: int) -> list[bytes]:
    """Entries, each behind its length in two bytes, big-endian: exactly `width` of them and nothing after."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw):
        start = at + 2
        at = start + int.from_bytes(raw[at:start])
        if start > len(raw) or at > len(raw):
            raise Refused(f"entry {len(entries)} of a bundle is cut off")
        entries.append(raw[start:at])
    if len(entries) != width:
        raise Refused(f"a bundle of {width} has {len(entries)} entries")
    return entries


class Tree:
    """The tree of one size, read from tiles through `fetch`, each once."""

    def __init__(self, size: int, fetch: Callable[[Tile], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[Tile, list[bytes]] = {}

    def root(self) -> bytes:
        return self.subtree(0, self.size) if self.size else tree_hash([])

    def subtree(self, start: int, end: int) -> bytes:
        """MTH(D[start:end])."""
        count = end - start
        if count & (count - 1):
            middle = start + split_at(count)
            return node_hash(self.subtree(start, middle), self.subtree(middle, end))
        level, height = divmod(count.bit_length() - 1, 8)
        first = start >> 8 * level
        return tree_hash([self._hash(level, index) for index in range(first, first + (1 << height))])

    def _hash(self, level: int, index: int) -> bytes:
        tile = tile_of(level, index, self.size)
        if tile not in self._tiles:
            self._tiles[tile] = read_tile(self._fetch(tile), tile.width)
        return self._tiles[tile][index % WIDTH]
