"""The search index as documents: which records of a block have which term. Build, look up, roll up. Pure.

Invariant: a block of records has the same tiles whoever builds them and whenever; a tile once written never
changes. A block of level 0 is 1,024 records and one tile; sixteen blocks make one of the level above, with
sixteen times the tiles, each holding a sixteenth of the terms: so a tile stays of one size, and a term is one
read in a block of any level.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

BLOCK = 1_024
"""Records of a block of level 0."""
FAN = 16
TOP = 2
"""A block of the highest level is 262,144 records."""
_FAN_BITS, _SPREAD_BITS = 4, 16
_BUCKET_BITS, _BLOCK_BITS, _LEVEL_BITS = 8, 32, 3
_FEW = 48
"""Up to so many records are named one by one, more as a bitmap."""
_OFFSET_SIZE = 3
_DENSE = b"\xff"
"""Begins a bitmap; an offset begins with 3 at most."""

Tile = dict[bytes, int]
"""Term → the records of the block that have it, as a bitmap: bit n is the block's record n."""


class TileError(ValueError):
    """Bytes that are no tile."""


class Block(NamedTuple):
    """Blocks of a level are numbered from 0."""

    level: int
    number: int

    @property
    def width(self) -> int:
        """How many records."""
        return BLOCK << _FAN_BITS * self.level

    @property
    def start(self) -> int:
        return self.number * self.width

    @property
    def end(self) -> int:
        return self.start + self.width

    @property
    def buckets(self) -> int:
        return 1 << _FAN_BITS * self.level

    def children(self) -> "tuple[Block, ...]":
        return tuple(Block(self.level - 1, self.number * FAN + at) for at in range(FAN)) if self.level else ()

    def parent(self) -> "Block | None":
        return Block(self.level + 1, self.number // FAN) if self.level < TOP else None


def key_of(block: Block, bucket: int, name: int = 0) -> int:
    """A tile's `_id`. `name`: which key its terms are under; 0 for terms in the clear."""
    return ((name << _LEVEL_BITS | block.level) << _BLOCK_BITS | block.number) << _BUCKET_BITS | bucket


def keys_of(block: Block, name: int = 0) -> list[int]:
    return [key_of(block, bucket, name) for bucket in range(block.buckets)]


def keys_over(index: int, name: int = 0) -> list[int]:
    """Every tile, written or to be written, that may name record `index`: what an erasure removes of the
    words' tiles.
    """
    blocks = [Block(level, index // (BLOCK << _FAN_BITS * level)) for level in range(TOP + 1)]
    return [key for block in blocks for key in keys_of(block, name)]


def blocks_below(size: int) -> Iterator[Block]:
    """All complete blocks, each after those it is rolled up from."""
    for number in range(size // BLOCK):
        block: Block | None = Block(0, number)
        while block is not None and block.end <= (number + 1) * BLOCK:
            yield block
            block = block.parent()


def cover(low: int, high: int, size: int) -> list[Block]:
    """The fewest complete blocks that hold what is complete of [low, high) in a trail of `size`, from the
    right.
    """
    blocks: list[Block] = []
    end = size - size % BLOCK
    while end > low:
        level = TOP
        while end % (BLOCK << _FAN_BITS * level):
            level -= 1
        block = Block(level, end // (BLOCK << _FAN_BITS * level) - 1)
        end = block.start
        if block.start < high:
            blocks.append(block)
    return blocks


def bucket_of(term: bytes, level: int) -> int:
    return zlib.crc32(term) >> 32 - _FAN_BITS * level if level else 0


# --- build
# ------------------------------------------------------------------------------------------------------------


def mark(tile: Tile, offset: int, terms: Iterable[bytes]) -> None:
    """The block's record `offset` has these terms."""
    bit = 1 << offset
    for term in terms:
        tile[term] = tile.get(term, 0) | bit


def roll_up(child: Block, tiles: Sequence[Tile]) -> list[Tile]:
    """One bucket of each of the sixteen blocks from `child` on, in their order → the sixteen buckets it
    becomes, one level up.
    """
    buckets: list[Tile] = [{} for _ in range(FAN)]
    for position, tile in enumerate(tiles):
        roll_in(buckets, child, position, tile)
    return buckets


def roll_in(buckets: Sequence[Tile], child: Block, position: int, tile: Tile) -> None:
    """One of the sixteen."""
    shift = position * child.width
    for term, bitmap in tile.items():
        bucket = buckets[bucket_of(term, child.level + 1) % FAN]
        bucket[term] = bucket.get(term, 0) | bitmap << shift


# --- as stored
# --------------------------------------------------------------------------------------------------------

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[bytes, bytes]).decode


def write(tile: Tile) -> bytes:
    return _pack({term: _posting(bitmap) for term, bitmap in sorted(tile.items())})


def read(content: bytes) -> Tile:
    """Raises TileError."""
    return {term: _bitmap(posting) for term, posting in postings(content).items()}


def postings(content: bytes) -> Mapping[bytes, bytes]:
    """Unread, so that a question for one term reads one. Raises TileError."""
    try:
        return _unpack(content)
    except msgspec.MsgspecError as error:
        raise TileError(f"a tile of the search index can't be read: {error}") from None


def look_up(postings: Mapping[bytes, bytes], term: bytes) -> int:
    """The records of the block that have the term. Raises TileError."""
    posting = postings.get(term)
    return 0 if posting is None else _bitmap(posting)


def _posting(bitmap: int) -> bytes:
    if bitmap.bit_count() <= _FEW:
        return b"".join(offset.to_bytes(_OFFSET_SIZE) for offset in offsets(bitmap))
    return _DENSE + zlib.compress(bitmap.to_bytes(-(-bitmap.bit_length() // 8), "little"), 1)


def _bitmap(posting: bytes) -> int:
    try:
        if posting[:1] == _DENSE:
            return int.from_bytes(zlib.decompress(posting[1:]), "little")
    except zlib.error as error:
        raise TileError(f"a bitmap of the search index can't be read: {error}") from None
    named = [int.from_bytes(posting[at : at + _OFFSET_SIZE]) for at in range(0, len(posting), _OFFSET_SIZE)]
    content = bytearray(max(named, default=0) // 8 + 1)
    for offset in named:
        content[offset >> 3] |= 1 << (offset & 7)
    return int.from_bytes(content, "little")


_SOME = re.compile(rb"[^\0]")
"""Most of a bitmap is empty: from one byte that is not to the next."""


def offsets(bitmap: int) -> Iterator[int]:
    """From the lowest."""
    content = bitmap.to_bytes(-(-bitmap.bit_length() // 8), "little")
    for match in _SOME.finditer(content):
        at = match.start()
        byte = content[at]
        while byte:
            low = byte & -byte
            yield at * 8 + low.bit_length() - 1
            byte ^= low


def offsets_from_the_top(bitmap: int) -> Iterator[int]:
    content = bitmap.to_bytes(-(-bitmap.bit_length() // 8))
    last = len(content) - 1
    for match in _SOME.finditer(content):
        at = last - match.start()
        byte = content[match.start()]
        while byte:
            high = byte.bit_length() - 1
            yield at * 8 + high
            byte ^= 1 << high


def within(low: int, high: int) -> int:
    """A bitmap of the offsets [low, high)."""
    return (1 << high) - (1 << low) if high > low else 0
