"""Which records have left the store for a sealed file, as the store itself keeps it: found by all, written by whoever drops them.

Invariant: what has left is a beginning of the trail, without a hole; proofs, numbering and the search for the end go on as before.
"""

from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

from services.audit.retention.sealed_range import InSealedFile
from services.audit.store.calls import QUERY_MS, Doc, asked
from shared.facts import Frozen

SEALED_RANGES = "sealed_ranges"
LIMIT = 10_000


class Dropped(Frozen):
    """Records [start, end) are no longer here, but for the last one of each case and what was done with the record itself."""

    start: int
    end: int
    manifest: str
    """Its digest: which sealed file."""
    fact: int
    """The record that says so."""
    nobody: int
    """The number of the last record about no case among them: numbering goes on from there."""
    last_at: str
    """Broker time of the last of them."""
    at: str


class SealedRanges:
    def __init__(self, database: AsyncIOMotorDatabase[Doc]) -> None:
        self.collection: AsyncIOMotorCollection[Doc] = database[SEALED_RANGES]

    async def all(self) -> list[Dropped]:
        docs: list[Doc] = await asked(self.collection.find({}, max_time_ms=QUERY_MS).to_list(LIMIT))
        found = [Dropped(start=doc["_id"], **{name: held for name, held in doc.items() if name != "_id"}) for doc in docs]
        return sorted(found, key=lambda one: one.start)

    async def of(self, index: int) -> Dropped | None:
        """The range a record has left with. Asked only where a record is not there."""
        return next((one for one in await self.all() if one.start <= index < one.end), None)

    async def end(self) -> int:
        """The first record that has not left."""
        return max((one.end for one in await self.all()), default=0)

    async def refuse(self, index: int) -> None:
        """Raises InSealedFile where this record has left."""
        if (gone := await self.of(index)) is not None:
            raise InSealedFile(gone.start, gone.end, gone.manifest)

    async def numbered_so_far(self) -> int:
        """Records about no case that have left."""
        return max((one.nobody for one in await self.all()), default=0)
