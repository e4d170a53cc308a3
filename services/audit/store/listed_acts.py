"""The list of the records that are about the record itself: redactions and holds.

Invariant: it inserts and finds. An index is listed before its record is written.
"""

from collections.abc import Sequence

from motor.motor_asyncio import AsyncIOMotorCollection

from services.audit.store.calls import QUERY_MS, Doc, answer_of, insert


class ListedActs:
    def __init__(self, collection: AsyncIOMotorCollection[Doc]) -> None:
        self.collection = collection

    async def insert(self, indexes: Sequence[int]) -> None:
        """Which records are about the record itself (redactions, holds), told before they are written: where
        the order of facts stands, whoever comes after a crash writes the same.
        """
        await insert(self.collection, [{"_id": index} for index in indexes], ordered=False)

    async def since(self, first: int) -> list[int]:
        """The indexes of the records about the record itself, from `first` on, in order."""
        docs: list[Doc] = await answer_of(
            self.collection.find({"_id": {"$gte": first}}, max_time_ms=QUERY_MS).to_list(None)
        )
        return sorted(doc["_id"] for doc in docs)
