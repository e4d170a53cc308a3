"""The tree of a check: in a few hashes while records are checked one after the other, and the tiles above the
lowest, worked out anew from the bundles below and compared with what is published.

Invariant: written for the check alone, it shares nothing with the writer's tree but the hash of a node; it
holds one open row a level, never more.
"""

from collections.abc import Callable, Iterable

from services.audit.checking.run import Roots
from services.audit.checking.sources import SourceError, TrailSource
from shared.tlog import layout, merkle
from shared.tlog.layout import TileId
from shared.tlog.merkle import TILE_HEIGHT, TILE_WIDTH, node_hash


class Peaks:
    """The roots of the perfect subtrees so far."""

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


class UpperTiles:
    def __init__(self, source: TrailSource, size: int, fault: Callable[[int | None, str], None]) -> None:
        self._source, self._size, self._fault = source, size, fault
        self._rows: list[list[bytes]] = []
        self._done: list[int] = []

    async def seed(self, bundles: int) -> None:
        """Take what lies left of the first bundle looked at from the tiles themselves."""
        level = 1
        while width := bundles >> (TILE_HEIGHT * (level - 1)):
            number, part = divmod(width, TILE_WIDTH)
            tile = TileId(level, number, layout.width_in(level, number, self._size))
            self._rows.append(
                layout.tile_hashes(await self._source.tile(tile), tile.width)[:part] if part else []
            )
            self._done.append(number)
            level += 1

    async def add(self, root: bytes) -> None:
        """The root of the next full bundle."""
        level = 0
        while True:
            if level == len(self._rows):
                self._rows.append([])
                self._done.append(0)
            self._rows[level].append(root)
            if len(self._rows[level]) < TILE_WIDTH:
                return
            await self._compare(level)
            root, self._rows[level] = merkle.fold(self._rows[level]), []
            self._done[level] += 1
            level += 1

    async def finish(self) -> None:
        for level, row in enumerate(self._rows):
            if row:
                await self._compare(level)

    async def _compare(self, level: int) -> None:
        row = self._rows[level]
        tile = TileId(level + 1, self._done[level], len(row))
        try:
            published = await self._source.tile(tile)
        except SourceError as error:
            self._fault(None, str(error))
            return
        if published != layout.tile_bytes(row):
            self._fault(
                None, f"{layout.path_of(tile)} is not what the records below make: the tile was altered"
            )
