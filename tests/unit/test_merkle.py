"""The tree against a naive one written straight from RFC 6962, for every shape and every tampering hypothesis
can think of.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tlog import layout, merkle
from shared.tlog.merkle import Edge, Node, ProofError

LEAVES = [merkle.leaf_hash(str(i).encode()) for i in range(1200)]


def range_root(hash_of: Callable[[merkle.Node], bytes], start: int, end: int) -> bytes:
    return merkle.join([hash_of(node) for node in merkle.range_nodes(start, end)])


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return merkle.node_hash(naive_root(leaves[:middle]), naive_root(leaves[middle:]))


def hash_of(node: Node) -> bytes:
    return merkle.fold(LEAVES[node.number << node.level : (node.number + 1) << node.level])


def proof(ranges: list[tuple[int, int]]) -> list[bytes]:
    return [range_root(hash_of, start, end) for start, end in ranges]


@cache
def of_range(start: int, end: int) -> bytes:
    return naive_root(LEAVES[start:end])


def naive_path(index: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[n]) word for word (RFC 6962, 2.1.1)."""
    if end - start == 1:
        return []
    middle = start + half(end - start)
    if index < middle:
        return [*naive_path(index, start, middle), of_range(middle, end)]
    return [*naive_path(index, middle, end), of_range(start, middle)]


def naive_subproof(first: int, start: int, end: int, *, known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) word for word (RFC 6962, 2.1.2). `first`: where the older tree ends."""
    if first == end:
        return [] if known else [of_range(start, end)]
    middle = start + half(end - start)
    if first <= middle:
        return [*naive_subproof(first, start, middle, known=known), of_range(middle, end)]
    return [*naive_subproof(first, middle, end, known=False), of_range(start, middle)]


def half(width: int) -> int:
    """The largest power of two smaller than it."""
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def spoilt(hashes: list[bytes]) -> list[list[bytes]]:
    """Proofs of another shape than this one, or with another hash in it."""
    shapes = [
        [],
        hashes[:-1],
        hashes[1:],
        [*hashes, bytes(32)],
        [bytes(32), *hashes],
        hashes * 2,
        hashes[::-1],
    ]
    return [
        wrong for wrong in [*shapes, *(changed(hashes, at) for at in range(len(hashes)))] if wrong != hashes
    ]


def changed(hashes: list[bytes], at: int) -> list[bytes]:
    """One of them with a bit turned, too short, too long or empty: which, by where it stands."""
    one = hashes[at]
    wrong = (bytes([one[0] ^ 1]) + one[1:], one[:31], one + b"\x00", b"")[at % 4]
    return [*hashes[:at], wrong, *hashes[at + 1 :]]


sizes = st.integers(1, 700)
EVERY = range(1, 71)


@pytest.mark.parametrize("size", [pytest.param(size, id=f"{size}") for size in (*EVERY, 255, 256, 257, 1199)])
def test_the_proofs_of_all_records_are_those_of_the_naive_tree_and_no_spoilt_one_holds(size: int) -> None:
    root = of_range(0, size)
    for index in range(size) if size in EVERY else (0, 1, 127, 128, size // 2, size - 2, size - 1):
        hashes = proof(merkle.inclusion_ranges(index, size))
        assert hashes == naive_path(index, 0, size)
        merkle.verify_inclusion(index, size, LEAVES[index], hashes, root)
        for wrong in spoilt(hashes):
            with pytest.raises(ProofError):
                merkle.verify_inclusion(index, size, LEAVES[index], wrong, root)
        for place, total in ((index + 1, size), (index - 1, size), (index, index)):
            with pytest.raises(ProofError):
                merkle.verify_inclusion(place, total, LEAVES[index], hashes, root)


@pytest.mark.parametrize(
    "second", [pytest.param(size, id=f"{size}") for size in (*EVERY, 255, 256, 257, 1199)]
)
def test_the_proofs_between_all_sizes_are_those_of_the_naive_tree_and_no_spoilt_one_holds(
    second: int,
) -> None:
    new = of_range(0, second)
    for first in range(1, second + 1) if second in EVERY else (1, 2, 127, 128, second // 2, second - 1):
        old, hashes = of_range(0, first), proof(merkle.consistency_ranges(first, second))
        assert hashes == naive_subproof(first, 0, second)
        merkle.verify_consistency(first, second, old, new, hashes)
        for wrong in spoilt(hashes):
            with pytest.raises(ProofError):
                merkle.verify_consistency(first, second, old, new, wrong)
        for roots in ((bytes(32), new), (old, bytes(32)), (b"", new), (old, new[:31])):
            with pytest.raises(ProofError):
                merkle.verify_consistency(first, second, *roots, hashes)


@given(sizes)
def test_the_edge_and_the_ranges_have_the_root_of_the_naive_tree(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    assert edge.root() == naive_root(LEAVES[:size]) == range_root(hash_of, 0, size)


def test_known_answers_of_rfc_6962() -> None:
    assert Edge().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_tiles_come_out_once_each_and_hold_the_tree() -> None:
    edge = Edge()
    many = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(256 * 256 + 300)]
    tiles = [tile for leaf in many for tile in edge.append(leaf)]
    assert len({(t.level, t.number) for t in tiles}) == len(tiles) == 257 + 1
    assert [list(t.hashes) for t in tiles if t.level == 0] == [
        many[i * 256 : i * 256 + 256] for i in range(257)
    ]
    assert edge.root() == naive_root(many)


@given(st.data(), sizes)
def test_every_inclusion_proof_holds_and_no_altered_one_does(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, hashes = naive_root(LEAVES[:size]), proof(merkle.inclusion_ranges(index, size))
    merkle.verify_inclusion(index, size, LEAVES[index], hashes, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[index + 1], hashes, root)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[index], [*hashes, root], root)
    if hashes:
        at = data.draw(st.integers(0, len(hashes) - 1))
        for wrong in (b"", hashes[at][:31], bytes(32)):
            with pytest.raises(ProofError):
                merkle.verify_inclusion(
                    index, size, LEAVES[index], [*hashes[:at], wrong, *hashes[at + 1 :]], root
                )
        with pytest.raises(ProofError):
            merkle.verify_inclusion(index, size, LEAVES[index], hashes[:-1], root)


@given(st.data(), sizes)
def test_every_consistency_proof_holds_and_no_altered_one_does(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    roots = naive_root(LEAVES[:first]), naive_root(LEAVES[:second])
    hashes = proof(merkle.consistency_ranges(first, second))
    merkle.verify_consistency(first, second, *roots, hashes)
    forged = naive_root([*LEAVES[: first - 1], merkle.leaf_hash(b"forged")])
    with pytest.raises(ProofError):
        merkle.verify_consistency(first, second, forged, roots[1], hashes)
    with pytest.raises(ProofError):
        merkle.verify_consistency(first, second, roots[0], roots[1], [*hashes, bytes(32)])
    if hashes:
        at = data.draw(st.integers(0, len(hashes) - 1))
        for wrong in (b"", hashes[at] + b"x", bytes(32)):
            with pytest.raises(ProofError):
                merkle.verify_consistency(first, second, *roots, [*hashes[:at], wrong, *hashes[at + 1 :]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3), (7, 2)])
def test_no_proof_for_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


@given(st.integers(1, 1100))
def test_each_node_of_a_tree_is_found_in_its_tiles(size: int) -> None:
    tiles = {
        (tile.level, tile.number): [
            hash_of(Node(8 * tile.level, tile.number * 256 + i)) for i in range(tile.width)
        ]
        for tile in layout.tiles_of(size)
    }

    def from_tiles(node: Node) -> bytes:
        return layout.node_in(node, tiles[layout.tile_of(node)])

    assert range_root(from_tiles, 0, size) == naive_root(LEAVES[:size])
