"""The tree against a naive one written straight from RFC 6962, for every shape and every tampering hypothesis can think of."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.log import layout, merkle
from services.audit.log.merkle import Edge, Node, ProofError

LEAVES = [merkle.leaf_hash(str(i).encode()) for i in range(1200)]


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
    return [merkle.range_root(hash_of, start, end) for start, end in ranges]


sizes = st.integers(1, 700)


@given(sizes)
def test_the_edge_and_the_ranges_have_the_root_of_the_naive_tree(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    assert edge.root() == naive_root(LEAVES[:size]) == merkle.range_root(hash_of, 0, size)


def test_known_answers_of_rfc_6962() -> None:
    assert Edge().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_tiles_come_out_once_each_and_hold_the_tree() -> None:
    edge = Edge()
    many = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(256 * 256 + 300)]
    tiles = [tile for leaf in many for tile in edge.append(leaf)]
    assert len({(t.level, t.number) for t in tiles}) == len(tiles) == 257 + 1
    assert [list(t.hashes) for t in tiles if t.level == 0] == [many[i * 256 : i * 256 + 256] for i in range(257)]
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
                merkle.verify_inclusion(index, size, LEAVES[index], [*hashes[:at], wrong, *hashes[at + 1 :]], root)
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
        (tile.level, tile.number): [hash_of(Node(8 * tile.level, tile.number * 256 + i)) for i in range(tile.width)]
        for tile in layout.tiles_of(size)
    }

    def from_tiles(node: Node) -> bytes:
        return layout.node_in(node, tiles[layout.tile_of(node)])

    assert merkle.range_root(from_tiles, 0, size) == naive_root(LEAVES[:size])
