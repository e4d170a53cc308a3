"""The tree of RFC 6962: leaves and nodes hashed apart, roots, proofs, and the check of both.

Invariant: a node is never hashed twice and never stored below a full tile of 256. `Edge` holds what is left
of it, the ragged right side, at most 255 hashes a level; with the full tiles it is the whole tree of any
size, past or present.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()


class ProofError(ValueError):
    """The proof does not hold, or is not even the shape of one. Says which."""


class Node(NamedTuple):
    """A perfect subtree: the `number`-th of 2^level leaves."""

    level: int
    number: int


class Tile(NamedTuple):
    """256 hashes, 8 levels of the tree; `level` counts in tiles. A full one never changes."""

    level: int
    number: int
    hashes: tuple[bytes, ...]


def leaf_hash(record: bytes) -> bytes:
    return sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a perfect subtree from the hashes of its 2^k lower nodes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def join(perfect: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees in order, the largest (left) first."""
    if not perfect:
        return EMPTY_ROOT
    root = perfect[-1]
    for left in reversed(perfect[:-1]):
        root = node_hash(left, root)
    return root


def perfect_parts(width: int) -> Iterable[tuple[int, int]]:
    """[0, width) as (start, length) of perfect subtrees, the largest first."""
    start = 0
    for bit in range(width.bit_length() - 1, -1, -1):
        if width >> bit & 1:
            yield start, 1 << bit
            start += 1 << bit


@dataclass
class Edge:
    """The right edge of a growing tree: `rows[t]` are the hashes of the tile of level t that is not full
    yet.
    """

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list[list[bytes]])

    def append(self, leaf: bytes) -> list[Tile]:
        """Add a leaf. Returns the tiles it filled, lowest first: they must be stored before the edge is
        trusted again.
        """
        filled: list[Tile] = []
        carry, level = leaf, 0
        self.size += 1
        while True:
            if level == len(self.rows):
                self.rows.append([])
            row = self.rows[level]
            row.append(carry)
            if len(row) < TILE_WIDTH:
                return filled
            index = (self.size >> (TILE_HEIGHT * (level + 1))) - 1
            filled.append(Tile(level, index, tuple(row)))
            carry, self.rows[level] = fold(row), []
            level += 1

    def root(self) -> bytes:
        parts = [
            fold(row[start : start + length])
            for row in reversed(self.rows)
            for start, length in perfect_parts(len(row))
        ]
        return join(parts)

    def copy(self) -> "Edge":
        return Edge(self.size, [list(row) for row in self.rows])


def range_nodes(start: int, end: int) -> list[Node]:
    """[start, end) as perfect subtrees in order, where start is a multiple of the first one's size (as in any
    RFC 6962 split).
    """
    nodes: list[Node] = []
    while start < end:
        aligned = (start & -start).bit_length() - 1 if start else end.bit_length()
        level = min(aligned, (end - start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def _split(width: int) -> int:
    """The largest power of two smaller than width."""
    return 1 << (width - 1).bit_length() - 1


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove leaf `index` in the tree of `size`, from the leaf up."""
    if not 0 <= index < size:
        raise ProofError(f"there is no record {index} in a tree of {size}")
    start, end, path = 0, size, list[tuple[int, int]]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(first: int, second: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove that the tree of `second` begins with the tree of `first`."""
    if not 0 < first <= second:
        raise ProofError(f"no tree of {second} has one of {first} for its beginning")
    start, end, path, whole = 0, second, list[tuple[int, int]](), True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


def _checked(hashes: Sequence[bytes], count: int) -> None:
    if len(hashes) != count:
        raise ProofError(f"the proof has {len(hashes)} hashes, it needs {count}")
    for position, node_hash in enumerate(hashes):
        if len(node_hash) != HASH_SIZE:
            raise ProofError(
                f"hash {position} of the proof has {len(node_hash)} bytes, a hash has {HASH_SIZE}"
            )


def verify_inclusion(index: int, size: int, leaf: bytes, hashes: Sequence[bytes], root: bytes) -> None:
    """Raises ProofError unless `leaf` is record `index` of the tree of `size` with this root."""
    ranges = inclusion_ranges(index, size)
    _checked([leaf, root], 2)
    _checked(hashes, len(ranges))
    computed = leaf
    for (start, _), other in zip(ranges, hashes, strict=True):
        computed = node_hash(computed, other) if start > index else node_hash(other, computed)
    if computed != root:
        raise ProofError(f"the proof of record {index} leads to another root than the checkpoint of {size}")


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, hashes: Sequence[bytes]
) -> None:
    """Raises ProofError unless the tree of `second` begins with the tree of `first` (RFC 9162, 2.1.4.2)."""
    _checked([first_root, second_root], 2)
    if first == second:
        _checked(hashes, 0)
        if first_root != second_root:
            raise ProofError(f"two different roots for the same size {first}")
        return
    if first == 0:
        _checked(hashes, 0)
        return
    _checked(hashes, len(consistency_ranges(first, second)))
    path = list(hashes) if first & (first - 1) else [first_root, *hashes]
    old_index, new_index = first - 1, second - 1
    while old_index & 1:
        old_index, new_index = old_index >> 1, new_index >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if old_index & 1 or old_index == new_index:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not old_index & 1 and old_index:
                old_index, new_index = old_index >> 1, new_index >> 1
        else:
            new = node_hash(new, sibling)
        old_index, new_index = old_index >> 1, new_index >> 1
    if old != first_root:
        raise ProofError(
            f"the proof does not lead to the root of {first}: the beginning of the trail was changed"
        )
    if new != second_root:
        raise ProofError(f"the proof does not lead to the root of {second}")
