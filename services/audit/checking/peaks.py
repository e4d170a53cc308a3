"""The tree in a few hashes: what grows while records are checked one after the other.

Invariant: written for this check alone; it shares nothing with the writer's tree but the hash of a node.
"""

from collections.abc import Iterable

from services.audit.checking.run import Roots
from shared.tlog import merkle
from shared.tlog.merkle import node_hash


class Peaks:
    """The roots of the perfect subtrees so far: the tree in a few hashes. Written for this check alone."""

    def __init__(self, peaks: Iterable[tuple[int, bytes]] = ()) -> None:
        self._peaks = list(peaks)

    def copy(self) -> "Peaks":
        return Peaks(self._peaks)

    def add(self, roots: Roots) -> None:
        for height, top in roots:
            level, joined = height, top
            while self._peaks and self._peaks[-1][0] == level:
                joined = node_hash(self._peaks.pop()[1], joined)
                level += 1
            self._peaks.append((level, joined))

    def with_roots(self, roots: Roots) -> bytes:
        """The root of the tree that these would make; it stays as it is."""
        longer = self.copy()
        longer.add(roots)
        return longer.root()

    def root(self) -> bytes:
        if not self._peaks:
            return merkle.EMPTY_ROOT
        root = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            root = node_hash(left, root)
        return root
