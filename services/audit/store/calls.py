"""How the store is asked: its errors in our words, and what a refused insert means. Shared by the files that know the driver."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

Doc = dict[str, Any]
QUERY_MS = 5_000
_DUPLICATE = 11000


class StoreError(RuntimeError):
    """The store did not answer or refused; nothing is known of what it did. Try again after reading the head anew."""


class TakenError(RuntimeError):
    """Another one holds this key already."""


def client(url: str, name: str, *, connections: int, answer_ms: int = 20_000) -> AsyncIOMotorClient[Doc]:
    """A connection under which what was written is on disk of a majority (w=majority, j=true: either alone lost acknowledged writes).
    `name`: how the store's own log knows it."""
    return AsyncIOMotorClient(
        url,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        retryWrites=True,
        serverSelectionTimeoutMS=3_000,
        connectTimeoutMS=3_000,
        socketTimeoutMS=answer_ms,
        appname=name,
        maxPoolSize=connections,
    )


async def asked(operation: Awaitable[Any]) -> Any:
    try:
        return await operation
    except PyMongoError as error:
        raise StoreError(f"the store: {error}") from error


KEYS_AT_ONCE = 64
"""The embedded store takes time by the square of the number of keys in one question (measured: 64 in 7 ms, 1,000 in 800)."""


async def find_among(
    collection: AsyncIOMotorCollection[Doc], name: str, values: Sequence[Any], projection: Mapping[str, Any] | None = None
) -> list[Doc]:
    """The documents whose `name` is one of `values`, some keys at a time."""
    found: list[Doc] = []
    for at in range(0, len(values), KEYS_AT_ONCE):
        query = {name: {"$in": list(values[at : at + KEYS_AT_ONCE])}}
        found += await asked(collection.find(query, projection, max_time_ms=QUERY_MS).to_list(None))
    return found


async def insert(collection: AsyncIOMotorCollection[Doc], docs: list[Doc], *, ordered: bool) -> list[Any]:
    """Returns the ids that were taken before."""
    if not docs:
        return []
    try:
        await collection.insert_many(docs, ordered=ordered)
    except BulkWriteError as error:
        faults: list[Doc] = error.details["writeErrors"]
        if not faults or any(fault["code"] != _DUPLICATE for fault in faults):
            raise StoreError(f"the store refused: {faults[:1]}") from error
        return [docs[fault["index"]]["_id"] for fault in faults]
    except DuplicateKeyError:
        return [docs[0]["_id"]]
    except PyMongoError as error:
        raise StoreError(f"the store: {error}") from error
    return []
