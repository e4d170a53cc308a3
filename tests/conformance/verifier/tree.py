"""RFC 6962 section 2.1 as it defines trees and proofs, and RFC 9162 sections 2.1.3.2 and 2.1.4.2 as they
verify proofs.

Definitions and verifications share no step, so that one checks the other.
"""

import hashlib
from collections.abc import Callable, Sequence

from tests.conformance.verifier.strict import Refused

Subtree = Callable[[int, int], bytes]
"""MTH(D[start:end]) for a range that the recursive definition of the tree reaches."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_at(count: int) -> int:
    """The largest power of two smaller than `count` (≥ 2)."""
    return 1 << (count - 1).bit_length() - 1


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of a list of leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = split_at(len(leaves))
    return node_hash(tree_hash(leaves[:middle]), tree_hash(leaves[middle:]))


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(m, D[n]): from the leaf's sibling up."""

    def path(start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + split_at(end - start)
        if index < middle:
            return [*path(start, middle), subtree(middle, end)]
        return [*path(middle, end), subtree(start, middle)]

    if not 0 <= index < size:
        raise Refused(f"no entry {index} in a tree of {size}")
    return path(0, size)


def consistency_path(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """PROOF(m, D[n]); empty from 0 and to the same size."""

    def proof(start: int, end: int, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [subtree(start, end)]
        middle = start + split_at(end - start)
        if old <= middle:
            return [*proof(start, middle, whole), subtree(middle, end)]
        return [*proof(middle, end, False), subtree(start, middle)]

    if not 0 <= old <= size:
        raise Refused(f"no tree of {old} before one of {size}")
    return proof(0, size, True) if old else []


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2."""
    _hashes(path)
    if not 0 <= index < size:
        raise Refused(f"entry {index} cannot be in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise Refused("the inclusion proof is too long")
        if place % 2 or place == last:
            found = node_hash(step, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Refused("the inclusion proof is too short")
    if found != root:
        raise Refused("the inclusion proof leads to another root")


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2, with the sizes 0 and equal as tlog-witness says."""
    _hashes(path)
    if not 0 <= old <= size:
        raise Refused(f"a tree of {old} cannot come before one of {size}")
    if old == size and old_root != root:
        raise Refused("two roots for one size")
    if bool(path) == (old in (0, size)):
        raise Refused("a consistency proof is empty where nothing is to be proven, and only there")
    if not path:
        return
    steps = [*path] if old & (old - 1) else [old_root, *path]
    place, last = old - 1, size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise Refused("the consistency proof is too long")
        if place % 2 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    if last or (before, after) != (old_root, root):
        raise Refused("the consistency proof is too short or leads to other roots")


def _hashes(path: Sequence[bytes]) -> None:
    if any(len(step) != 32 for step in path):
        raise Refused("a proof holds something that is no SHA-256 hash")
