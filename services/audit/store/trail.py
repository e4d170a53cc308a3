"""The trail in MongoDB: the only file that knows the driver. It inserts and finds; it has no way to change or
delete.

Invariant: what `insert_*` returned from is on disk of a majority (w=majority, j=true), and a key is taken
once for ever. Personal data lies in a database of its own (`fenghuo_payloads`), the one place where a
redactor's role may erase.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import CollectionInvalid, OperationFailure

from services.audit.records import record
from services.audit.records.actors import Author
from services.audit.records.payloads import Payload
from services.audit.records.stored import Signed, Stored
from services.audit.store.calls import (
    LONG_SECONDS,
    QUERY_MS,
    Doc,
    StoreError,
    TakenError,
    client,
    find_among,
    gallop,
)
from services.audit.store.calls import asked as _asked
from services.audit.store.calls import insert as _insert
from services.audit.store.cosignatures import CosignatureStore
from services.audit.store.payload_store import PayloadStore
from services.audit.store.schemas import ENTRY_INDEXES, VALIDATORS
from services.audit.store.search_index import SearchStore
from services.audit.store.timestamps import TimestampStore
from shared.tlog.merkle import Tile

STREAM = "FACTS"
"""Record `index` is message `index + 1` of it."""
TRAIL_DATABASE = "fenghuo_trail"
PAYLOAD_DATABASE = "fenghuo_payloads"
EMBEDDED_SET = "secantus"
_LEVEL_SHIFT = 40
_REPLY = 2_048
"""Records of one answer of the store: its first hundred are not sent alone, and a long window never fills a
message.
"""


@dataclass(frozen=True)
class Server:
    """Which server keeps the trail."""

    name: str
    embedded: bool


def database_of(name: str, number: int) -> str:
    """Each trail of an installation has databases of its own; those of the first bear the name alone."""
    return name if number == 1 else f"{name}_{number}"


class Trail:
    def __init__(self, url: str, number: int = 1) -> None:
        """`number`: which of the installation's trails, counted from 1 (writing/succession.py)."""
        self._client = client(url, "fenghuo-audit", connections=10)
        trail_name, payload_name = database_of(TRAIL_DATABASE, number), database_of(PAYLOAD_DATABASE, number)
        database = self._client[trail_name]
        self._entries = database["entries"]
        self._tiles = database["tiles"]
        self._checkpoints = database["checkpoints"]
        self._keeping = database["keeping"]
        self._payloads = PayloadStore(self._client[payload_name])
        self.search = SearchStore(self._client, trail_name, payload_name)
        self.timestamps = TimestampStore(database)
        self.cosignatures = CosignatureStore(database)

    def close(self) -> None:
        self._client.close()

    async def ping(self) -> None:
        await _asked(self._client.admin.command("ping"))

    async def server(self) -> Server:
        hello: Doc = await _asked(self._client.admin.command("hello"))
        build: Doc = await _asked(self._client.admin.command("buildInfo"))
        name = hello.get("setName")
        if name == EMBEDDED_SET:
            return Server(
                "secantus (embedded: for evaluation and development, not for retained records)", True
            )
        return Server(
            f"MongoDB {build.get('version')}" + (f", replica set {name}" if name else ", standalone"), False
        )

    async def prepare(self) -> None:
        """Collections with their validators, and indexes; what exists is left as it is, and asks for no right
        to make it.
        """
        own = (self._entries, self._tiles, self._checkpoints, self._keeping)
        signed = (self.timestamps.collection, self.cosignatures.collection)
        for collection in (*own, *signed, *self._payloads.collections, *self.search.collections):
            if collection.name in await _asked(collection.database.list_collection_names()):
                continue
            try:
                await _asked(
                    collection.database.create_collection(
                        collection.name, validator={"$jsonSchema": VALIDATORS[collection.name]}
                    ),
                    LONG_SECONDS,
                )
            except StoreError as error:
                if not _exists_already(error.__cause__):
                    raise
        known = [
            [tuple(key) for key in index["key"]]
            for index in (await _asked(self._entries.index_information())).values()
        ]
        for keys, unique in ENTRY_INDEXES:
            if list(keys) not in known:
                await _asked(self._entries.create_index(list(keys), unique=unique), LONG_SECONDS)
        await self._payloads.prepare()

    async def _names(self, database: str) -> list[str]:
        return await _asked(self._client[database].list_collection_names())

    # --- insert
    # ---------------------------------------------------------------------------------------------------------

    async def insert_payloads(self, payloads: Sequence[Payload]) -> list[int]:
        """Sorted by index. Returns the indexes that were not stored because payloads lie there already:
        compare them, their raw bytes must be the same, and take their salts.
        """
        return await self._payloads.insert(payloads)

    async def make_authors(self, principals: Iterable[str]) -> dict[str, Author]:
        """The authors of these principals; who has none yet is given one."""
        return await self._payloads.make_authors(principals)

    async def insert_keeping(self, indexes: Sequence[int]) -> None:
        """Which records are about the record itself (redactions, holds), told before they are written: where
        the order of facts stands, whoever comes after a crash writes the same.
        """
        await _insert(self._keeping, [{"_id": index} for index in indexes], ordered=False)

    async def insert_entries(self, entries: Sequence[Stored]) -> None:
        """In order, so that a crash in the middle leaves a beginning of them. Raises TakenError where another
        writer was faster.
        """
        docs = [{"_id": e.index, "rec": e.rec, "leaf": e.leaf, **e.fields} for e in entries]
        if taken := await _insert(self._entries, docs, ordered=True):
            raise TakenError(f"record {taken[0]} was written by another sequencer")

    async def insert_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """(tile, its root). A tile that is there already is left: it is the same one, or `verify` says so."""
        docs = [
            {
                "_id": _tile_key(tile.level, tile.number),
                "level": tile.level,
                "hashes": b"".join(tile.hashes),
                "root": root,
            }
            for tile, root in tiles
        ]
        await _insert(self._tiles, docs, ordered=False)

    async def insert_checkpoint(self, signed: Signed) -> None:
        doc = {
            "_id": signed.number,
            "size": signed.size,
            "root": signed.root,
            "time": signed.time,
            "note": signed.note,
        }
        if await _insert(self._checkpoints, [doc], ordered=True):
            raise TakenError(f"checkpoint {signed.number} was signed by another sequencer")

    # --- find
    # -----------------------------------------------------------------------------------------------------------

    async def size(self, known: int = 0) -> int:
        """How many records there are. `known`: that many are there for certain."""
        return await gallop(lambda index: _exists(self._entries, index), known)

    async def entry(self, index: int) -> Stored | None:
        doc = await _asked(self._entries.find_one({"_id": index}, max_time_ms=QUERY_MS))
        return _stored(doc) if doc else None

    async def entries(self, start: int, end: int, also: Mapping[str, Any] | None = None) -> list[Stored]:
        """[start, end) in order of index, those that also match `also`."""
        reply = max(2, min(end - start + 1, _REPLY))
        cursor = self._entries.find(
            {**(also or {}), **_window(start, end)}, batch_size=reply, max_time_ms=QUERY_MS
        )
        return sorted(
            (_stored(doc) for doc in await _asked(cursor.to_list(None))), key=lambda entry: entry.index
        )

    async def entries_at(self, indexes: Sequence[int]) -> list[Stored]:
        """Those of these records that are there, in order of index."""
        return sorted(
            (_stored(doc) for doc in await find_among(self._entries, "_id", indexes)),
            key=lambda entry: entry.index,
        )

    async def times_at(self, indexes: Sequence[int]) -> dict[int, str]:
        """When the broker stored these records, of those that are there."""
        return {
            doc["_id"]: doc["time"] for doc in await find_among(self._entries, "_id", indexes, {"time": 1})
        }

    async def keeping(self, since: int) -> list[int]:
        """The indexes of the records about the record itself, from `since` on, in order."""
        docs: list[Doc] = await _asked(
            self._keeping.find({"_id": {"$gte": since}}, max_time_ms=QUERY_MS).to_list(None)
        )
        return sorted(doc["_id"] for doc in docs)

    async def leaves(self, start: int, end: int) -> list[bytes]:
        cursor = self._entries.find(_window(start, end), {"leaf": 1}, max_time_ms=QUERY_MS)
        docs: list[Doc] = await _asked(cursor.to_list(None))
        return [bytes(doc["leaf"]) for doc in sorted(docs, key=_by_id)]

    async def in_case(self, case: str, number: int) -> Stored | None:
        doc = await _asked(self._entries.find_one({"case": case, "number": number}, max_time_ms=QUERY_MS))
        return _stored(doc) if doc else None

    async def lasts_of(self, cases: Sequence[str]) -> dict[str, Stored]:
        """The last record of each of these cases that has one: one question for all, as most are new and have
        none.
        """
        lasts: dict[str, int] = {}
        for doc in await find_among(self._entries, "case", cases, {"case": 1}):
            lasts[doc["case"]] = max(doc["_id"], lasts.get(doc["case"], 0))
        entries = await asyncio.gather(*(self.entry(index) for index in lasts.values()))
        return {case: entry for case, entry in zip(lasts, entries, strict=True) if entry is not None}

    async def last_of(self, case: str) -> Stored | None:
        """The same of one that may have very many."""

        async def exists(position: int) -> bool:
            return await self.in_case(case, position + 1) is not None

        return await self.in_case(case, await gallop(exists, 0))

    async def of_case(self, case: str, start: int, end: int) -> list[Stored]:
        """Records number `start` to `end` (exclusive) of a case, in order."""
        cursor = self._entries.find(
            {"case": case, "number": {"$gte": start, "$lt": end}}, max_time_ms=QUERY_MS
        )
        return sorted(
            (_stored(doc) for doc in await _asked(cursor.to_list(None))), key=lambda entry: entry.index
        )

    async def payloads(self, indexes: Sequence[int]) -> dict[int, Payload]:
        """Those that are there, whole or what an erasure left, with their authors' salts."""
        return await self._with_authors(await self._one_each(indexes))

    async def _with_authors(self, found: dict[int, Payload]) -> dict[int, Payload]:
        authors = await self._payloads.authors(
            payload.actor for payload in found.values() if payload.actor is not None
        )
        return {
            index: payload.by(authors[payload.actor].salt)
            if payload.actor in authors and payload.actor_salt is None
            else payload
            for index, payload in found.items()
        }

    async def payloads_of(self, entries: Sequence[Stored]) -> dict[int, Payload]:
        """What is there of these records' payloads, each the one its record speaks of where that is there.
        Without authors' salts.
        """
        likely = await self._payloads.at_whole_chunks(entry.index for entry in entries)
        own = {
            entry.index: held
            for entry in entries
            if (held := likely.get(entry.index)) is not None and _fits(entry, held)
        }
        if others := [entry.index for entry in entries if entry.index not in own]:
            own |= await self._one_each(others)
        return own

    async def _one_each(self, indexes: Sequence[int]) -> dict[int, Payload]:
        """Where a crash or a lost race left two, the record says which is its own."""
        chosen: dict[int, Payload] = {}
        for index, found in (await self._payloads.find(indexes)).items():
            chosen[index] = found[0]
            if len(found) > 1 and (entry := await self.entry(index)) is not None:
                digest = record.Rec.read(entry.rec).digest
                fit = (
                    one
                    for one in found
                    if one.raw is not None and record.digest_of(one.salt, one.raw) == digest
                )
                chosen[index] = next(fit, found[0])
        return chosen

    async def texts(self, indexes: Sequence[int]) -> dict[int, str]:
        """The searched texts of those records that have one. Fetched by key: a pattern would scan, and one
        slow pattern stalls all.
        """
        return {
            index: payload.text for index, payload in (await self._one_each(indexes)).items() if payload.text
        }

    async def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a full tile, one after the other; None where it is not stored (yet)."""
        doc = await _asked(
            self._tiles.find_one({"_id": _tile_key(level, number)}, {"hashes": 1}, max_time_ms=QUERY_MS)
        )
        return bytes(doc["hashes"]) if doc else None

    async def tile_count(self, level: int, known: int = 0) -> int:
        return await gallop(lambda number: _exists(self._tiles, _tile_key(level, number)), known)

    async def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """The roots of the full tiles [start, end) of a level: the hashes of a tile one level up."""
        keys = [_tile_key(level, number) for number in range(start, end)]
        docs = await find_among(self._tiles, "_id", keys, {"root": 1})
        return [bytes(doc["root"]) for doc in sorted(docs, key=_by_id)]

    async def checkpoint(self, number: int) -> Signed | None:
        doc = await _asked(self._checkpoints.find_one({"_id": number}, max_time_ms=QUERY_MS))
        return _signed(doc) if doc else None

    async def checkpoints(self, start: int, end: int) -> list[Signed]:
        docs = await find_among(self._checkpoints, "_id", range(start, end))
        return [_signed(doc) for doc in sorted(docs, key=_by_id)]

    async def checkpoint_count(self, known: int = 0) -> int:
        return await gallop(lambda number: _exists(self._checkpoints, number), known)


def _tile_key(level: int, number: int) -> int:
    return level << _LEVEL_SHIFT | number


def _window(start: int, end: int) -> Doc:
    """Records [start, end): by sequence, which has an index of its own (a range over `_id` scans on the
    embedded store).
    """
    return {"stream": STREAM, "sequence": {"$gte": start + 1, "$lt": end + 1}}


def _by_id(doc: Doc) -> int:
    return doc["_id"]


def _stored(doc: Doc) -> Stored:
    """Uses up the document: what is left of it are the fields."""
    index, rec, leaf = doc.pop("_id"), doc.pop("rec"), doc.pop("leaf")
    return Stored(index, bytes(rec), bytes(leaf), doc)


def _signed(doc: Doc) -> Signed:
    return Signed(doc["_id"], doc["size"], bytes(doc["root"]), doc["time"], doc["note"])


async def _exists(collection: AsyncIOMotorCollection[Doc], key: int) -> bool:
    return await _asked(collection.find_one({"_id": key}, {"_id": 1}, max_time_ms=QUERY_MS)) is not None


def _fits(entry: Stored, payload: Payload) -> bool:
    try:
        digest = record.Rec.read(entry.rec).digest
    except record.RecordError:
        return False
    return digest is None if payload.raw is None else record.digest_of(payload.salt, payload.raw) == digest


def _exists_already(cause: BaseException | None) -> bool:
    return isinstance(cause, CollectionInvalid) or (isinstance(cause, OperationFailure) and cause.code == 48)
