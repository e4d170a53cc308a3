"""How the store is asked: its errors in our words, and what a refused insert means. Shared by the files that
know the driver.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from shared.message import N_
from shared.unavailable import UnavailableError

Doc = dict[str, Any]
QUERY_MS = 5_000
ANSWER_SECONDS = 10.0
"""For a question that the store itself ends after QUERY_MS."""
LONG_SECONDS = 60.0
"""For what changes many documents, or builds an index."""
_DUPLICATE = 11000


class StoreError(UnavailableError):
    """The store did not answer or refused; nothing is known of what it did. Try again after reading the head
    anew.
    """

    title = N_("The store does not answer")
    advice = N_("The trail itself is safe where it is stored. Wait a moment and try again.")


class TakenError(RuntimeError):
    """Another one holds this key already."""


def client(url: str, name: str, *, connections: int, answer_ms: int = 20_000) -> AsyncIOMotorClient[Doc]:
    """A connection under which what was written is on disk of a majority (w=majority, j=true: either alone
    lost acknowledged writes).
    `name`: how the store's own log knows it.
    """
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


async def answer_of(operation: Awaitable[Any], seconds: float = ANSWER_SECONDS) -> Any:
    """Raises StoreError. A frozen store answers nothing, and the driver would ask it twice, each time as long
    as a large write may take.
    """
    try:
        async with asyncio.timeout(seconds):
            return await operation
    except TimeoutError as error:
        raise StoreError(f"the store did not answer in {seconds:g} s") from error
    except PyMongoError as error:
        raise StoreError(f"the store: {error}") from error


KEYS_AT_ONCE = 64
"""The embedded store takes time by the square of the number of keys in one question (measured: 64 in 7 ms,
1,000 in 800).
"""


async def find_among(
    collection: AsyncIOMotorCollection[Doc],
    name: str,
    values: Sequence[Any],
    projection: Mapping[str, Any] | None = None,
) -> list[Doc]:
    """The documents whose `name` is one of `values`, some keys at a time."""
    docs: list[Doc] = []
    for at in range(0, len(values), KEYS_AT_ONCE):
        query = {name: {"$in": list(values[at : at + KEYS_AT_ONCE])}}
        docs += await answer_of(collection.find(query, projection, max_time_ms=QUERY_MS).to_list(None))
    return docs


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


async def gallop(exists: Callable[[int], Awaitable[bool]], at_least: int = 0) -> int:
    """How many there are of things numbered without a gap, not fewer than `at_least`: reads of single keys, never a
    sort.
    """
    low, step = at_least, 1
    while await exists(low + step - 1):
        low, step = low + step, step * 2
    high = low + step - 1
    while low < high:
        middle = (low + high) // 2
        if await exists(middle):
            low = middle + 1
        else:
            high = middle
    return low


async def exists(collection: AsyncIOMotorCollection[Doc], key: int) -> bool:
    return await answer_of(collection.find_one({"_id": key}, {"_id": 1}, max_time_ms=QUERY_MS)) is not None
