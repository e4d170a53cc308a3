"""The search index in the store: fields in `search` beside the entries, words in `search_texts` beside the
payloads.

Invariant: it inserts and finds. A tile that is there stays as it is; only an erasure removes tiles, and only
those of words.
"""

from collections.abc import Mapping, Sequence

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection

from services.audit.store.calls import Doc, find_among, insert

FIELD_TILES, WORD_TILES = "search", "search_texts"
_BYTES = 4_000_000
"""Written in one go at most: an insert of the sequencer never waits long behind it."""


class SearchStore:
    def __init__(self, client: AsyncIOMotorClient[Doc], trail: str, payloads: str) -> None:
        self._collections = {False: client[trail][FIELD_TILES], True: client[payloads][WORD_TILES]}

    @property
    def collections(self) -> tuple[AsyncIOMotorCollection[Doc], ...]:
        return tuple(self._collections.values())

    async def insert(self, tiles: Mapping[int, bytes], *, words: bool) -> None:
        docs: list[Doc] = []
        weight = 0
        for key, content in tiles.items():
            docs.append({"_id": key, "tile": content})
            weight += len(content)
            if weight > _BYTES:
                await insert(self._collections[words], docs, ordered=False)
                docs, weight = [], 0
        await insert(self._collections[words], docs, ordered=False)

    async def find(self, keys: Sequence[int], *, words: bool) -> dict[int, bytes]:
        docs = await find_among(self._collections[words], "_id", keys)
        return {doc["_id"]: bytes(doc["tile"]) for doc in docs}

    async def stored_keys(self, keys: Sequence[int], *, words: bool) -> set[int]:
        """Which of these tiles are there."""
        return {doc["_id"] for doc in await find_among(self._collections[words], "_id", keys, {"_id": 1})}
