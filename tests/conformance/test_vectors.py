"""The verifier against what others published: the example notes of Go's note package, the example tree sizes
of tlog-tiles, the test tree of Certificate Transparency, and each proof of small trees against the
definition.
"""

import itertools

import pytest

from tests.conformance.verifier.note import Key, open_note
from tests.conformance.verifier.strict import Refused
from tests.conformance.verifier.tiles import ENTRIES, Tile, tiles
from tests.conformance.verifier.tree import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def test_a_note_counts_if_a_known_key_signed_it_whoever_else_did() -> None:
    peter = Key.read(PETER)
    for signatures in (BY_PETER, BY_ENOCH + BY_PETER, BY_PETER + BY_ENOCH * 15):
        assert open_note((TEXT + "\n" + signatures).encode(), [peter]) == (TEXT, {peter: None})


@pytest.mark.parametrize(
    "note",
    [
        TEXT + "\n" + BY_ENOCH,
        TEXT + BY_PETER,
        TEXT + "\n\n" + BY_PETER,
        TEXT + "\n" + BY_PETER[:-1],
        TEXT + "\n" + BY_PETER + "\n",
        TEXT + "\r\n" + BY_PETER,
        TEXT.replace("you", "You", 1) + "\n" + BY_PETER,
        TEXT + "\n" + BY_PETER.replace("x08go/ZJ", "x08go/ZK"),
        TEXT + "\n" + BY_PETER.replace("AM=", "AN="),
        TEXT + "\n" + BY_PETER.replace("AM=", "AM"),
        TEXT + "\n" + BY_PETER.replace("— ", "- "),
        TEXT + "\n" + BY_PETER.replace("— ", "—  "),
        TEXT + "\n" + BY_PETER.replace(" x08", "  x08"),
        TEXT + "\n" + BY_PETER.replace("=\n", "= \n"),
        TEXT + "\n" + BY_PETER + "— Peter+Neumann AAAAAAAA\n",
        TEXT + "\n" + BY_PETER + "— Peter\u00a0Neumann AAAAAAAA\n",
        TEXT + "\n" + BY_PETER + "— PeterNeumann AAAA\n",
        TEXT + "\n" + BY_PETER + BY_PETER.replace("nAM=", "nAA="),
        "\n" + TEXT + "\n" + BY_PETER,
    ],
)
def test_a_note_is_refused_for_anything_else(note: str) -> None:
    with pytest.raises(Refused):
        open_note(note.encode(), [Key.read(PETER)])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        PETER.replace("c7", "c8"),
        PETER.replace("Peter", "peter"),
        PETER[:-4],
        PETER + "\n",
        PETER.replace("+ARpc", "+AhpC"),
    ],
)
def test_a_verifier_key_holds_together_or_is_refused(vkey: str) -> None:
    with pytest.raises(Refused):
        Key.read(vkey)


def test_trees_have_the_published_roots() -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
    assert {size: tree_hash(leaves[:size]).hex() for size in CT_ROOTS} == CT_ROOTS


def test_every_proof_of_small_trees_holds_and_no_other() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(20)]
    roots = [tree_hash(leaves[:size]) for size in range(21)]
    for size in range(1, 21):

        def subtree(start: int, end: int) -> bytes:
            return tree_hash(leaves[start:end])

        for index in range(size):
            path = inclusion_path(index, size, subtree)
            verify_inclusion(index, size, leaves[index], path, roots[size])
            for other in range(size):
                if other != index:
                    with pytest.raises(Refused):
                        verify_inclusion(other, size, leaves[index], path, roots[size])
        for old in range(size + 1):
            path = consistency_path(old, size, subtree)
            verify_consistency(old, size, roots[old], roots[size], path)
            for wrong in ([*path, roots[0]], path[:-1] if path else [roots[1]]):
                with pytest.raises(Refused):
                    verify_consistency(old, size, roots[old], roots[size], wrong)


def test_a_tree_has_the_tiles_the_specification_counts() -> None:
    full = {
        level: len(list(group))
        for level, group in itertools.groupby(tile.level for tile in tiles(70_000) if tile.width == 256)
    }
    assert full == {0: 273, 1: 1}
    assert [tile for tile in tiles(70_000) if tile.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(tiles(256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]
    assert Tile(0, 1_234_067, 256).path == "tile/0/x001/x234/067"
    assert [Tile(ENTRIES, 67, 9).path, Tile(3, 1000, 1).path] == [
        "tile/entries/067.p/9",
        "tile/3/x001/000.p/1",
    ]
