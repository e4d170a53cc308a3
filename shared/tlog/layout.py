"""Where the published trail keeps what: the paths, tiles and entry bundles of C2SP tlog-tiles. Writer, reader
and checker share it.

Invariant: one spelling for each path and each bundle; anything else is refused, so that two readers never see
two things under one name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.tlog.merkle import HASH_SIZE, TILE_HEIGHT, TILE_WIDTH, Node, fold

CHECKPOINT_PATH = "checkpoint"
ENTRY_LIMIT = 0xFFFF
_NUMBER = r"(?P<number>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
_TILE = re.compile(rf"tile/(?P<level>entries|0|[1-9]\d?)/{_NUMBER}")


class LayoutError(ValueError):
    """No path or no bundle of the layout. Says what is wrong with it."""


class TileId(NamedTuple):
    """`level` -1 is the entry bundle beside the tile of level 0. `width` 256 is a full one."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        return self.width == TILE_WIDTH


ENTRIES = -1


def _number(index: int) -> str:
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return text


def path_of(tile: TileId) -> str:
    """`tile/0/x001/234` and, for one of 17 hashes, `tile/0/x001/234.p/17`."""
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = "" if tile.is_full else f".p/{tile.width}"
    return f"tile/{level}/{_number(tile.number)}{partial}"


def payload_path(number: int) -> str:
    """Where an exported folder keeps the payloads of an entry bundle."""
    return f"payload/{_number(number)}.jsonl"


def parse_path(path: str) -> TileId:
    match = _TILE.fullmatch(path)
    if match is None:
        raise LayoutError(f"{path!r} is no tile path; they look like tile/0/x001/234 or tile/entries/017.p/9")
    level = ENTRIES if match["level"] == "entries" else int(match["level"])
    tile = TileId(
        level, int(match["number"].replace("x", "").replace("/", "")), int(match["width"] or TILE_WIDTH)
    )
    if level > 63 or path_of(tile) != path or (match["width"] and tile.is_full):
        raise LayoutError(f"{path!r} is not how a tile is named: {path_of(tile)} would be")
    return tile


def width_in(level: int, index: int, size: int) -> int:
    """How many hashes the tile has in a tree of `size`; 0 where it does not exist."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * max(level, 0))) - index * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[TileId]:
    """Every tile of the tree of `size`, partial ones included, without the entry bundles."""
    level = 0
    while width := size >> (TILE_HEIGHT * level):
        for index in range(-(-width // TILE_WIDTH)):
            yield TileId(level, index, width_in(level, index, size))
        level += 1


def tile_bytes(hashes: Iterable[bytes]) -> bytes:
    return b"".join(hashes)


def tile_hashes(content: bytes, width: int) -> list[bytes]:
    if len(content) != width * HASH_SIZE:
        raise LayoutError(f"the tile has {len(content)} bytes, {width} hashes have {width * HASH_SIZE}")
    return [content[at : at + HASH_SIZE] for at in range(0, len(content), HASH_SIZE)]


def bundle_bytes(records: Iterable[bytes]) -> bytes:
    """Each record after its length in two bytes, big-endian."""
    parts: list[bytes] = []
    for record in records:
        if len(record) > ENTRY_LIMIT:
            raise LayoutError(f"a record of {len(record)} bytes does not fit an entry bundle ({ENTRY_LIMIT})")
        parts += (len(record).to_bytes(2, "big"), record)
    return b"".join(parts)


def bundle_records(content: bytes, width: int) -> list[bytes]:
    records: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise LayoutError(f"the entry bundle ends within its record {len(records)}")
        records.append(content[at + 2 : end])
        at = end
    if len(records) != width:
        raise LayoutError(f"the entry bundle has {len(records)} records, {width} are expected")
    return records


def readable_records(content: bytes) -> list[bytes]:
    """Whatever of a damaged bundle can be read, for telling what is missing."""
    records: list[bytes] = []
    at = 0
    while at + 2 <= len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        records.append(content[at + 2 : end])
        at = end
    return records


def tile_of(node: Node) -> tuple[int, int]:
    """(level, index) of the tile that holds what a node is made of."""
    height = node.level % TILE_HEIGHT
    return node.level // TILE_HEIGHT, (node.number << height) >> TILE_HEIGHT


def node_in(node: Node, hashes: Sequence[bytes]) -> bytes:
    """The node's hash from the hashes of its tile."""
    height = node.level % TILE_HEIGHT
    first = (node.number << height) % TILE_WIDTH
    part = hashes[first : first + (1 << height)]
    if len(part) != 1 << height:
        raise LayoutError(f"tile {tile_of(node)} is too short for node {node}")
    return fold(part)
