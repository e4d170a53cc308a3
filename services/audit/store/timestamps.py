"""Time stamps in the store: found and inserted, never changed."""

from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

from services.audit.records.timestamp import Stamp
from services.audit.store.calls import QUERY_MS, Doc, answer_of, insert

TIMESTAMPS = "timestamps"


class TimestampStore:
    def __init__(self, database: AsyncIOMotorDatabase[Doc]) -> None:
        self.collection: AsyncIOMotorCollection[Doc] = database[TIMESTAMPS]

    async def keep(self, stamp: Stamp) -> None:
        """One for a checkpoint: the first stays."""
        doc = stamp.model_dump()
        number = doc.pop("number")
        token = bytes.fromhex(stamp.token) if stamp.token is not None else None
        await insert(self.collection, [{**doc, "_id": number, "token": token}], ordered=True)

    async def between(self, start: int, end: int) -> list[Stamp]:
        """Those of checkpoints [start, end), the oldest first."""
        cursor = self.collection.find({"_id": {"$gte": start, "$lt": end}}, max_time_ms=QUERY_MS)
        docs: list[Doc] = await answer_of(cursor.to_list(None))
        return [_stamp(doc) for doc in sorted(docs, key=lambda doc: doc["_id"])]


def _stamp(doc: Doc) -> Stamp:
    token = bytes(doc["token"]).hex() if doc["token"] is not None else None
    return Stamp(
        number=doc["_id"], size=doc["size"], note=doc["note"], sm3=doc["sm3"], token=token, at=doc["at"]
    )
