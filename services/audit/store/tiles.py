"""The full tiles of the tree in the store, each with the root of its hashes.

Invariant: it inserts and finds. A tile that is there already is left: it is the same one, or `verify` says so.
"""

from collections.abc import Sequence

from motor.motor_asyncio import AsyncIOMotorCollection

from services.audit.store.calls import QUERY_MS, Doc, answer_of, exists, find_among, gallop, insert
from shared.tlog.merkle import Tile

_LEVEL_SHIFT = 40


class Tiles:
    def __init__(self, collection: AsyncIOMotorCollection[Doc]) -> None:
        self.collection = collection

    async def insert(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """(tile, its root)."""
        docs = [
            {
                "_id": _tile_key(tile.level, tile.number),
                "level": tile.level,
                "hashes": b"".join(tile.hashes),
                "root": root,
            }
            for tile, root in tiles
        ]
        await insert(self.collection, docs, ordered=False)

    async def hashes(self, level: int, number: int) -> bytes | None:
        """The hashes of a full tile, one after the other; None where it is not stored (yet)."""
        doc = await answer_of(
            self.collection.find_one({"_id": _tile_key(level, number)}, {"hashes": 1}, max_time_ms=QUERY_MS)
        )
        return bytes(doc["hashes"]) if doc else None

    async def count(self, level: int, at_least: int = 0) -> int:
        return await gallop(lambda number: exists(self.collection, _tile_key(level, number)), at_least)

    async def roots(self, level: int, start: int, end: int) -> list[bytes]:
        """The roots of the full tiles [start, end) of a level: the hashes of a tile one level up."""
        keys = [_tile_key(level, number) for number in range(start, end)]
        docs = await find_among(self.collection, "_id", keys, {"root": 1})
        return [bytes(doc["root"]) for doc in sorted(docs, key=lambda doc: doc["_id"])]


def _tile_key(level: int, number: int) -> int:
    return level << _LEVEL_SHIFT | number
