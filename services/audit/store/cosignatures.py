"""The cosignatures that witnesses gave to our checkpoints, as the store keeps them, and which checkpoint
counts as sealed.

Invariant: insert-only, numbered without a gap over all witnesses; a line counts for the seal only after its
signature was checked, where the witnesses are known.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

from services.audit.store.calls import Doc, TakenError, exists, find_among, gallop, insert
from services.audit.store.checkpoints import Checkpoints
from shared.tlog import note
from shared.tlog.cosignature import Witness
from shared.tlog.note import NoteError

COSIGNATURES = "cosignatures"
_RECENT = 256


@dataclass(frozen=True)
class Cosignature:
    checkpoint: int
    """Its number."""
    size: int
    key: str
    """The witness: `<name>+<hash>`."""
    time: int
    line: str


class CosignatureStore:
    def __init__(self, database: AsyncIOMotorDatabase[Doc]) -> None:
        self.collection: AsyncIOMotorCollection[Doc] = database[COSIGNATURES]

    async def count(self, at_least: int) -> int:
        return await gallop(lambda number: exists(self.collection, number), at_least)

    async def read(self, start: int, end: int) -> list[Cosignature]:
        docs = sorted(await find_among(self.collection, "_id", range(start, end)), key=lambda doc: doc["_id"])
        return [
            Cosignature(doc["checkpoint"], doc["size"], doc["key"], doc["time"], doc["line"]) for doc in docs
        ]

    async def insert(self, number: int, cosignature: Cosignature) -> None:
        """Raises TakenError."""
        if await insert(self.collection, [{"_id": number, **vars(cosignature)}], ordered=True):
            raise TakenError(f"cosignature {number} is there already")


class Cosigned:
    """`witnesses`: those whose lines count; empty: any line is passed on, as whoever reads it checks it
    anyway.
    """

    def __init__(
        self,
        store: CosignatureStore,
        checkpoints: Checkpoints,
        witnesses: Sequence[Witness] = (),
        quorum: int = 1,
        *,
        is_writer: bool = False,
    ) -> None:
        """`is_writer`: nobody else adds to the store, so it is read once."""
        self.witnesses, self.quorum = {witness.id: witness for witness in witnesses}, quorum
        self._store, self._checkpoints = store, checkpoints
        self._count = -1
        self._is_writer, self._is_read = is_writer, False
        self._adding = asyncio.Lock()
        self._recent: OrderedDict[int, dict[str, Cosignature]] = OrderedDict()

    async def lines(self, number: int) -> list[str]:
        """The cosignature lines of a checkpoint, if it is one of the last some hundred."""
        await self._refresh()
        return [cosignature.line for cosignature in self._recent.get(number, {}).values()]

    async def last_of(self, key: str) -> Cosignature | None:
        await self._refresh()
        return next((by_key[key] for by_key in reversed(self._recent.values()) if key in by_key), None)

    async def sealed(self, quorum: int | None = None) -> Cosignature | None:
        """Of the newest checkpoint that a quorum cosigned: one of its cosignatures."""
        await self._refresh()
        wanted = quorum or self.quorum
        newest = max(
            (number for number, by_key in self._recent.items() if len(by_key) >= wanted), default=None
        )
        return None if newest is None else next(iter(self._recent[newest].values()))

    async def add(self, cosignature: Cosignature) -> None:
        async with self._adding:
            while True:
                await self._refresh()
                number = self._count
                try:
                    await self._store.insert(number, cosignature)
                    break
                except TakenError:
                    # Our own, whose answer was lost, or another writer's.
                    self._is_read = False
            self._count = max(self._count, number + 1)
            self._take(cosignature)

    async def _refresh(self) -> None:
        if self._is_read:
            return
        known = max(self._count, 0)
        count = await self._store.count(known)
        for cosignature in await self._store.read(max(known, count - _RECENT), count):
            if await self._holds(cosignature):
                self._take(cosignature)
        self._count, self._is_read = max(self._count, count), self._is_writer

    async def _holds(self, cosignature: Cosignature) -> bool:
        if not self.witnesses:
            return True
        witness, text = self.witnesses.get(cosignature.key), await self._text_of(cosignature.checkpoint)
        if witness is None or text is None:
            return False
        try:
            signed = note.parse(f"{text}\n{cosignature.line}".encode())
            return all(
                witness.signed(line) and witness.time_of(line, text) == cosignature.time
                for line in signed.signatures
            )
        except NoteError:
            return False

    async def _text_of(self, number: int) -> str | None:
        signed = await self._checkpoints.at(number)
        return note.parse(signed.note.encode()).text if signed else None

    def _take(self, cosignature: Cosignature) -> None:
        self._recent.setdefault(cosignature.checkpoint, {})[cosignature.key] = cosignature
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
