"""The tiles above the lowest, worked out anew from the bundles below and compared with what is published.

Invariant: it holds one open row a level, never more.
"""

from collections.abc import Callable

from services.audit.checking.sources import Source, SourceError
from shared.tlog import layout, merkle
from shared.tlog.layout import TileId
from shared.tlog.merkle import TILE_HEIGHT, TILE_WIDTH


class UpperTiles:
    def __init__(self, source: Source, size: int, fault: Callable[[int | None, str], None]) -> None:
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
