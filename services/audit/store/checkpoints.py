"""The signed checkpoints in the store, numbered from 0 without a gap.

Invariant: it inserts and finds; a number is taken once for ever.
"""

from motor.motor_asyncio import AsyncIOMotorCollection

from services.audit.records.stored import SignedCheckpoint
from services.audit.store.calls import (
    QUERY_MS,
    Doc,
    TakenError,
    answer_of,
    exists,
    find_among,
    gallop,
    insert,
)


class Checkpoints:
    def __init__(self, collection: AsyncIOMotorCollection[Doc]) -> None:
        self.collection = collection

    async def insert(self, signed: SignedCheckpoint) -> None:
        doc = {
            "_id": signed.number,
            "size": signed.size,
            "root": signed.root,
            "time": signed.time,
            "note": signed.note,
        }
        if await insert(self.collection, [doc], ordered=True):
            raise TakenError(f"checkpoint {signed.number} was signed by another sequencer")

    async def at(self, number: int) -> SignedCheckpoint | None:
        doc = await answer_of(self.collection.find_one({"_id": number}, max_time_ms=QUERY_MS))
        return _signed(doc) if doc else None

    async def between(self, start: int, end: int) -> list[SignedCheckpoint]:
        docs = await find_among(self.collection, "_id", range(start, end))
        return [_signed(doc) for doc in sorted(docs, key=lambda doc: doc["_id"])]

    async def count(self, at_least: int = 0) -> int:
        return await gallop(lambda number: exists(self.collection, number), at_least)


def _signed(doc: Doc) -> SignedCheckpoint:
    return SignedCheckpoint(doc["_id"], doc["size"], bytes(doc["root"]), doc["time"], doc["note"])
