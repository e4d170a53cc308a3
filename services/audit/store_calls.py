"""How the store is asked: its errors in our words, and what a refused insert means. Shared by the files that know the driver."""

from collections.abc import Awaitable
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

Doc = dict[str, Any]
QUERY_MS = 5_000
_DUPLICATE = 11000


class StoreError(RuntimeError):
    """The store did not answer or refused; nothing is known of what it did. Try again after reading the head anew."""


class TakenError(RuntimeError):
    """Another one holds this key already."""


async def asked(operation: Awaitable[Any]) -> Any:
    try:
        return await operation
    except PyMongoError as error:
        raise StoreError(f"the store: {error}") from error


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
