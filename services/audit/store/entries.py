"""The entries in the store: one document a record, found by its index, its sequence or its place in a case.

Invariant: it inserts and finds; it has no way to change or delete. An index is taken once for ever.
"""

import asyncio
from collections.abc import Sequence

from motor.motor_asyncio import AsyncIOMotorCollection

from services.audit.records.stored import StoredRecord
from services.audit.store.calls import (
    LONG_SECONDS,
    QUERY_MS,
    Doc,
    TakenError,
    answer_of,
    exists,
    find_among,
    gallop,
    insert,
)
from services.audit.store.schemas import ENTRY_INDEXES

STREAM = "FACTS"
"""Record `index` is message `index + 1` of it."""
_REPLY = 2_048
"""Records of one answer of the store: its first hundred are not sent alone, and a long window never fills a
message.
"""


class Entries:
    def __init__(self, collection: AsyncIOMotorCollection[Doc]) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        existing = [
            [tuple(key) for key in index["key"]]
            for index in (await answer_of(self.collection.index_information())).values()
        ]
        for keys, unique in ENTRY_INDEXES:
            if list(keys) not in existing:
                await answer_of(self.collection.create_index(list(keys), unique=unique), LONG_SECONDS)

    async def insert(self, entries: Sequence[StoredRecord]) -> None:
        """In order, so that a crash in the middle leaves a beginning of them. Raises TakenError where another
        writer was faster.
        """
        docs = [{"_id": e.index, "rec": e.rec, "leaf": e.leaf, **e.fields} for e in entries]
        if taken := await insert(self.collection, docs, ordered=True):
            raise TakenError(f"record {taken[0]} was written by another sequencer")

    async def size(self, at_least: int = 0) -> int:
        """How many records there are. `at_least`: that many are there for certain."""
        return await gallop(lambda index: exists(self.collection, index), at_least)

    async def at(self, index: int) -> StoredRecord | None:
        doc = await answer_of(self.collection.find_one({"_id": index}, max_time_ms=QUERY_MS))
        return _stored(doc) if doc else None

    async def between(self, start: int, end: int) -> list[StoredRecord]:
        """[start, end) in order of index."""
        reply = max(2, min(end - start + 1, _REPLY))
        cursor = self.collection.find(_window(start, end), batch_size=reply, max_time_ms=QUERY_MS)
        return _in_order(await answer_of(cursor.to_list(None)))

    async def some(self, indexes: Sequence[int]) -> list[StoredRecord]:
        """Those of these records that are there, in order of index."""
        return _in_order(await find_among(self.collection, "_id", indexes))

    async def times_at(self, indexes: Sequence[int]) -> dict[int, str]:
        """When the broker stored these records, of those that are there."""
        return {
            doc["_id"]: doc["time"] for doc in await find_among(self.collection, "_id", indexes, {"time": 1})
        }

    async def leaves(self, start: int, end: int) -> list[bytes]:
        cursor = self.collection.find(_window(start, end), {"leaf": 1}, max_time_ms=QUERY_MS)
        docs: list[Doc] = await answer_of(cursor.to_list(None))
        return [bytes(doc["leaf"]) for doc in sorted(docs, key=lambda doc: doc["_id"])]

    async def in_case(self, case: str, number: int) -> StoredRecord | None:
        doc = await answer_of(
            self.collection.find_one({"case": case, "number": number}, max_time_ms=QUERY_MS)
        )
        return _stored(doc) if doc else None

    async def lasts_of(self, cases: Sequence[str]) -> dict[str, StoredRecord]:
        """The last record of each of these cases that has one: one question for all, as most are new and have
        none.
        """
        lasts: dict[str, int] = {}
        for doc in await find_among(self.collection, "case", cases, {"case": 1}):
            lasts[doc["case"]] = max(doc["_id"], lasts.get(doc["case"], 0))
        entries = await asyncio.gather(*(self.at(index) for index in lasts.values()))
        return {case: entry for case, entry in zip(lasts, entries, strict=True) if entry is not None}

    async def last_of(self, case: str) -> StoredRecord | None:
        """The same of one that may have very many."""

        async def exists(position: int) -> bool:
            return await self.in_case(case, position + 1) is not None

        return await self.in_case(case, await gallop(exists, 0))

    async def of_case(self, case: str, start: int, end: int) -> list[StoredRecord]:
        """Records number `start` to `end` (exclusive) of a case, in order."""
        cursor = self.collection.find(
            {"case": case, "number": {"$gte": start, "$lt": end}}, max_time_ms=QUERY_MS
        )
        return _in_order(await answer_of(cursor.to_list(None)))


def _window(start: int, end: int) -> Doc:
    """Records [start, end): by sequence, which has an index of its own (a range over `_id` scans on the
    embedded store).
    """
    return {"stream": STREAM, "sequence": {"$gte": start + 1, "$lt": end + 1}}


def _stored(doc: Doc) -> StoredRecord:
    """Uses up the document: what is left of it are the fields."""
    index, rec, leaf = doc.pop("_id"), doc.pop("rec"), doc.pop("leaf")
    return StoredRecord(index, bytes(rec), bytes(leaf), doc)


def _in_order(docs: list[Doc]) -> list[StoredRecord]:
    return sorted((_stored(doc) for doc in docs), key=lambda entry: entry.index)
